/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What exists in the BPF system, as enums and tables expanded from the .def files of this room.
 * Every number of the UAPI stands in one of those files and nowhere else.
 */
#ifndef SKEP_SPEC_SPEC_H
#define SKEP_SPEC_SPEC_H

#include "base/types.h"

#define KERNEL(major, minor) ((major) << 8 | (minor)) /* a kernel version as a number */

#undef MAP_TYPE /* of sys/mman.h, which nobody here means */
enum map_type {
#define MAP_TYPE(id, value, ...) MAP_TYPE_##id = value,
#include "spec/maptypes.def"
#undef MAP_TYPE
};

enum prog_type {
#define PROG_TYPE(id, value, ...) PROG_TYPE_##id = value,
#include "spec/progtypes.def"
#undef PROG_TYPE
};

enum attach_type {
#define ATTACH_TYPE(id, value, ...) ATTACH_##id = value,
#include "spec/attach.def"
#undef ATTACH_TYPE
};

enum link_type {
#define LINK_TYPE(id, value, ...) LINK_TYPE_##id = value,
#include "spec/links.def"
#undef LINK_TYPE
};

enum bpf_command {
#define CMD(id, value, ...) CMD_##id = value,
#include "spec/cmds.def"
#undef CMD
};

/* How many bytes of attr a command knows: CMD_BYTES_MAP_CREATE = 92 … */
enum bpf_command_bytes {
#define CMD(id, value, bytes, since) CMD_BYTES_##id = bytes,
#include "spec/cmds.def"
#undef CMD
};

enum map_flag {
#define MAP_FLAG(id, value, ...) MAP_F_##id = value,
#define ELEM_FLAG(id, value)
#include "spec/flags.def"
#undef MAP_FLAG
#undef ELEM_FLAG
};

enum elem_flag {
#define MAP_FLAG(id, value, ...)
#define ELEM_FLAG(id, value) ELEM_##id = value,
#include "spec/flags.def"
#undef MAP_FLAG
#undef ELEM_FLAG
};

/* LIMIT_INSNS… of Linux 6.18. */
enum kernel_limit {
#define LIMIT(id, kernel, value, text) LIMIT_##id = value,
#include "spec/kernels.def"
#undef LIMIT
};

enum prog_flag {
#define PROG_FLAG(id, bit) PROG_FLAG_##id = 1 << (bit),
#include "spec/progflags.def"
#undef PROG_FLAG
};

enum prog_type_flag {
	PT_UNPRIV = 1,	  /* loads without any capability where the system allows it */
	PT_NET_ADMIN = 2, /* needs CAP_NET_ADMIN */
	PT_PERFMON = 4,	  /* needs CAP_PERFMON */
	PT_SLEEPABLE = 8, /* may be loaded with PROG_FLAG_SLEEPABLE */
	PT_SLEEPABLE_ONLY = 16, /* must be */
	PT_BTF_TARGET = 32, /* names what it attaches to by a BTF type id */
	/* For verification: */
	PT_KERNEL_BTF = 64, /* what it may do follows from the kernel's BTF alone */
	PT_TRACING = 128,   /* may run anywhere: no locks, timers, lists (is_tracing_prog_type) */
	PT_NO_LOCKS = 256,  /* no spin locks for another reason: socket filters */
	PT_LD_ABS = 512,    /* LD_ABS and LD_IND (may_access_skb) */
	PT_CTX_MEMORY = 1024, /* the context is what it seems: helpers may be given its memory */
	PT_PRIVATE_STACK = 2048, /* 6.18 may give its functions stacks of their own */
	PT_FUNC_IP = 4096, /* get_func_ip works */
};

struct prog_type_info {
	const char *name;
	const char *ctx; /* name of the UAPI's struct behind r1; "" when that depends */
	u32 since;
	u32 flags; /* enum prog_type_flag */
};

struct bpf_command_info {
	const char *name; /* "BPF_MAP_CREATE" */
	u32 attr_bytes;	  /* up to the end of its last field: what follows must be 0 (-EINVAL) */
	u32 since;
};

struct helper_info; /* spec/helper.h */

/* The name as bpftool prints it, NULL for an unknown type. */
const char *map_type_name(u32 type);
const char *prog_type_name(u32 type);
const char *attach_type_name(u32 type);
const char *link_type_name(u32 type);

/* NULL for an unknown type or command. */
const struct prog_type_info *prog_type_info(u32 type);
const struct bpf_command_info *bpf_command_info(u32 cmd);

/*
 * What expected_attach_type means for a load: *@attach_type may be replaced by the type's default.
 * 0 or -EINVAL (bpf_prog_load_check_attach).
 */
int prog_attach_check(u32 type, u32 *attach_type) must_check;

#endif
