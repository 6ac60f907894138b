/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * x86_64_meant CODE TEXT [STEP]: all that the encoders for x86-64 can say, with what was meant.
 * Registers and pairs of registers are complete; so are addresses for each instruction that takes
 * one (every STEPth of them), whose other operand takes turns.
 */
#include "meant.h"
#include "jit/x86_64/enc.h"

static const u32 widths[] = { 8, 16, 32, 64 };
static const s32 imms[] = { 0,	  1,	-1,   127,     128,	-128,	 -129,
			    255, 1000, 32767, 0x8000, 0xffff, INT32_MAX, INT32_MIN };
static const s32 disps[] = { 0, 1, -1, 127, 128, -128, -129, INT32_MAX, INT32_MIN };
static const u64 wides[] = {
	0, 1, 0x7f, 0x80, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
	0x123456789abcdef0, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffff7fffffff,
	0xffffffff80000000, 0xffffffffffffff7f, 0xffffffffffffff80, 0xffffffffffffffff,
};

static const char *const names8[] = {
	"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil",
	"r8b", "r9b", "r10b", "r11b", "r12b", "r13b", "r14b", "r15b",
};
static const char *const names16[] = {
	"ax", "cx", "dx", "bx", "sp", "bp", "si", "di",
	"r8w", "r9w", "r10w", "r11w", "r12w", "r13w", "r14w", "r15w",
};
static const char *const names32[] = {
	"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi",
	"r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d",
};
static const char *const names64[] = {
	"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
	"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
};
static const char *const alus[] = { "add", "or", "adc", "sbb", "and", "sub", "xor", "cmp" };
static const char *const conditions[] = { "o", "no", "b", "ae", "e", "ne", "be", "a",
					  "s", "ns", "p", "np", "l", "ge", "le", "g" };
static const struct {
	u32 op;
	const char *name;
} shifts[] = { { X86_ROL, "rol" },
	       { X86_ROR, "ror" },
	       { X86_SHL, "shl" },
	       { X86_SHR, "shr" },
	       { X86_SAR, "sar" } };

static const char *name(u32 bits, u32 reg)
{
	return (bits == 8 ? names8 : bits == 16 ? names16 : bits == 32 ? names32 : names64)[reg];
}

static u32 bits_of(u32 w)
{
	return w ? 64 : 32;
}

/* @imm as an operand of @bits: as the disassembler shows it, without sign. */
static unsigned long long shown(u32 bits, s32 imm)
{
	const u64 wide = (u64)(s64)imm;

	return wide & UINT64_MAX >> (64 - bits);
}

/* --- registers and immediates --- */

static void one_register(struct meant *t, u32 w, u32 r)
{
	const char *n = name(bits_of(w), r);

	x86_not(meant(t, "not %s", n), w, r);
	x86_neg(meant(t, "neg %s", n), w, r);
	x86_mul(meant(t, "mul %s", n), w, r);
	x86_imul1(meant(t, "imul %s", n), w, r);
	x86_div(meant(t, "div %s", n), w, r);
	x86_idiv(meant(t, "idiv %s", n), w, r);
	x86_bswap(meant(t, "bswap %s", n), w, r);
	for (u32 i = 0; i < ARRAY_SIZE(shifts); i++) {
		x86_shift_cl(meant(t, "%s %s,cl", shifts[i].name, n), shifts[i].op, w, r);
		for (u32 k = 0; k < 64; k++)
			x86_shift_ri(meant(t, k == 1 ? "%s %s,%u" : "%s %s,0x%x", shifts[i].name, n,
					   k),
				     shifts[i].op, w, r, k);
	}
	for (u32 i = 0; i < ARRAY_SIZE(imms); i++) {
		const s32 imm = imms[i];
		const bool byte = imm >= 0 && imm <= 127;
		const u32 test_bits = byte ? 8 : imm >= 0 ? 32 : bits_of(w);

		for (u32 op = 0; op < ARRAY_SIZE(alus); op++)
			x86_alu_ri(meant(t, "%s %s,0x%llx", alus[op], n, shown(bits_of(w), imm)),
				   op, w, r, imm);
		x86_test_ri(meant(t, "test %s,0x%llx", name(test_bits, r), shown(test_bits, imm)),
			    w, r, imm);
	}
}

static void one_register64(struct meant *t, u32 r)
{
	const char *n = name(64, r);

	x86_push(meant(t, "push %s", n), r);
	x86_pop(meant(t, "pop %s", n), r);
	x86_call_r(meant(t, "call %s", n), r);
	x86_jmp_r(meant(t, "jmp %s", n), r);
	x86_zero(meant(t, "xor %s,%s", name(32, r), name(32, r)), r);
	for (u32 cc = 0; cc < 16; cc++)
		x86_setcc(meant(t, "set%s %s", conditions[cc], name(8, r)), cc, r);
	for (u32 k = 0; k < 16; k++)
		x86_rol16_ri(meant(t, k == 1 ? "rol %s,%u" : "rol %s,0x%x", name(16, r), k), r, k);
	for (u32 i = 0; i < ARRAY_SIZE(wides); i++) {
		const u64 v = wides[i];
		const bool half = v <= UINT32_MAX, sign = !half && v >= 0xffffffff80000000;

		x86_mov_ri(meant(t, "%s %s,0x%llx", half || sign ? "mov" : "movabs",
				 name(half ? 32 : 64, r), (unsigned long long)v),
			   r, v);
		x86_mov_ri32(meant(t, "mov %s,0x%x", name(32, r), (u32)v), r, (u32)v);
	}
	for (u32 i = 0; i < ARRAY_SIZE(disps); i++) {
		const s32 rel = disps[i];

		x86_lea_rip(meant(t, "lea %s,[rip%c0x%llx]", n, rel < 0 ? '-' : '+',
				  (unsigned long long)(rel < 0 ? -(s64)rel : rel)),
			    r, rel);
	}
}

static void two_registers(struct meant *t, u32 w, u32 d, u32 s)
{
	const char *dn = name(bits_of(w), d), *sn = name(bits_of(w), s);

	for (u32 op = 0; op < ARRAY_SIZE(alus); op++)
		x86_alu_rr(meant(t, "%s %s,%s", alus[op], dn, sn), op, w, d, s);
	for (u32 cc = 0; cc < 16; cc++)
		x86_cmov(meant(t, "cmov%s %s,%s", conditions[cc], dn, sn), cc, w, d, s);
	x86_test_rr(meant(t, "test %s,%s", dn, sn), w, d, s);
	x86_mov_rr(meant(t, "mov %s,%s", dn, sn), w, d, s);
	x86_imul_rr(meant(t, "imul %s,%s", dn, sn), w, d, s);
	/* Either order is the same exchange; the short form has rax second. */
	x86_xchg_rr(meant(t, "xchg %s,%s", d ? dn : sn, d ? sn : dn), w, d, s);
	for (u32 i = 0; i < ARRAY_SIZE(imms); i++)
		x86_imul_rri(meant(t, "imul %s,%s,0x%llx", dn, sn, shown(bits_of(w), imms[i])), w,
			     d, s, imms[i]);
	for (u32 k = 0; k < 64; k++)
		x86_rorx(meant(t, "rorx %s,%s,0x%x", dn, sn, k), w, d, s, k);
	x86_movsx(meant(t, "movsx %s,%s", dn, name(8, s)), 8, w, d, s);
	x86_movsx(meant(t, "movsx %s,%s", dn, name(16, s)), 16, w, d, s);
	x86_movsx(meant(t, "%s %s,%s", w ? "movsxd" : "mov", dn, name(32, s)), 32, w, d, s);
	if (w)
		return;
	x86_movzx(meant(t, "movzx %s,%s", dn, name(8, s)), 8, d, s);
	x86_movzx(meant(t, "movzx %s,%s", dn, name(16, s)), 16, d, s);
	x86_movzx(meant(t, "mov %s,%s", dn, sn), 32, d, s);
}

static void three_registers(struct meant *t, u32 w, u32 d, u32 s)
{
	const char *dn = name(bits_of(w), d), *sn = name(bits_of(w), s);

	for (u32 c = 0; c < 16; c++) {
		const char *cn = name(bits_of(w), c);

		x86_shlx(meant(t, "shlx %s,%s,%s", dn, sn, cn), w, d, s, c);
		x86_shrx(meant(t, "shrx %s,%s,%s", dn, sn, cn), w, d, s, c);
		x86_sarx(meant(t, "sarx %s,%s,%s", dn, sn, cn), w, d, s, c);
		x86_andn(meant(t, "andn %s,%s,%s", dn, sn, cn), w, d, s, c);
		x86_mulx(meant(t, "mulx %s,%s,%s", dn, sn, cn), w, d, s, c);
	}
}

static void registers(struct meant *t)
{
	for (u32 r = 0; r < 16; r++)
		one_register64(t, r);
	for (u32 w = 0; w < 2; w++) {
		for (u32 d = 0; d < 16; d++) {
			one_register(t, w, d);
			for (u32 s = 0; s < 16; s++) {
				two_registers(t, w, d, s);
				three_registers(t, w, d, s);
			}
		}
	}
}

/* --- memory --- */

struct address {
	struct x86_mem mem;
	u32 turn; /* whose turn it is of the other operands */
	char text[80];
};

static void address_text(struct address *a)
{
	const struct x86_mem *m = &a->mem;
	const bool base = m->base != X86_NO_REG, index = m->index != X86_NO_REG;
	char in[48], disp[16];

	if (!base && !index) {
		snprintf(a->text, sizeof(a->text), "ds:0x%llx", shown(64, m->disp));
		return;
	}
	if (index)
		snprintf(in, sizeof(in), "%s%s*%u", base ? "+" : "", names64[m->index],
			 1u << m->scale);
	snprintf(disp, sizeof(disp), "%c0x%llx", m->disp < 0 ? '-' : '+',
		 (unsigned long long)(m->disp < 0 ? -(s64)m->disp : m->disp));
	snprintf(a->text, sizeof(a->text), "[%s%s%s]", base ? names64[m->base] : "",
		 index ? in : "", m->disp ? disp : "");
}

/* The next register, and its name. */
static u32 next(struct address *a)
{
	return a->turn++ % 16;
}

static s32 next_imm(struct address *a)
{
	return imms[a->turn++ % ARRAY_SIZE(imms)];
}

static const char *ptr(u32 bits)
{
	if (bits <= 16)
		return bits == 8 ? "BYTE PTR" : "WORD PTR";
	return bits == 32 ? "DWORD PTR" : "QWORD PTR";
}

static void memory_moves(struct meant *t, struct address *a, u32 bits)
{
	const char *p = ptr(bits), *m = a->text;
	u32 r = next(a), w;
	s32 imm;

	x86_load(meant(t, "%s %s,%s %s", bits <= 16 ? "movzx" : "mov", name(MAX(bits, 32), r), p,
		       m),
		 bits, r, a->mem);
	for (w = 0; w < 2 && bits <= 32; w++) {
		r = next(a);
		x86_load_sx(meant(t, "%s %s,%s %s",
				  bits <= 16 ? "movsx" : w ? "movsxd" : "mov",
				  name(bits_of(w), r), p, m),
			    bits, w, r, a->mem);
	}
	r = next(a);
	x86_store(meant(t, "mov %s %s,%s", p, m, name(bits, r)), bits, a->mem, r);
	imm = next_imm(a);
	x86_store_imm(meant(t, "mov %s %s,0x%llx", p, m, shown(bits, imm)), bits, a->mem, imm);
	if (bits == 8)
		return;
	r = next(a);
	x86_movbe_load(meant(t, "movbe %s,%s %s", name(bits, r), p, m), bits, r, a->mem);
	r = next(a);
	x86_movbe_store(meant(t, "movbe %s %s,%s", p, m, name(bits, r)), bits, a->mem, r);
}

static void memory_alu(struct meant *t, struct address *a, u32 bits)
{
	const char *p = ptr(bits), *m = a->text;
	u32 r;
	s32 imm;

	for (u32 op = 0; op < ARRAY_SIZE(alus); op++) {
		r = next(a);
		x86_alu_mr(meant(t, "%s %s %s,%s", alus[op], p, m, name(bits, r)), op, bits,
			   a->mem, r);
		imm = next_imm(a);
		x86_alu_mi(meant(t, "%s %s %s,0x%llx", alus[op], p, m, shown(bits, imm)), op, bits,
			   a->mem, imm);
		if (bits < 32)
			continue;
		r = next(a);
		x86_alu_rm(meant(t, "%s %s,%s %s", alus[op], name(bits, r), p, m), op, bits == 64,
			   r, a->mem);
	}
	imm = next_imm(a);
	x86_test_mi(meant(t, "test %s %s,0x%llx", p, m, shown(bits, imm)), bits, a->mem, imm);
}

static void memory_wide(struct meant *t, struct address *a, u32 w)
{
	const char *p = ptr(bits_of(w)), *m = a->text;
	const u32 bits = bits_of(w);
	struct jit_buf *b;
	u32 r = next(a);

	x86_lea(meant(t, "lea %s,%s", name(bits, r), m), w, r, a->mem);
	r = next(a);
	x86_imul_rm(meant(t, "imul %s,%s %s", name(bits, r), p, m), w, r, a->mem);
	r = next(a);
	x86_xchg_m(meant(t, "xchg %s %s,%s", p, m, name(bits, r)), bits, a->mem, r);
	r = next(a);
	b = meant(t, "lock xadd %s %s,%s", p, m, name(bits, r));
	x86_lock(b);
	x86_xadd(b, bits, a->mem, r);
	r = next(a);
	b = meant(t, "lock cmpxchg %s %s,%s", p, m, name(bits, r));
	x86_lock(b);
	x86_cmpxchg(b, bits, a->mem, r);
	r = next(a);
	b = meant(t, "lock and %s %s,%s", p, m, name(bits, r));
	x86_lock(b);
	x86_alu_mr(b, X86_AND, bits, a->mem, r);
	if (w) {
		x86_call_m(meant(t, "call %s %s", p, m), a->mem);
		x86_jmp_m(meant(t, "jmp %s %s", p, m), a->mem);
	}
}

static void one_address(struct meant *t, struct address *a)
{
	address_text(a);
	for (u32 i = 0; i < ARRAY_SIZE(widths); i++) {
		memory_moves(t, a, widths[i]);
		memory_alu(t, a, widths[i]);
	}
	memory_wide(t, a, 0);
	memory_wide(t, a, 1);
}

/* Number @i of all addresses, or false when it is none. */
static bool address_nth(struct address *a, u32 i)
{
	const s32 disp = disps[i % ARRAY_SIZE(disps)];
	const u32 rest = i / ARRAY_SIZE(disps), scale = rest % 4, index = rest / 4 % 17;
	const u32 base = rest / 4 / 17;

	if (index == X86_RSP || (index == 16 && scale))
		return false;
	if (index < 16)
		a->mem = x86_at_index(base < 16 ? base : X86_NO_REG, index, scale, disp);
	else
		a->mem = x86_at(base < 16 ? base : X86_NO_REG, disp);
	return true;
}

static void addresses(struct meant *t, u32 step)
{
	const u32 count = (u32)ARRAY_SIZE(disps) * 4 * 17 * 17;
	struct address a = { .turn = 0 };

	for (u32 i = 0; i < count; i += step) {
		if (!address_nth(&a, i))
			continue;
		one_address(t, &a);
		a.turn = i / step + 1;
	}
}

/* --- the rest --- */

/* The address that @rel means in an instruction of @size bytes that begins here. */
static unsigned long long target(struct meant *t, u32 size, s32 rel)
{
	return t->buf.len + size + (u64)(s64)rel;
}

static void jumps(struct meant *t)
{
	for (u32 i = 0; i < ARRAY_SIZE(disps); i++) {
		const s32 rel = disps[i];
		const bool is_short = rel >= -128 && rel <= 127;

		for (u32 cc = 0; cc < 16; cc++) {
			x86_jcc32(meant(t, "j%s 0x%llx", conditions[cc], target(t, 6, rel)), cc,
				  rel);
			if (is_short)
				x86_jcc8(meant(t, "j%s 0x%llx", conditions[cc], target(t, 2, rel)),
					 cc, (s8)rel);
		}
		x86_jmp32(meant(t, "jmp 0x%llx", target(t, 5, rel)), rel);
		if (is_short)
			x86_jmp8(meant(t, "jmp 0x%llx", target(t, 2, rel)), (s8)rel);
		x86_call32(meant(t, "call 0x%llx", target(t, 5, rel)), rel);
	}
}

static void bare(struct meant *t)
{
	x86_cqo(meant(t, "cdq"), false);
	x86_cqo(meant(t, "cqo"), true);
	x86_ret(meant(t, "ret"));
	x86_leave(meant(t, "leave"));
	x86_mfence(meant(t, "mfence"));
	x86_lfence(meant(t, "lfence"));
	x86_endbr64(meant(t, "endbr64"));
	x86_int3(meant(t, "int3"));
	x86_ud2(meant(t, "ud2"));
	x86_rdtsc(meant(t, "rdtsc"));
}

/* One instruction each; more than 9 bytes are nine and the rest. */
static void nops(struct meant *t)
{
	static const char *const texts[] = { "nop",
					     "xchg ax,ax",
					     "nop DWORD PTR [rax]",
					     "nop DWORD PTR [rax+0x0]",
					     "nop DWORD PTR [rax+rax*1+0x0]",
					     "nop WORD PTR [rax+rax*1+0x0]",
					     "nop DWORD PTR [rax+0x0]",
					     "nop DWORD PTR [rax+rax*1+0x0]",
					     "nop WORD PTR [rax+rax*1+0x0]" };

	for (u32 n = 1; n <= 9; n++)
		x86_nop(meant(t, "%s", texts[n - 1]), n);
	for (u32 n = 0; n <= 40; n++) {
		const u32 begin = t->buf.len;

		x86_nop(&t->buf, n);
		if (t->buf.len != begin + n) {
			fprintf(stderr, "x86_nop(%u) has %u bytes\n", n, t->buf.len - begin);
			exit(1);
		}
		t->buf.len = begin;
	}
}

int main(int argc, char **argv)
{
	const long step = argc > 3 ? strtol(argv[3], NULL, 10) : 1;
	struct meant t;

	if (argc < 3 || step < 1) {
		fprintf(stderr, "usage: %s CODE TEXT [STEP]\n", argv[0]);
		return 2;
	}
	meant_init(&t, argv[1], argv[2]);
	bare(&t);
	nops(&t);
	jumps(&t);
	registers(&t);
	addresses(&t, (u32)step);
	return meant_done(&t);
}
