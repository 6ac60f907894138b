/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each helper is: prototype, properties, who may call it. Expanded from spec/helpers.def
 * (prototypes), spec/helper_at.def (attach types) and spec/map_helpers.def (map types). Nothing
 * here says how a helper is implemented, or whether (helper/table.h does).
 *
 * The contract for whoever checks calls at run time (interp/guard): see struct helper_arg.
 */
#ifndef SKEP_SPEC_HELPER_H
#define SKEP_SPEC_HELPER_H

#include "base/types.h"
#include "spec/spec.h"

#define HELPER_ARGS 5
/* Names as programs and logs spell them: printf("bpf_%s", info->name). */
#define HELPER_PREFIX "bpf_"

/* HELPER_map_lookup_elem = 1 … */
enum helper_id {
	HELPER_unspec,
#define HELPER(value, name, ...) HELPER_##name = value,
#include "spec/helpers.def"
#undef HELPER
};

/* One more than the greatest id: the families' files do not follow the numbers. */
union helper_id_max {
#define HELPER(value, name, ...) char name[value + 1];
#include "spec/helpers.def"
#undef HELPER
};

#define HELPER_ID_END sizeof(union helper_id_max)

/* What a run-time check has to look at. */
enum arg_class {
	ARG_CLASS_ANY,	  /* no check */
	ARG_CLASS_MAP,	  /* must be a map of the program, of a type that helper_map_ok allows */
	ARG_CLASS_MEMORY, /* bytes: see helper_arg_memory */
	ARG_CLASS_SIZE,	  /* length of the MEM argument just before */
	ARG_CLASS_CTX,	  /* must equal run->ctx */
	ARG_CLASS_CODE,	  /* a function of the program that is a callback */
	ARG_CLASS_STRING, /* NUL-terminated within one read-only object */
	ARG_CLASS_RECORD, /* the first byte of a record that the program reserved in a ring */
	ARG_CLASS_OBJECT, /* kernel object: nothing of the kind exists here yet, so refused */
};

enum arg_kind {
#define ARG_KIND(id, class, text) ARG_KIND_##id,
#include "spec/argtypes.def"
#undef ARG_KIND
};

enum arg_flag {
	AF_READ = 1,	   /* the helper reads the memory: it must be initialised and readable */
	AF_WRITE = 2,	   /* the helper writes it */
	AF_UNINIT = 4,	   /* … fills it whole, so it need not be initialised */
	AF_OR_NULL = 8,	   /* argument or result may be NULL */
	AF_ALIGNED = 16,   /* memory of fixed size, naturally aligned */
	AF_RELEASE = 32,   /* the reference ends here */
	AF_LOCAL = 64,	   /* dynptr to the program's own memory */
	AF_RINGBUF = 128,  /* dynptr to a ring buffer record */
	AF_TRUSTED = 256,  /* result is a trusted pointer */
};

/* Kernel structs that prototypes name. */
enum helper_btf {
	HELPER_BTF_NONE,
	HELPER_BTF_ANY, /* what the kptr field says */
	HELPER_BTF_TASK,
	HELPER_BTF_PT_REGS,
	HELPER_BTF_PATH,
	HELPER_BTF_FILE,
	HELPER_BTF_INODE,
	HELPER_BTF_CGROUP,
	HELPER_BTF_LINUX_BINPRM,
	HELPER_BTF_SEQ_FILE,
	HELPER_BTF_SK_BUFF,
	HELPER_BTF_XDP_BUFF,
	HELPER_BTF_SOCKET,
	HELPER_BTF_SOCK_COMMON,
	HELPER_BTF_TCP_SOCK,
	HELPER_BTF_TCP6_SOCK,
	HELPER_BTF_TCP_TIMEWAIT_SOCK,
	HELPER_BTF_TCP_REQUEST_SOCK,
	HELPER_BTF_UDP6_SOCK,
	HELPER_BTF_UNIX_SOCK,
	HELPER_BTF_MPTCP_SOCK,
};

struct helper_arg {
	u8 kind;	/* enum arg_kind */
	u8 btf;		/* enum helper_btf */
	u16 flags;	/* enum arg_flag */
	u16 size_bytes; /* of memory whose size the row fixes, else 0 */
};

enum ret_kind {
	RET_KIND_INTEGER,
	RET_KIND_VOID, /* r0 is unreadable afterwards */
	RET_KIND_MAP_VALUE,
	RET_KIND_SOCKET,
	RET_KIND_TCP_SOCK,
	RET_KIND_SOCK_COMMON,
	RET_KIND_MEM,
	RET_KIND_RINGBUF_MEM, /* as many bytes as the ALLOC_SIZE argument says */
	RET_KIND_DYNPTR_MEM,
	RET_KIND_MEM_OR_BTF_ID, /* what the per-CPU variable is */
	RET_KIND_BTF_ID,
};

struct helper_ret {
	u8 kind; /* enum ret_kind */
	u8 btf;	 /* enum helper_btf */
	u16 flags; /* AF_OR_NULL, AF_READ (memory is read-only), AF_TRUSTED */
};

enum helper_prop {
	HP_GPL = 1,		 /* only for programs with a GPL-compatible licence */
	HP_PKT_ACCESS = 1 << 1,	 /* memory arguments may point into the packet */
	HP_MIGHT_SLEEP = 1 << 2, /* sleepable programs only */
	HP_FASTCALL = 1 << 3,	 /* keeps the registers that hold no argument */
	HP_CHANGES_PKT = 1 << 4, /* packet pointers are void afterwards */
	HP_ACQUIRES = 1 << 5,	 /* the result is a reference to be released */
	HP_ACQUIRES_SOCK = 1 << 6, /* … if the map holds sockets */
	HP_RELEASES = 1 << 7,	 /* takes a reference: the argument with AF_RELEASE */
	HP_PTR_CAST = 1 << 8,	 /* the result is the argument's object under another type */
	HP_DYNPTR_REF = 1 << 9,	 /* the result lives as long as the dynptr argument */
	HP_CALLS_SYNC = 1 << 10, /* runs its FUNC argument before it returns */
	HP_CALLS_ASYNC = 1 << 11, /* … later */
	HP_STORAGE_GET = 1 << 12, /* may allocate: sleepable programs may let it sleep */
	HP_TAIL_CALL = 1 << 13,	 /* engines do it themselves */
	HP_RET_SIZE = 1 << 14,	 /* the result is at most the SIZE argument, or an error */
	HP_LOCKS = 1 << 15,	 /* takes the lock of its SPIN_LOCK argument */
	HP_UNLOCKS = 1 << 16,	 /* releases it */
	HP_LOCKED_OK = 1 << 17,	 /* may be called while a lock is held */
	HP_MAP_KNOWN = 1 << 18,	 /* which map each call names is remembered (record_func_map) */
	HP_MAP_WRITES = 1 << 19, /* "write into map forbidden" where programs may only read */
	HP_CONST_KEY = 1 << 20,	 /* not NULL for a constant key of a MT_CONST_KEY map */
	HP_FLAGS_ZERO = 1 << 21, /* get_local_storage: r2 must be 0 */
	HP_FORMAT = 1 << 22,	 /* r3 is a format for the arguments in r4, r5 (snprintf) */
	HP_VALUE_ONLY = 1 << 23, /* r1 must lie in a map's value (dynptr_from_mem) */
	HP_DYNPTR_WRITES = 1 << 24, /* to a packet's dynptr: packet pointers are void afterwards */
	HP_RET_CPU = 1 << 25,	 /* the result is the number of a CPU */
	HP_LOOPS = 1 << 26,	 /* calls its function r1 times at most (bpf_loop) */
	HP_TIMER_INIT = 1 << 27, /* binds r1's timer to the map in r2 */
	HP_FUNC_IP = 1 << 28,	 /* only in programs with PT_FUNC_IP */
	HP_PROBE_RULES = 1 << 29, /* only in some kernel functions ("not allowed in probe") */
	HP_MAP_PEEKS = 1 << 30,	 /* reads its value argument on MT_PEEK_READS maps */
};

enum helper_rights { /* ascending; HELPER_UNPRIV is what everybody has */
	HELPER_UNPRIV,
	HELPER_BPF,	/* CAP_BPF */
	HELPER_PERFMON, /* CAP_BPF and CAP_PERFMON */
	HELPER_ADMIN,	/* CAP_SYS_ADMIN */
};

struct helper_info {
	u16 id; /* enum helper_id */
	u16 since; /* KERNEL(major, minor) */
	u8 rights; /* enum helper_rights */
	u32 props; /* enum helper_prop */
	const char *name; /* without "bpf_" */
	u64 prog_types;	  /* bit n: enum prog_type n */
	struct helper_ret ret;
	struct helper_arg args[HELPER_ARGS]; /* unused ones are ARG_KIND_NONE */
};

/* NULL when there is no such helper. */
const struct helper_info *helper_info(u32 id);

/*
 * The prototype that programs of @type get: some helpers take another first argument there (a BTF
 * pointer instead of the context…). Never NULL for args of an existing row.
 */
const struct helper_arg *helper_args(const struct helper_info *info, enum prog_type type);

/* True when programs of @type that name @attach_type as expected may call it, rights aside. */
bool helper_allowed(const struct helper_info *info, enum prog_type type, u32 attach_type);
enum helper_rights helper_rights(const struct helper_info *info, enum prog_type type);

/*
 * True when only programs on some of the kernel's functions may call it (fn->allowed): "helper call
 * is not allowed in probe" to all others, -EINVAL.
 */
bool helper_probe_rules(const struct helper_info *info, enum prog_type type);

/* True when the helper may work on maps of @type (check_map_func_compatibility). */
bool helper_map_ok(enum helper_id id, enum map_type type);
/* The same for all types at once: bit n is enum map_type n. */
u64 helper_map_types(enum helper_id id);

/*
 * Argument @n (0..4) as it is once the map is known: values of socket maps are sockets, a bloom
 * filter's peek reads (resolve_map_arg_type). 0, or -EINVAL: "invalid arg_type for
 * sockmap/sockhash".
 */
int helper_arg_on_map(const struct helper_info *info, const struct helper_arg *args, u32 n,
		      enum map_type type, struct helper_arg *ret_arg) must_check;

/* True when a call on a map of @type gives a reference (is_acquire_function). */
bool helper_acquires(const struct helper_info *info, enum map_type type);

/* What a function gets that a helper calls back, by argument. */
enum callback_arg_kind {
	CB_NONE,      /* not initialised */
	CB_CALLER,    /* what the helper's own argument `from` holds */
	CB_SCALAR,    /* any number */
	CB_MAP,	      /* the map whose value the helper's argument `from` points into */
	CB_MAP_KEY,   /* a key of the map that argument `from` is or points into */
	CB_MAP_VALUE, /* a value of it */
	CB_DYNPTR,    /* a local dynptr */
	CB_BTF,	      /* a kernel struct: the kernel's BTF is needed */
};

struct helper_callback {
	u16 helper; /* enum helper_id */
	s32 ret_min, ret_max; /* what it must return */
	struct callback_arg {
		u8 kind; /* enum callback_arg_kind */
		u8 from; /* argument of the helper: 1..5 */
	} args[HELPER_ARGS];
};

/* NULL for helpers without HP_CALLS_SYNC and HP_CALLS_ASYNC. */
const struct helper_callback *helper_callback(enum helper_id id);

enum arg_class arg_kind_class(enum arg_kind kind);
const char *arg_kind_text(enum arg_kind kind); /* "a key of the map" */

/* Sizes that decide how long an argument's memory is; the caller knows the map. */
struct helper_arg_sizes {
	u32 key_bytes, value_bytes; /* of the map argument, 0 without */
	u64 size_arg;		    /* the argument after @n: used when its kind is SIZE… */
};

/*
 * How many bytes argument @n (0..4) of class ARG_CLASS_MEMORY covers. 0 or
 * -EINVAL: the size is 0 where the row wants more, or does not fit 32 bits with its sign
 * (CVE-2024-35905). A NULL pointer is right when *@ret_null_ok (row says so, or size 0).
 */
int helper_arg_memory(const struct helper_arg *args, u32 n, const struct helper_arg_sizes *sizes,
		      u64 *ret_bytes, bool *ret_null_ok) must_check;

#endif
