/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What programs of each kind may do to their context, to packets and to sockets, and what they may
 * return: the rows of spec/ctx/, spec/ctx_views.def and spec/ret_ranges.def, answered as the
 * kernel's *_is_valid_access, may_access_direct_pkt_data and check_return_code do.
 *
 * The verifier names no program type: whatever it has to know of one is a question here or a
 * column of spec/progtypes.def (enum prog_type_flag).
 */
#ifndef SKEP_SPEC_ACCESS_H
#define SKEP_SPEC_ACCESS_H

#include "base/types.h"
#include "spec/ctx.h"
#include "spec/spec.h"

/* What the rules of a program's hook depend on. */
struct prog_kind {
	enum prog_type type;
	u32 attach_type;   /* expected_attach_type as prog_attach_check left it */
	bool bpf_capable;  /* CAP_BPF */
};

struct ctx_access_query {
	s32 off;
	u32 size_bytes; /* 1, 2, 4, 8 */
	bool write;
	bool sext; /* a sign-extending load */
};

struct ctx_access_result {
	enum ctx_value value; /* what a load gives */
	/* The field's own size where narrower loads are made of a whole one, else 0. */
	u32 field_size_bytes;
	const char *btf_struct; /* CTX_BTF_PTR: the kernel struct it points to */
};

/*
 * 0 or -EACCES ("invalid bpf_context access"). -EOPNOTSUPP: what r1 is depends on the BTF of the
 * running kernel (PT_KERNEL_BTF). @ret is complete on success alone.
 */
int prog_ctx_access(const struct prog_kind *kind, const struct ctx_access_query *query,
		    struct ctx_access_result *ret) must_check;

/*
 * The same for what a context's pointer leads to: @value is CTX_SOCKET, CTX_SOCK_COMMON,
 * CTX_TCP_SOCK or CTX_XDP_SOCK (check_sock_access). Only reads are allowed. 0 or -EACCES.
 */
int object_access(enum ctx_value value, const struct ctx_access_query *query,
		  struct ctx_access_result *ret) must_check;

/* may_access_direct_pkt_data */
enum pkt_rights {
	PKT_NONE,     /* no write; no helper may be given packet memory */
	PKT_READ,     /* no write; helpers with HP_PKT_ACCESS may be given it */
	PKT_WRITE,    /* write; helpers with HP_PKT_ACCESS may be given it */
	PKT_ALL,      /* write; every helper may be given it */
};
enum pkt_rights prog_pkt_rights(enum prog_type type);

/* check_return_code of the main function. */
struct prog_ret_range {
	bool any; /* the hook takes everything: r0 may be any initialised scalar */
	s32 min, max;
	/*
	 * When every value lies in [strict_min, strict_max] too, the program's attach type is held
	 * against it at attachment (enforce_expected_attach_type). strict_max < strict_min: never.
	 */
	s32 strict_min, strict_max;
};
/* 0; -EOPNOTSUPP: depends on the kernel function it attaches to (PT_KERNEL_BTF). */
int prog_ret_range(enum prog_type type, u32 attach_type, struct prog_ret_range *ret) must_check;

/*
 * What the context argument of a global function may point to, beside void: a struct of one of
 * these names, or a typedef (btf_validate_prog_ctx_type). NULL ends.
 */
struct prog_ctx_arg {
	const char *structs[3];
	const char *typedefs[2];
	bool u64_ok; /* unsigned 64-bit integers */
	bool anything; /* the type is not looked at */
	/* Without the tag "arg:ctx" these alone say that it is the context. */
	const char *untagged[3];
	bool typedef_untagged;
};
void prog_ctx_arg(enum prog_type type, u32 attach_type, struct prog_ctx_arg *ret);

/* Prototypes that stand in BTF say "ctx" by the struct of this name; NULL: by none. */
const char *prog_ctx_struct(enum prog_type type);

/* Loads with BPF_F_SLEEPABLE: may a program of this kind (can_be_sleepable)? */
bool prog_can_sleep(enum prog_type type, u32 attach_type);

/*
 * Why a map whose values have these special fields (bits of enum btf_field_kind) cannot be used by
 * programs of @type, or a map of @map_type by sleepable ones (check_map_prog_compatibility): the
 * kernel's text without a newline; NULL when it can. *ret_err is then 0.
 */
const char *prog_map_refused(enum prog_type type, bool sleepable, enum map_type map_type,
			     u32 fields, int *ret_err);

/*
 * May programs of this kind update or delete elements of maps that hold sockets
 * (may_update_sockmap)? "cannot update sockmap in this context" when not.
 */
bool prog_may_update_sockets(enum prog_type type, u32 attach_type, bool deletes);

#endif
