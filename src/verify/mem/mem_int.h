/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the room share. Offsets here include the register's fixed offset. */
#ifndef SKEP_VERIFY_MEM_MEM_INT_H
#define SKEP_VERIFY_MEM_MEM_INT_H

#include <stdio.h>

#include "verify/mem/mem.h"

#define TNUM_TEXT_BYTES 48

/* "(0x0; 0xff)", a constant as "8" or "0x10000" (tnum_strn). Returns @buf. */
static inline const char *tnum_text(char buf[TNUM_TEXT_BYTES], struct tnum t)
{
	if (tnum_is_const(t))
		snprintf(buf, TNUM_TEXT_BYTES, t.value <= UINT16_MAX ? "%llu" : "0x%llx",
			 (unsigned long long)t.value);
	else
		snprintf(buf, TNUM_TEXT_BYTES, "(0x%llx; 0x%llx)", (unsigned long long)t.value,
			 (unsigned long long)t.mask);
	return buf;
}

/* Bytes [off + the register's variable part, + size) of an object of so many bytes. */
struct mem_range {
	u32 regno;
	s32 off;
	s32 size_bytes;
	u32 object_bytes;
	bool zero_ok;
};

/* The variable part does not count: the caller has checked it (__check_mem_access). */
int mem_fixed_range(struct env *env, const struct mem_range *range) must_check;
/* With the variable part at both of its ends (check_mem_region_access). */
int mem_var_range(struct env *env, const struct mem_range *range) must_check;
/* A buffer without known end: only from its first byte on (check_buffer_access, tp_buffer). */
int mem_buffer(struct env *env, u32 regno, s32 off, s32 size_bytes, const char *what) must_check;

/* Accesses by kind of pointer; acc->off includes the register's. They set the loaded register. */
int mem_stack_access(struct env *env, const struct mem_access *acc) must_check;
int mem_map_value_access(struct env *env, const struct mem_access *acc) must_check;
int mem_packet_access(struct env *env, const struct mem_access *acc) must_check;
int mem_flow_keys_access(struct env *env, const struct mem_access *acc) must_check;
int mem_ctx_access(struct env *env, const struct mem_access *acc) must_check;
int mem_sock_access(struct env *env, const struct mem_access *acc) must_check;
int mem_map_ptr_access(struct env *env, const struct mem_access *acc) must_check;
int mem_btf_access(struct env *env, u32 regno) must_check;
/* What the current instruction's address is, here and on the paths before, for facts.h. */
void mem_note_fact(struct env *env, u32 type);

/* check_packet_access */
int mem_packet_range_ok(struct env *env, const struct mem_range *range) must_check;
/* check_map_access_type: may programs read, or write, values of the map at all? */
int mem_map_rights(struct env *env, u32 regno, s32 off, s32 size_bytes,
		   enum access kind) must_check;
/* check_map_access; @direct: a load or store of the program, not of a helper. */
int mem_map_range(struct env *env, const struct mem_range *range, bool direct) must_check;

/*
 * [off, off + size) from the register on lies in the stack; grows the frame (and the function's
 * stack) to hold it (check_stack_access_within_bounds).
 */
int mem_stack_within(struct env *env, u32 regno, s32 off, s32 size_bytes,
		     enum access kind) must_check;
/* Fixed offsets; @off counts from the frame's top (check_stack_read/write_fixed_off). */
int mem_stack_read_fixed(struct env *env, const struct mem_access *acc, s32 off) must_check;
int mem_stack_write_fixed(struct env *env, const struct mem_access *acc, s32 off) must_check;
/* check_stack_read/write_var_off */
int mem_stack_read_var(struct env *env, const struct mem_access *acc) must_check;
int mem_stack_write_var(struct env *env, const struct mem_access *acc) must_check;
/* dst becomes 0 when all of [min, max) are zeros, else anything (mark_reg_stack_read). */
void mem_stack_load(struct env *env, const struct frame *frame, s32 min_off, s32 max_off,
		    struct reg *dst);
/* A dynptr in the slot is gone (destroy_if_dynptr_stack_slot). */
int mem_stack_destroy(struct env *env, struct frame *frame, u32 spi) must_check;
/* An access that fast calls' spills must survive (check_fastcall_stack_contract). */
void mem_stack_contract(struct env *env, const struct frame *frame, u32 insn_idx, s32 off);
/* The instruction stores a constant (is_bpf_st_mem). */
static inline bool mem_is_st(const struct env *env, u32 insn_idx)
{
	return isa_info((enum isa_op)env->aux[insn_idx].op)->family == ISA_FAMILY_ST;
}

#endif
