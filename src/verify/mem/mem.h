/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory: is an access inside its object and allowed, and what does it read or leave behind?
 * (check_mem_access and the check_…_access family, check_stack_read/write, check_packet_access…)
 */
#ifndef SKEP_VERIFY_MEM_MEM_H
#define SKEP_VERIFY_MEM_MEM_H

#include "verify/state/env.h"

enum access { /* enum bpf_access_type */
	ACCESS_READ = 1,
	ACCESS_WRITE = 2,
};

struct mem_access {
	u32 insn_idx;
	u32 regno;	/* holds the address */
	s32 off;	/* displacement in the instruction */
	u32 size_bytes; /* 1, 2, 4, 8 */
	enum access kind;
	s32 value_regno; /* stored or loaded register; -1: a constant or nothing (atomics) */
	bool strict;	   /* aligned as if on a strict machine, whatever the program's flags */
	bool is_ldsx;
};
/* Checks and carries out one access on the current state (check_mem_access). */
int mem_access(struct env *env, const struct mem_access *acc) must_check;

/* The register may be read / written as an operand (check_reg_arg); words "R%d !read_ok". */
int mem_check_src(struct env *env, u32 regno) must_check;
int mem_check_dst(struct env *env, u32 regno) must_check;	  /* marks it unknown */
int mem_check_dst_no_mark(struct env *env, u32 regno) must_check;
/* True when the register holds what this program must not see as a number (is_pointer_value). */
static inline bool mem_is_pointer(struct env *env, u32 regno)
{
	return !env->allow_ptr_leaks && env_reg(env, regno)->type != REG_SCALAR;
}

/* LDX, LDSX, ST, STX, atomics of the current instruction (check_load_mem, check_store_reg…). */
int mem_load(struct env *env, const struct insn *insn, bool strict, bool is_ldsx,
	     bool allow_trust_mismatch) must_check;
int mem_store_reg(struct env *env, const struct insn *insn, bool strict) must_check;
int mem_store_imm(struct env *env, const struct insn *insn) must_check;
int mem_atomic(struct env *env, const struct insn *insn) must_check; /* rmw, load_acq, store_rel */

/* What the check of a call's arguments learned (struct bpf_call_arg_meta). */
struct call_mem {
	const struct map *map;
	u32 map_uid;
	bool raw_mode;	/* stack memory that the helper fills: need not be initialised */
	bool pkt_access;
	u8 release_regno;
	s32 regno;
	s32 access_size;
	s32 mem_size;
	bool has_mem_size;
	u64 msize_max_value;
	u32 ref_obj_id, dynptr_id, map_key_regno;
	u32 func_id;
	const struct btf *btf, *ret_btf;
	u32 btf_id, ret_btf_id, subprogno;
	s64 const_map_key;
	bool has_const_map_key;
	bool exact_map_key; /* and the bytes of the key are its: the kernel's may be half of it */
	u32 dynptr_type, initialized_dynptr_id;
};

/* Is [reg, reg + size) accessible to a helper (check_helper_mem_access)? */
int mem_helper_access(struct env *env, u32 regno, u32 size_bytes, enum access kind,
		      bool zero_ok, struct call_mem *meta) must_check;
/* [R(size_regno - 1), size) where the size is in a register (check_mem_size_reg). */
int mem_size_reg(struct env *env, u32 size_regno, enum access kind, bool zero_ok,
		 struct call_mem *meta) must_check;
/* A memory argument of a global function (check_mem_reg). */
int mem_subprog_arg(struct env *env, u32 regno, u32 size_bytes) must_check;
/* Every byte of the stack range is initialised (check_stack_range_initialized). */
int mem_stack_range(struct env *env, u32 regno, s32 off, u32 size_bytes, bool zero_ok,
		    enum access kind, struct call_mem *meta) must_check;
/* No fixed or variable offset (check_ptr_off_reg, __check_ptr_off_reg). */
int mem_ptr_off(struct env *env, const struct reg *reg, u32 regno, bool fixed_off_ok) must_check;
int mem_map_access(struct env *env, u32 regno, s32 off, u32 size_bytes, bool zero_ok,
		   enum access kind) must_check;
/* The whole bounded offset stays within (-2^29, 2^29) … (check_reg_sane_offset). */
int mem_sane_offset(struct env *env, const struct reg *reg, u32 type) must_check;
/* A pointer after arithmetic, unprivileged: inside its object (sanitize_check_bounds). */
int mem_check_bounds_arith(struct env *env, const struct insn *insn, const struct reg *dst)
	must_check;
/*
 * Packet pointers with @reg's id: data up to `range` is there (find_good_pkt_pointers,
 * try_match…).
 */
void mem_packet_range(struct env *env, struct vstate *st, const struct reg *dst, u32 type,
		      bool range_right_open);
/* Helpers that move packet data: all packet pointers are void (clear_all_pkt_pointers). */
void mem_clear_packet_pointers(struct env *env);
/* Read-only constant map: its bytes at the register's constant offset as a value, if known. */
bool mem_map_const(const struct map *map, u32 off, u32 size_bytes, bool is_ldsx, u64 *ret_value);
/* The address is aligned to the size (check_ptr_alignment). */
int mem_align(struct env *env, const struct mem_access *acc) must_check;

#endif
