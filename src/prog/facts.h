/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What verification proved, as data: the one contract verify → xlate → jit and interp.
 *
 * A fact is a claim about every execution that reaches the instruction, joined over all visits.
 * The verifier skips paths whose imprecise scalars differ, so a scalar's value enters here
 * only where
 * precision was marked for it; pointer types are compared by pruning and may be taken as seen.
 * Indices are those of the program as loaded; `insns[i].seen == 0` means that nothing reaches i.
 */
#ifndef SKEP_PROG_FACTS_H
#define SKEP_PROG_FACTS_H

#include "base/types.h"

struct map;

/* What the address of a load, store or atomic points into, on all paths. */
enum fact_mem {
	FACT_MEM_NONE,	/* not visited, or no memory operand */
	FACT_MEM_MIXED, /* several kinds that need no rewriting */
	FACT_MEM_CTX,
	FACT_MEM_STACK,
	FACT_MEM_MAP_VALUE,
	FACT_MEM_PACKET,
	FACT_MEM_SOCK_COMMON, /* accesses to these are rewritten by their field tables */
	FACT_MEM_SOCK,
	FACT_MEM_TCP_SOCK,
	FACT_MEM_XDP_SOCK,
	FACT_MEM_BTF,	      /* faults are to be handled: reads give 0 */
	FACT_MEM_BTF_PROBE,
	FACT_MEM_ARENA,
	FACT_MEM_OTHER, /* buffers, ring records, … : plain memory */
};

enum fact_map_state { FACT_MAP_NONE, FACT_MAP_ONE, FACT_MAP_MANY };
enum fact_key_state { FACT_KEY_NONE, FACT_KEY_CONST, FACT_KEY_MANY };

enum fact_alu { /* masking of pointer arithmetic against speculation (alu_state) */
	FACT_ALU_SANITIZE_SRC = 1,
	FACT_ALU_SANITIZE_DST = 2,
	FACT_ALU_NEG_VALUE = 4,
	FACT_ALU_NON_POINTER = 8,
	FACT_ALU_IMMEDIATE = 16,
};

struct insn_facts {
	/* how many times the verifier processed it (pass number of the last); 0: dead */
	u32 seen;
	u8 mem;		 /* enum fact_mem */
	u8 map_state;	 /* enum fact_map_state: the map argument of a call */
	u8 key_state;	 /* enum fact_key_state: its constant key or index */
	u8 alu_state;	 /* enum fact_alu */
	u8 ctx_field_bytes; /* width of the field that a narrow load of a context reads, or 0 */
	u8 fastcall_spills; /* pairs around a call that needs none of them (bpf_fastcall) */
	/* bits: there is one of this struct for each instruction */
	bool map_unpriv : 1;
	bool zext_dst : 1; /* the upper half of dst is read later: a 32-bit write must clear it */
	bool nospec : 1;   /* a speculation barrier goes before it … */
	bool nospec_result : 1; /* … or behind it */
	bool call_with_percpu_alloc : 1;
	bool storage_get_atomic : 1; /* storage_get: must not sleep here */
	bool is_iter_next : 1;
	bool ret_not_null : 1; /* a lookup that cannot fail */
	/* bpf_loop: always called with this callback and flags 0, so it can be inlined. */
	bool loop_seen : 1, loop_inlinable : 1;
	bool fastcall_pattern : 1; /* one of those spills and fills */
	union {
		u32 alu_limit;	   /* of arithmetic with a pointer */
		u32 loop_callback; /* of a call of bpf_loop: the subprogram */
	};
	/*
	 * Of calls (by the index as loaded: prog_orig_idx). FACT_MAP_ONE: a map of the program, or
	 * the template of the inner maps that the call is made on. FACT_KEY_CONST: the index of a
	 * tail call, below max_entries, or the key of a lookup, whose low 32 bits it is. So an
	 * engine that compiles a tail call with both reads the slot at once, without comparing.
	 */
	const struct map *map;
	u64 key;
};
_Static_assert(sizeof(struct insn_facts) == 32, "one for each instruction");

struct subprog_facts {
	u32 start, end;
	u32 stack_bytes; /* as deep as it was used, before rounding */
	bool has_tail_call, tail_call_reachable, has_ld_abs, is_cb, is_async_cb;
	bool is_global, might_sleep, changes_pkt_data, called;
	s32 fastcall_stack_off; /* 0: none */
	bool keep_fastcall_stack;
};

/* What a register that an instruction reads holds, on every execution: all bounds at once. */
struct value_fact {
	u32 insn_idx;
	u8 regno;
	s64 smin, smax;
	u64 umin, umax;
	u64 known_value, known_mask; /* bits of the mask have value's */
};

struct facts {
	struct insn_facts *insns; /* insn_cnt */
	u32 insn_cnt;
	struct subprog_facts *subprogs;
	u32 subprog_cnt;
	struct value_fact *values; /* ascending by instruction and register */
	u32 value_cnt;
	u32 stack_bytes_max; /* of the deepest call chain */
	bool may_goto, tail_calls, ld_abs, callbacks;
	bool proved_terminates; /* no may_goto, no timers: runs end without a budget */
	bool bypass_spec_v1, bypass_spec_v4;
	bool enforce_attach_type; /* what it returns suits its attach type alone */
	bool seen_direct_write; /* stores into the packet: hooks make it writable (prologue) */
};

/* All zero. NULL when memory is short. */
struct facts *facts_new(u32 insn_cnt, u32 subprog_cnt) must_check;
void facts_free(struct facts *facts); /* NULL is allowed */
/* NULL when nothing is known of register @regno where instruction @insn_idx reads it. */
const struct value_fact *facts_value(const struct facts *facts, u32 insn_idx, u32 regno);

#endif
