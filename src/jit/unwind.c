/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * .eh_frame (Linux Standard Base, "Exception Frames"; call frame instructions: DWARF 5, 6.4.2):
 * one CIE with what holds at every entry, an FDE for each function. Addresses are absolute.
 */
#include "jit/unwind.h"

#include "jit/dwarf.h"

#define DATA_ALIGN (-8)

enum {
	CFA_NOP = 0x00,
	CFA_ADVANCE1 = 0x02,
	CFA_ADVANCE4 = 0x04,
	CFA_SAME_VALUE = 0x08,
	CFA_REMEMBER = 0x0a,
	CFA_RESTORE_STATE = 0x0b,
	CFA_DEF_CFA = 0x0c,
	CFA_ADVANCE = 0x40, /* with the delta in its low 6 bits */
	CFA_OFFSET = 0x80,  /* with the register there */
};

const struct jit_unwind_isa jit_unwind_x86_64 = {
	.sp = 7, .return_reg = 16, .code_align = 1, .cfa_off = 8, .return_off = -8
};

const struct jit_unwind_isa jit_unwind_arm64 = {
	.sp = 31, .return_reg = 30, .code_align = 4, .cfa_off = 0, .return_off = 0
};

u8 jit_unwind_x86_64_reg(u32 native)
{
	/* rax rcx rdx rbx rsp rbp rsi rdi (System V ABI, figure 3.36) */
	static const u8 low[] = { 0, 2, 1, 3, 7, 6, 4, 5 };

	return native < ARRAY_SIZE(low) ? low[native] : (u8)native;
}

static void pad8(struct str *s, size_t begin)
{
	/* The length field is not part of what it counts. */
	while (!s->failed && (s->len - begin + 4) % 8)
		dwarf_u8(s, CFA_NOP);
}

static void cfa(struct str *s, u32 reg, s64 off)
{
	dwarf_u8(s, CFA_DEF_CFA);
	dwarf_uleb(s, reg);
	dwarf_uleb(s, (u64)off);
}

static void saved(struct str *s, u32 reg, s32 off)
{
	dwarf_u8(s, CFA_OFFSET | reg);
	dwarf_uleb(s, (u64)(off / DATA_ALIGN));
}

static void cie(const struct jit_unwind_isa *isa, struct str *s)
{
	size_t begin = dwarf_length_begin(s);

	dwarf_u32(s, 0); /* a CIE */
	dwarf_u8(s, 1);  /* version */
	dwarf_u8(s, 0);  /* no augmentation: addresses are absolute, 8 bytes */
	dwarf_uleb(s, isa->code_align);
	dwarf_sleb(s, DATA_ALIGN);
	dwarf_u8(s, isa->return_reg);
	cfa(s, isa->sp, isa->cfa_off);
	if (isa->return_off)
		saved(s, isa->return_reg, isa->return_off);
	pad8(s, begin);
	dwarf_length_end(s, begin);
}

static void advance(struct str *s, u32 units)
{
	if (!units)
		return;
	if (units < 0x40) {
		dwarf_u8(s, CFA_ADVANCE | units);
	} else if (units <= UINT8_MAX) {
		dwarf_u8(s, CFA_ADVANCE1);
		dwarf_u8(s, units);
	} else {
		dwarf_u8(s, CFA_ADVANCE4);
		dwarf_u32(s, units);
	}
}

static void step(struct str *s, const struct jit_unwind_step *st)
{
	switch ((enum jit_unwind_kind)st->kind) {
	case JIT_UNWIND_CFA:
		cfa(s, st->reg, st->off);
		break;
	case JIT_UNWIND_SAVED:
		saved(s, st->reg, st->off);
		break;
	case JIT_UNWIND_KEPT:
		dwarf_u8(s, CFA_SAME_VALUE);
		dwarf_uleb(s, st->reg);
		break;
	case JIT_UNWIND_PUSH:
		dwarf_u8(s, CFA_REMEMBER);
		break;
	case JIT_UNWIND_POP:
		dwarf_u8(s, CFA_RESTORE_STATE);
		break;
	}
}

static void fde(const struct jit_unwind_isa *isa, u64 base, const struct jit_debug_func *f,
		size_t cie_at, struct str *s)
{
	size_t begin = dwarf_length_begin(s);
	u32 at = f->start;

	dwarf_u32(s, (u32)(begin - cie_at)); /* from this field back to the CIE */
	dwarf_u64(s, base + f->start);
	dwarf_u64(s, f->end - f->start);
	for (u32 i = 0; i < f->step_cnt; i++) {
		advance(s, (f->steps[i].at - at) / isa->code_align);
		at = f->steps[i].at;
		step(s, &f->steps[i]);
	}
	pad8(s, begin);
	dwarf_length_end(s, begin);
}

void jit_unwind_build(const struct jit_unwind_isa *isa, u64 base,
		      const struct jit_debug_func *funcs, u32 func_cnt, struct str *out)
{
	size_t cie_at = out->len;

	cie(isa, out);
	for (u32 i = 0; i < func_cnt; i++)
		fde(isa, base, &funcs[i], cie_at, out);
	dwarf_u32(out, 0); /* the end */
}
