/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of this target, and its sites. */
#include "jit/x86_64/x86_int.h"
#include "prog/prog.h"

#define ELF_MACHINE 62 /* EM_X86_64 */

/* tidy: allow long-function: one case for each operation */
static void lop(struct jit_emit *e, const struct lop *l)
{
	switch ((enum lop_op)l->op) {
	case LOP_MOV:
		x86_mov_rr(&e->code, l->width == 64, x86_native(e, l->dst), x86_native(e, l->a));
		break;
	case LOP_CONST:
		if (l->imm)
			x86_mov_ri(&e->code, x86_native(e, l->dst), l->imm);
		else
			x86_zero(&e->code, x86_native(e, l->dst));
		break;
	case LOP_ADD:
	case LOP_SUB:
	case LOP_MUL:
	case LOP_AND:
	case LOP_OR:
	case LOP_XOR:
		x86_lop_alu(e, l);
		break;
	case LOP_LSH:
	case LOP_RSH:
	case LOP_ARSH:
	case LOP_ROL:
		x86_lop_shift(e, l);
		break;
	case LOP_DIV:
	case LOP_MOD:
	case LOP_SDIV:
	case LOP_SMOD:
		x86_lop_div(e, l);
		break;
	case LOP_LEA:
		x86_lop_lea(e, l);
		break;
	case LOP_NEG:
	case LOP_ZEXT:
	case LOP_SEXT:
	case LOP_BSWAP:
		x86_lop_narrow(e, l);
		break;
	case LOP_LOAD:
	case LOP_LOAD_SX:
	case LOP_LOAD_BE:
	case LOP_STORE:
	case LOP_LOAD_ACQ:
	case LOP_STORE_REL:
		x86_lop_memory(e, l);
		break;
	case LOP_ATOMIC:
	case LOP_CMPXCHG:
		x86_lop_atomic(e, l);
		break;
	case LOP_JMP:
		jit_site_local(e, JIT_SITE_JMP, 0, l->target);
		break;
	case LOP_JCC:
		x86_lop_jcc(e, l);
		break;
	case LOP_SETCC:
		x86_lop_setcc(e, l);
		break;
	case LOP_CALL:
	case LOP_CALL_HOST:
	case LOP_CALL_SUB:
	case LOP_CALLX:
		x86_lop_call(e, l);
		break;
	case LOP_TAIL_CALL:
		x86_lop_tail_call(e, l);
		break;
	case LOP_EXIT:
		x86_epilogue(e);
		break;
	case LOP_LOAD_PACKET:
		x86_lop_load_packet(e, l);
		break;
	case LOP_MAY_GOTO:
		x86_lop_may_goto(e, l);
		break;
	case LOP_GOTOX:
		x86_lop_gotox(e, l);
		break;
	case LOP_POLL:
		x86_lop_poll(e, l);
		break;
	case LOP_FENCE:
		x86_lfence(&e->code);
		break;
	case LOP_CPU:
		x86_load(&e->code, 32, X86_RAX, x86_at(RUN, offsetof(struct run, cpu)));
		break;
	case LOP_OP_CNT:
		break;
	}
}

static bool site_reaches(enum jit_site_kind kind, u32 form, s64 disp)
{
	if (form == 0 && (kind == JIT_SITE_JMP || kind == JIT_SITE_JCC))
		return disp == (s8)disp;
	return disp == (s32)disp;
}

static void site_write(u8 *p, const struct jit_site *site, u64 addr, u64 to)
{
	const u32 bytes = jit_target_x86_64.site_bytes[site->kind][site->form];
	const s32 disp = (s32)(to - (addr + bytes));
	struct jit_buf b = { .p = p, .cap = bytes };

	switch ((enum jit_site_kind)site->kind) {
	case JIT_SITE_JMP:
		if (site->form)
			x86_jmp32(&b, disp);
		else
			x86_jmp8(&b, (s8)disp);
		break;
	case JIT_SITE_JCC:
		if (site->form)
			x86_jcc32(&b, site->cond, disp);
		else
			x86_jcc8(&b, site->cond, (s8)disp);
		break;
	case JIT_SITE_CALL:
		x86_call32(&b, disp);
		break;
	case JIT_SITE_EXT:
		if (!site->form) {
			x86_call32(&b, disp);
			break;
		}
		/* Always of full length, whatever the address. */
		jit_put8(&b, 0x49);
		jit_put8(&b, 0xb8 | (T1 & 7));
		jit_put64(&b, to);
		x86_call_r(&b, T1);
		break;
	case JIT_SITE_ADDR:
		x86_lea_rip(&b, site->cond, disp);
		break;
	}
}

static bool load_be(u64 features)
{
	return features & X86_HAS_MOVBE;
}

const struct jit_target jit_target_x86_64 = {
	.name = "x86_64",
	.elf_machine = ELF_MACHINE,
	.trap_word = 0xcccccccc,
	.unwind = &jit_unwind_x86_64,
	.reach_bytes = 1u << 30,
	.regs = { X86_RAX, X86_RDI, X86_RSI, X86_RDX, X86_RCX, X86_R8, X86_RBX, X86_R13, X86_R14,
		  X86_R15, X86_RBP },
	.run_reg = RUN,
	.load_be = load_be,
	.site_bytes = {
		[JIT_SITE_JMP] = { 2, 5, 0 },
		[JIT_SITE_JCC] = { 2, 6, 0 },
		[JIT_SITE_CALL] = { 5, 0, 0 },
		[JIT_SITE_EXT] = { 5, 13, 0 },
		[JIT_SITE_ADDR] = { 7, 0, 0 },
	},
	.site_reaches = site_reaches,
	.site_write = site_write,
	.k_regs = x86_k_regs,
	.prologue = x86_prologue,
	.lop = lop,
	.cold = x86_cold,
	.tail = x86_tail,
	.thunk = x86_thunk,
};
