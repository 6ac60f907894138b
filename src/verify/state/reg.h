/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is known of a register (struct bpf_reg_state): base type with flags, fixed offset, what it
 * points to, and its value (of a pointer: the variable part of its offset).
 */
#ifndef SKEP_VERIFY_STATE_REG_H
#define SKEP_VERIFY_STATE_REG_H

#include "base/types.h"
#include "isa/insn.h"
#include "verify/domain/scalar.h"

struct btf;
struct env;
struct map;

/* REG_SCALAR…: rows of regtypes.def. Zero is "not init", so that zeroed memory is right. */
enum reg_base {
#define REG_TYPE(id, text, flags) REG_##id,
#include "verify/state/regtypes.def"
#undef REG_TYPE
	REG_BASE_CNT
};

#define REG_BASE_MASK 0xffu
/*
 * Above the base in reg->type (enum bpf_type_flag). Macros, since clang minds two enums in one
 * expression.
 */
#define REG_MAYBE_NULL	(1u << 8)
#define REG_RDONLY	(1u << 9)
#define REG_RINGBUF	(1u << 10) /* PTR_TO_MEM: a ring buffer record */
#define REG_USER	(1u << 11)
#define REG_PERCPU	(1u << 12)
#define REG_UNTRUSTED	(1u << 13)
#define REG_ALLOC	(1u << 14)
#define REG_NON_OWN_REF	(1u << 15)
#define REG_RCU	(1u << 16)
#define REG_TRUSTED	(1u << 17)
#define REG_DYNPTR_LOCAL (1u << 18)
#define REG_DYNPTR_RINGBUF (1u << 19)
#define REG_DYNPTR_SKB	(1u << 20)
#define REG_DYNPTR_XDP	(1u << 21)
#define REG_UNINIT	(1u << 22)
#define REG_ALIGNED	(1u << 23)
#define REG_WRITE	(1u << 24)

/* A register whose scalars are linked by `id`: this one is the other plus `off`. */
#define REG_ADD_CONST64 (1u << 31)
#define REG_ADD_CONST32 (1u << 30)
#define REG_ADD_CONST (REG_ADD_CONST64 | REG_ADD_CONST32)

enum dynptr_type { DYNPTR_NONE, DYNPTR_LOCAL, DYNPTR_RINGBUF, DYNPTR_SKB, DYNPTR_XDP };
enum iter_state { ITER_STATE_INVALID, ITER_STATE_ACTIVE, ITER_STATE_DRAINED };

struct reg {
	u32 type; /* enum reg_base and flags above it; 0: not initialised */
	s32 off;  /* fixed part of a pointer's offset; scalars: see REG_ADD_CONST */
	union {
		s32 range;	   /* packet: bytes behind off proved to be there; < 0: see call/ */
		struct {
			const struct map *map;
			u32 map_uid; /* tells inner maps of one template apart */
		};
		struct {
			const struct btf *btf;
			u32 btf_id;
		};
		struct {
			u32 mem_size_bytes;
			u32 dynptr_id; /* the slice's dynptr */
		};
		struct {
			u8 dynptr_type; /* enum dynptr_type */
			bool dynptr_first_slot;
		};
		struct {
			u32 iter_state : 2; /* enum iter_state */
			u32 iter_depth : 30;
		};
		u32 subprogno; /* function pointer */
		u64 raw[2];
	};
	struct scalar s;
	/*
	 * Scalars: the same value (but for REG_ADD_CONST). Maybe-NULL pointers: NULL together.
	 * Packet pointers: the same variable offset. Map values: which lookup, for spin locks.
	 */
	u32 id;
	u32 ref_obj_id; /* the acquired reference that it stands for or lives by; 0: none */
	/* instruction + 1 that defined the low half alone; 0: zero-extension not needed */
	s32 subreg_def;
	u8 frameno;	/* PTR_TO_STACK: whose */
	bool precise;	/* value decides safety: pruning must look at it */
};
/* Eleven of them are most of what copying a state costs. */
_Static_assert(sizeof(struct reg) == 104, "no hole in struct reg");

#define REG_NOT_SUBREG 0

static inline enum reg_base reg_base(u32 type)
{
	return (enum reg_base)(type & REG_BASE_MASK);
}
static inline u32 reg_flags(u32 type)
{
	return type & ~REG_BASE_MASK;
}
static inline bool reg_is_scalar(const struct reg *reg)
{
	return reg->type == REG_SCALAR;
}
static inline bool reg_may_be_null(u32 type)
{
	return type & REG_MAYBE_NULL;
}
static inline bool reg_is_const(const struct reg *reg) /* tnum_is_const(var_off) of a scalar */
{
	return reg->type == REG_SCALAR && scalar_is_const(&reg->s);
}
static inline u64 reg_const_value(const struct reg *reg)
{
	return reg->s.var_off.value;
}
/* Register holds the constant 0 (register_is_null). */
static inline bool reg_is_null(const struct reg *reg)
{
	return reg_is_const(reg) && reg->s.var_off.value == 0;
}

enum reg_type_flag { /* columns of regtypes.def */
	RT_PTR = 1,
	RT_SPILLABLE = 1 << 1,	 /* keeps its type when spilled (is_spillable_regtype) */
	/* comparing with NULL is allowed to unprivileged… (reg_type_not_null) */
	RT_NULL_CHECK = 1 << 2,
	RT_NO_ARITH = 1 << 3,	 /* adjust_ptr_min_max_vals refuses every arithmetic */
	RT_CONST_OFF = 1 << 4,	 /* only constants may be added */
	RT_PACKET = 1 << 5,
	RT_SOCKET = 1 << 6,	 /* type_is_sk_pointer */
	RT_SPLIT_OK = 1 << 7,	 /* one instruction may meet it and others (reg_type_mismatch_ok) */
};
u32 reg_type_flags(u32 type);	   /* of the base */
#define REG_TYPE_TEXT_BYTES 96
/* As the log says it: "map_value_or_null". Returns @buf. */
const char *reg_type_text(u32 type, char buf[REG_TYPE_TEXT_BYTES]);

/*
 * The makers. All drop id, reference, offset and what the union held; as in the kernel, subreg_def
 * stays, and precise stays but in the three that make it unknown or zero.
 */
void reg_mark_not_init(struct reg *reg);
void reg_mark_unknown(const struct env *env, struct reg *reg); /* precise where !bpf_capable */
void reg_mark_unknown_imprecise(struct reg *reg);
void reg_mark_const(struct reg *reg, u64 value); /* a scalar, __mark_reg_known */
/* type stays, value becomes 0: a pointer without variable offset (__mark_reg_known_zero). */
void reg_mark_known_zero(struct reg *reg);
void reg_mark_const_zero(const struct env *env, struct reg *reg);
/* Fills type, off 0, value 0. The caller sets the union. */
void reg_mark_ptr(struct reg *reg, u32 type);
/* From maybe-NULL to the pointer: of maps of maps, sockets in maps… (mark_ptr_not_null_reg). */
void reg_mark_not_null(struct env *env, struct reg *reg);

#endif
