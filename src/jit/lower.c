/* SPDX-License-Identifier: BSD-2-Clause */
#include "jit/lower.h"

#include "prog/prog.h"

/* Returns how many instructions more were dealt with. */
static u32 lower_insn(struct lower *l, const struct decoded *d)
{
	switch ((enum isa_family)isa_info(d->op)->family) {
	case ISA_FAMILY_INVALID:
		break; /* front_init refused it */
	case ISA_FAMILY_ALU:
		lower_alu(l, d);
		break;
	case ISA_FAMILY_MOV:
	case ISA_FAMILY_CAST:
		lower_mov(l, d);
		break;
	case ISA_FAMILY_NEG:
	case ISA_FAMILY_END:
		lower_end(l, d);
		break;
	case ISA_FAMILY_JMP:
	case ISA_FAMILY_JA:
	case ISA_FAMILY_MAY_GOTO:
	case ISA_FAMILY_GOTOX:
	case ISA_FAMILY_EXIT:
		return lower_jump(l, d);
	case ISA_FAMILY_LDX:
	case ISA_FAMILY_LDSX:
	case ISA_FAMILY_LOAD_ACQ:
		return lower_load(l, d);
	case ISA_FAMILY_ST:
	case ISA_FAMILY_STX:
	case ISA_FAMILY_STORE_REL:
		return lower_store(l, d);
	case ISA_FAMILY_ATOMIC:
	case ISA_FAMILY_CMPXCHG:
		lower_atomic(l, d);
		break;
	case ISA_FAMILY_LDDW:
		pend_set_const(l, d->dst, d->imm);
		return 1;
	case ISA_FAMILY_CALL:
	case ISA_FAMILY_CALLX:
		lower_call(l, d);
		break;
	case ISA_FAMILY_LDABS:
	case ISA_FAMILY_LDIND:
		lower_packet(l, d);
		break;
	}
	return 0;
}

static void lower_func(struct lower *l, const struct jit_func *fn, struct jit_place *places)
{
	const struct front *f = l->f;
	const u8 *marks = f->prog->marks, *flags = f->flags;
	const u16 *live = f->live;
	bool ends = false;

	pend_reset(l);
	for (u32 i = fn->start; i < fn->end; i++) {
		const struct decoded *d = &f->insns[i];
		u32 more;

		l->idx = i;
		if (unlikely(flags[i] & FRONT_LEADER) && i > fn->start && i != l->joined) {
			l->live = l->live_after = live[i];
			pend_force_set(l, live[i]);
			pend_reset(l);
		}
		places[i] = jit_here(l->e);
		l->live_after = front_live_after(f, i);
		l->live = live[i] | l->live_after;
		if (marks && marks[i] & XLATE_NOSPEC) {
			struct lop fence = lower_op(LOP_FENCE, 64);

			pend_emit(l, &fence);
		}
		more = lower_insn(l, d);
		while (more--) {
			places[++i] = jit_here(l->e);
			l->live_after = live[i + 1];
		}
		ends = front_ends(d->op);
		l->pending = ends ? 0 : l->pending & l->live_after;
	}
	if (!ends) {
		struct lop off_end = lower_op(LOP_JMP, 64);

		off_end.target = jit_cold(l->e, l->idx, FAULT_INSN);
		pend_emit(l, &off_end);
	}
}

void lower_program(struct lower *l, struct jit_place *places)
{
	const struct front *f = l->f;
	struct jit_emit *e = l->e;

	for (u32 n = 0; n < f->func_cnt && !e->failed && !e->code.failed; n++) {
		struct jit_func *fn = &f->funcs[n];

		e->func = fn;
		e->cold_cnt = 0;
		jit_buf_room(&e->code);
		fn->code_start = jit_here(e);
		e->target->prologue(e, fn);
		lower_func(l, fn, places);
		fn->cold_start = jit_here(e);
		for (u32 c = 0; c < e->cold_cnt; c++) {
			jit_buf_room(&e->code);
			jit_stub_place(e, e->colds[c].stub);
			e->target->cold(e, &e->colds[c]);
		}
		fn->code_end = jit_here(e);
	}
}
