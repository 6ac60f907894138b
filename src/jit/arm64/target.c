/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of this target, and its sites. */
#include "jit/arm64/a64_int.h"
#include "prog/prog.h"

#define ELF_MACHINE 183 /* EM_AARCH64 */
#define TRAP	    0xd4200000 /* brk #0 */
#define PAGE	    4096ull

static void lop_control(struct jit_emit *e, const struct lop *l)
{
	switch (l->op) {
	case LOP_JMP:
		jit_site_local(e, JIT_SITE_JMP, 0, l->target);
		break;
	case LOP_JCC:
		a64_lop_jcc(e, l);
		break;
	case LOP_SETCC:
		a64_lop_setcc(e, l);
		break;
	case LOP_CALL:
	case LOP_CALL_HOST:
	case LOP_CALL_SUB:
	case LOP_CALLX:
		a64_lop_call(e, l);
		break;
	case LOP_TAIL_CALL:
		a64_lop_tail_call(e, l);
		break;
	case LOP_EXIT:
		a64_epilogue(e);
		break;
	case LOP_LOAD_PACKET:
		a64_lop_load_packet(e, l);
		break;
	case LOP_MAY_GOTO:
		a64_lop_may_goto(e, l);
		break;
	case LOP_GOTOX:
		a64_lop_gotox(e, l);
		break;
	case LOP_POLL:
		a64_lop_poll(e, l);
		break;
	case LOP_FENCE:
		a64_lop_fence(e);
		break;
	default: /* LOP_CPU */
		a64_access(e, A64_LDRW, R0, RUN, offsetof(struct run, cpu));
		break;
	}
}

/* tidy: allow long-function: one case for each operation */
static void lop(struct jit_emit *e, const struct lop *l)
{
	switch ((enum lop_op)l->op) {
	case LOP_MOV:
		a64_emit(e, a64_mov_rr(l->width == 64, a64_native(e, l->dst), a64_native(e, l->a)));
		break;
	case LOP_CONST:
		a64_const(e, a64_native(e, l->dst), l->imm);
		break;
	case LOP_ADD:
	case LOP_SUB:
	case LOP_MUL:
	case LOP_AND:
	case LOP_OR:
	case LOP_XOR:
		a64_lop_alu(e, l);
		break;
	case LOP_LSH:
	case LOP_RSH:
	case LOP_ARSH:
	case LOP_ROL:
		a64_lop_shift(e, l);
		break;
	case LOP_DIV:
	case LOP_MOD:
	case LOP_SDIV:
	case LOP_SMOD:
		a64_lop_div(e, l);
		break;
	case LOP_LEA:
		a64_lop_lea(e, l);
		break;
	case LOP_NEG:
	case LOP_ZEXT:
	case LOP_SEXT:
	case LOP_BSWAP:
		a64_lop_narrow(e, l);
		break;
	case LOP_LOAD:
	case LOP_LOAD_SX:
	case LOP_LOAD_BE: /* never: load_be() */
	case LOP_STORE:
	case LOP_LOAD_ACQ:
	case LOP_STORE_REL:
		a64_lop_memory(e, l);
		break;
	case LOP_ATOMIC:
	case LOP_CMPXCHG:
		a64_lop_atomic(e, l);
		break;
	case LOP_JMP:
	case LOP_JCC:
	case LOP_SETCC:
	case LOP_CALL:
	case LOP_CALL_HOST:
	case LOP_CALL_SUB:
	case LOP_CALLX:
	case LOP_TAIL_CALL:
	case LOP_EXIT:
	case LOP_LOAD_PACKET:
	case LOP_MAY_GOTO:
	case LOP_GOTOX:
	case LOP_POLL:
	case LOP_FENCE:
	case LOP_CPU:
		lop_control(e, l);
		break;
	case LOP_OP_CNT:
		break;
	}
}

/*
 * Forms: one branch; for conditions, one over the other; at last an address in IP0, which adrp and
 * add reach within 4 GiB, and for calls out of the program movz and movk anywhere.
 */
enum { FORM_NEAR, FORM_OVER, FORM_FAR };

/* @disp is from the end of the site, whose last word branches. */
static bool site_reaches(enum jit_site_kind kind, u32 form, s64 disp)
{
	const s64 off = disp + 4, page_reach = (1LL << 32) - 2 * (s64)PAGE;

	switch (kind) {
	case JIT_SITE_JCC:
		return form == FORM_NEAR ? a64_off19_fits(off) : a64_off26_fits(off);
	case JIT_SITE_ADDR:
		return a64_off19_fits(off);
	case JIT_SITE_EXT:
		return form == FORM_NEAR ? a64_off26_fits(off) :
					   off > -page_reach && off < page_reach;
	case JIT_SITE_JMP:
	case JIT_SITE_CALL:
		break;
	}
	return a64_off26_fits(off);
}

/* reg = @to, two words at @addr. */
static void put_address(struct jit_buf *b, u32 reg, u64 addr, u64 to)
{
	a64_put(b, a64_adrp(reg, (s64)((to & ~(PAGE - 1)) - (addr & ~(PAGE - 1)))));
	a64_put(b, a64_add_imm(true, reg, reg, (u32)to & (u32)(PAGE - 1)));
}

/* The branch of @site on its condition, or on the opposite. */
static u32 branch_on(const struct jit_site *site, bool opposite, s64 off)
{
	const u32 cond = site->cond, reg = cond & 31;
	const bool w = cond & A64_SITE_CB_W;

	if (!(cond & A64_SITE_CB))
		return a64_bcond(cond ^ opposite, off);
	return !(cond & A64_SITE_CB_NZ) == opposite ? a64_cbnz(w, reg, off) :
						      a64_cbz(w, reg, off);
}

static void write_jcc(struct jit_buf *b, const struct jit_site *site, u64 addr, u64 to)
{
	const s64 off = (s64)(to - addr);

	if (site->form == FORM_NEAR) {
		a64_put(b, branch_on(site, false, off));
	} else if (site->form == FORM_OVER) {
		a64_put(b, branch_on(site, true, 8));
		a64_put(b, a64_b(off - 4));
	} else {
		a64_put(b, branch_on(site, true, 16));
		put_address(b, IP0, addr + 4, to);
		a64_put(b, a64_br(IP0));
	}
}

static void write_ext(struct jit_buf *b, const struct jit_site *site, u64 addr, u64 to)
{
	if (site->form == FORM_NEAR) {
		a64_put(b, a64_bl((s64)(to - addr)));
		return;
	}
	if (site->form == FORM_OVER) {
		put_address(b, IP0, addr, to);
	} else { /* always of full length, whatever the address */
		a64_put(b, a64_movz(true, IP0, (u32)to & 0xffff, 0));
		for (u32 half = 1; half < 4; half++)
			a64_put(b, a64_movk(true, IP0, (u32)(to >> 16 * half) & 0xffff, half));
	}
	a64_put(b, a64_blr(IP0));
}

static void site_write(u8 *p, const struct jit_site *site, u64 addr, u64 to)
{
	struct jit_buf b = { .p = p };
	const s64 off = (s64)(to - addr);

	switch ((enum jit_site_kind)site->kind) {
	case JIT_SITE_JMP:
		if (site->form == FORM_NEAR) {
			a64_put(&b, a64_b(off));
		} else {
			put_address(&b, IP0, addr, to);
			a64_put(&b, a64_br(IP0));
		}
		break;
	case JIT_SITE_CALL:
		if (site->form == FORM_NEAR) {
			a64_put(&b, a64_bl(off));
		} else {
			put_address(&b, IP0, addr, to);
			a64_put(&b, a64_blr(IP0));
		}
		break;
	case JIT_SITE_JCC:
		write_jcc(&b, site, addr, to);
		break;
	case JIT_SITE_EXT:
		write_ext(&b, site, addr, to);
		break;
	case JIT_SITE_ADDR:
		if (site->form == FORM_NEAR)
			a64_put(&b, a64_adr(site->cond, off));
		else
			put_address(&b, site->cond, addr, to);
		break;
	}
}

static bool load_be(u64 features)
{
	(void)features;
	return false; /* a load and a rev */
}

const struct jit_target jit_target_arm64 = {
	.name = "arm64",
	.elf_machine = ELF_MACHINE,
	.trap_word = TRAP,
	.unwind = &jit_unwind_arm64,
	.reach_bytes = 112ull << 20,
	.regs = { R0, A64_X0, A64_X1, A64_X2, A64_X3, A64_X4, A64_X19, A64_X20, A64_X21, A64_X22,
		  A64_FP },
	.run_reg = RUN,
	.load_be = load_be,
	.site_bytes = {
		[JIT_SITE_JMP] = { 4, 12, 0 },
		[JIT_SITE_JCC] = { 4, 8, 16 },
		[JIT_SITE_CALL] = { 4, 12, 0 },
		[JIT_SITE_EXT] = { 4, 12, 20 },
		[JIT_SITE_ADDR] = { 4, 8, 0 },
	},
	.site_reaches = site_reaches,
	.site_write = site_write,
	.k_regs = a64_k_regs,
	.prologue = a64_prologue,
	.lop = lop,
	.cold = a64_cold,
	.tail = a64_tail,
	.thunk = a64_thunk,
};
