/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The reference engine: isa/sem.h and the plainest loop there is, to hold the others against.
 * It trusts the vector's addresses and notes which operations it has executed.
 */
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "isa/sem.h"
#include "tests/vectors/engine.h"

#define FRAMES_MAX     8
#define STACK_BYTES    512
#define STEPS_MAX      100000000u
#define MAY_GOTO_MAX   8388608u /* BPF_MAX_LOOPS */

bool engine_ref_seen[ISA_OP_CNT];

struct frame {
	u64 saved[4]; /* r6..r9 of the caller */
	u32 back;     /* where the caller goes on */
	u32 may_goto_cnt;
	u64 stack[STACK_BYTES / 8];
};

struct machine {
	const struct engine_job *job;
	u64 r[16];
	u32 pc;
	u32 depth;
	bool ended;
	const char *why; /* NULL: all is well */
	struct frame frames[FRAMES_MAX];
};

static u8 *address(const struct machine *m, u32 reg, s16 off)
{
	return u64_to_ptr(m->r[reg] + (u64)(s64)off);
}

static void enter(struct machine *m, s64 target)
{
	struct frame *f;

	if (m->depth + 1 == FRAMES_MAX) {
		m->why = "too many frames";
		return;
	}
	m->frames[m->depth].back = m->pc;
	f = &m->frames[++m->depth];
	memset(f, 0, sizeof(*f));
	memcpy(f->saved, &m->r[6], sizeof(f->saved));
	m->r[10] = ptr_to_u64(f->stack) + STACK_BYTES;
	m->pc = (u32)target;
}

static void leave(struct machine *m)
{
	if (!m->depth) {
		m->ended = true;
		return;
	}
	memcpy(&m->r[6], m->frames[m->depth].saved, sizeof(m->frames[0].saved));
	m->depth--;
	m->r[10] = ptr_to_u64(m->frames[m->depth].stack) + STACK_BYTES;
	m->pc = m->frames[m->depth].back;
}

/* r0 = bytes of the packet in network order; outside, the program ends with 0. */
static void load_packet(struct machine *m, u64 off, u32 bytes)
{
	u32 n;

	m->r[0] = 0;
	if (off > m->job->mem_bytes || bytes > m->job->mem_bytes - off) {
		m->ended = true;
		return;
	}
	for (n = 0; n < bytes; n++)
		m->r[0] = m->r[0] << 8 | m->job->mem[off + n];
}

static void call_helper(struct machine *m, u64 id)
{
	if (id == 5)
		m->r[0] = m->r[1];
	else
		m->why = "unknown helper";
}

static u64 function_address(const struct machine *m, s64 idx)
{
	return ptr_to_u64(m->job->insns) + (u64)idx * sizeof(struct insn);
}

static void step_atomic(struct machine *m, const struct insn *i, enum isa_op op)
{
	const struct isa_info *info = isa_info(op);
	const u32 bytes = info->width_bits / 8;
	u8 *p = address(m, i->dst, i->off);
	const u64 old = load_sized(p, bytes), src = m->r[i->src];
	u64 value = old;

	switch ((int)op) {
#define ISA_ATOMIC(id, code, imm, fn, width, ...)                                                  \
	case ISA_##id:                                                                             \
		value = sem_##fn##width(old, src);                                                 \
		break;
#include "isa/ops.def"
	default: /* compare and exchange */
		if (old == (info->width_bits == 64 ? m->r[0] : (u32)m->r[0]))
			value = src;
	}
	store_sized(p, bytes, value);
	if (info->family == ISA_FAMILY_CMPXCHG)
		m->r[0] = old;
	else if (info->src == ISA_REG_RW)
		m->r[i->src] = old;
}

static void step_memory(struct machine *m, const struct insn *i, enum isa_op op)
{
	const struct isa_info *info = isa_info(op);
	const u32 bytes = info->width_bits / 8;

	switch ((int)op) {
#define ISA_LDX(id, code, width, ...)                                                              \
	case ISA_##id:                                                                             \
		m->r[i->dst] = sem_ldx##width(load_sized(address(m, i->src, i->off), bytes));      \
		break;
#define ISA_LDSX(id, code, width, ...)                                                             \
	case ISA_##id:                                                                             \
		m->r[i->dst] = sem_ldsx##width(load_sized(address(m, i->src, i->off), bytes));     \
		break;
#define ISA_LOAD_ACQ(id, ...)                                                                      \
	case ISA_##id:                                                                             \
		m->r[i->dst] = load_sized(address(m, i->src, i->off), bytes);                      \
		break;
#define ISA_ST(id, ...)                                                                            \
	case ISA_##id:                                                                             \
		store_sized(address(m, i->dst, i->off), bytes, (u64)(s64)i->imm);                  \
		break;
#define ISA_STX(id, ...)                                                                           \
	case ISA_##id:                                                                             \
		store_sized(address(m, i->dst, i->off), bytes, m->r[i->src]);                      \
		break;
#define ISA_STORE_REL(id, ...)                                                                     \
	case ISA_##id:                                                                             \
		store_sized(address(m, i->dst, i->off), bytes, m->r[i->src]);                      \
		break;
#include "isa/ops.def"
	default:
		step_atomic(m, i, op);
	}
}

static void step_control(struct machine *m, const struct insn *i, enum isa_op op, u32 idx)
{
	s64 target = 0;

	(void)isa_target(i, op, idx, &target);
	if (op == ISA_JA || op == ISA_JA32)
		m->pc = (u32)target;
	else if (op == ISA_MAY_GOTO)
		m->pc = m->frames[m->depth].may_goto_cnt++ < MAY_GOTO_MAX ? m->pc : (u32)target;
	else if (op == ISA_GOTOX)
		m->pc = (u32)((m->r[i->dst] - ptr_to_u64(m->job->insns)) / sizeof(struct insn));
	else if (op == ISA_CALL_SUBPROG)
		enter(m, target);
	else if (op == ISA_CALL_HELPER)
		call_helper(m, (u32)i->imm);
	else if (op == ISA_CALLX)
		call_helper(m, m->r[i->dst]);
	else if (op == ISA_EXIT)
		leave(m);
	else if (isa_info(op)->family == ISA_FAMILY_LDABS)
		load_packet(m, (u32)i->imm, isa_info(op)->width_bits / 8);
	else if (isa_info(op)->family == ISA_FAMILY_LDIND)
		load_packet(m, (u32)m->r[i->src] + (u32)i->imm, isa_info(op)->width_bits / 8);
	else if (op == ISA_LDDW_FUNC)
		m->r[i->dst] = function_address(m, (s64)idx + 1 + i->imm);
	else if (isa_info(op)->family == ISA_FAMILY_LDDW && op != ISA_LDDW_BTF_ID)
		m->r[i->dst] = insn_imm64(i);
	else
		m->why = "an operation that this engine lacks";
}

#define OPERAND_X m->r[i->src]
#define OPERAND_K ((u64)(s64)i->imm)

static void step(struct machine *m)
{
	const u32 idx = m->pc;
	const struct insn *i = &m->job->insns[idx];
	const enum isa_op op = isa_decode(i);
	u64 *dst = &m->r[i->dst];

	engine_ref_seen[op] = true;
	m->pc += isa_words(op);
	switch ((int)op) {
#define ISA_ALU(id, code, sel, selv, fn, width, form, ...)                                         \
	case ISA_##id:                                                                             \
		*dst = sem_##fn##width(*dst, OPERAND_##form);                                      \
		break;
#define ISA_MOV(id, code, sel, selv, fn, width, form, ...)                                         \
	case ISA_##id:                                                                             \
		*dst = sem_##fn##width(OPERAND_##form);                                            \
		break;
#define ISA_NEG(id, code, fn, width, ...)                                                          \
	case ISA_##id:                                                                             \
		*dst = sem_##fn##width(*dst);                                                      \
		break;
#define ISA_END(id, code, fn, width, ...)                                                          \
	case ISA_##id:                                                                             \
		*dst = sem_##fn##width(*dst);                                                      \
		break;
#define ISA_JMP(id, code, fn, width, form, ...)                                                    \
	case ISA_##id:                                                                             \
		if (sem_##fn##width(*dst, OPERAND_##form))                                         \
			m->pc = (u32)((s32)m->pc + i->off);                                        \
		break;
#include "isa/ops.def"
	default:
		if ((i->code & 7) == 1 || (i->code & 7) == 2 || (i->code & 7) == 3)
			step_memory(m, i, op);
		else
			step_control(m, i, op, idx);
	}
}

int engine_ref_run(const struct engine_job *job, u64 *ret_r0, const char **ret_why)
{
	struct machine m = { .job = job };
	u32 steps;

	m.r[1] = ptr_to_u64(job->mem);
	m.r[2] = job->mem_bytes;
	m.r[10] = ptr_to_u64(m.frames[0].stack) + STACK_BYTES;
	for (steps = 0; steps < STEPS_MAX && !m.ended && !m.why; steps++) {
		if (m.pc >= job->insn_cnt)
			m.why = "the program ran out of its end";
		else
			step(&m);
	}
	if (steps == STEPS_MAX)
		m.why = "the program does not end";
	*ret_why = m.why;
	*ret_r0 = m.r[0];
	return m.why ? -EFAULT : 0;
}
