/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * isa_check_insn against the live kernel: words with random fields, alone between an
 * initialisation of all registers and an exit. What we refuse, the kernel refuses in the same
 * words; what we accept, it does not refuse for its encoding.
 */
#include <stdlib.h>
#include <sys/utsname.h>

#include "isa/check.h"
#include "tests/kernel_bpf.h"
#include "tests/tap.h"

#define TRIALS 12000

static char log_text[1 << 16];
static u64 rng = 20251120;

static u32 random_below(u32 bound)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (u32)(rng >> 32) % bound;
}

static s32 random_value(void)
{
	static const s32 values[] = { 0,  0,  0,  1, 2,	   8,	 16,	31,    32,   63,
				      64, -1, -8, 5, 0xe1, 0xf1, 0x100, 0x110, 0xa1, 0x10000 };

	return values[random_below(ARRAY_SIZE(values))];
}

static struct insn random_insn(void)
{
	struct insn i = insn_make(0, 0, 0, 0, 0);

	if (random_below(4) == 0)
		i.code = (u8)random_below(256);
	else
		i = isa_template((enum isa_op)(1 + random_below(ISA_OP_CNT - 1)));
	i.dst = random_below(16) & 0xf;
	if (random_below(3))
		i.src = random_below(12) & 0xf;
	if (random_below(3) == 0)
		i.off = (s16)random_value();
	if (random_below(2))
		i.imm = random_value();
	return i;
}

/* True when the log says that the word itself is wrong. */
static bool kernel_blames_encoding(void)
{
	static const char *const words[] = {
		"reserved fields", "unknown opcode",	 "invalid atomic op", "is invalid\n",
		"invalid shift",   "div by zero",	 "frame pointer is read only",
		"may_goto imm",	   "unrecognized bpf_ld", "invalid bpf_ld_imm64",
		"atomic opcode",   "only convert between",
	};
	u32 n;

	for (n = 0; n < ARRAY_SIZE(words); n++)
		if (strstr(log_text, words[n]))
			return true;
	return false;
}

/* Jumps and calls are about more than one word. */
static bool is_out_of_scope(const struct insn *i)
{
	const struct isa_info *info = isa_info(isa_decode(i));
	s64 target;
	const u8 class = i->code & 7;

	return (isa_target(i, isa_decode(i), 0, &target) && target != 1) ||
	       ((class == 5 || class == 6) && i->off) ||
	       info->family == ISA_FAMILY_CALL || info->family == ISA_FAMILY_EXIT ||
	       (info->family == ISA_FAMILY_LDDW && i->src);
}

static u32 build(struct insn *prog, const struct insn *i)
{
	u32 cnt = 0, reg;

	for (reg = 0; reg < 10; reg++)
		if (reg != 1)
			prog[cnt++] = insn_make(0xb7, reg, 0, 0, 8);
	prog[cnt++] = *i;
	if (i->code == isa_info(ISA_LDDW_IMM)->code)
		prog[cnt++] = insn_make(0, 0, 0, 0, 0);
	prog[cnt++] = insn_make(0xb7, 0, 0, 0, 0);
	prog[cnt++] = insn_make(0x95, 0, 0, 0, 0);
	return cnt;
}

static void explain(const struct insn *i, int err, const struct isa_reason *reason, int fd)
{
	size_t len = strlen(log_text);

	tap_diag("code %02x dst %u src %u off %d imm 0x%x: we say %d '%s', kernel %d", i->code,
		 i->dst, i->src, i->off, (u32)i->imm, err, reason->text, fd);
	tap_diag("%.300s", len > 300 ? log_text + len - 300 : log_text);
}

/* Functions, jumps and halves of lddw: programs of a few words, most of them jumps. */
static u32 random_program(struct insn *prog)
{
	const u32 wanted = 2 + random_below(10);
	u32 cnt = 0;

	while (cnt < wanted) {
		const u32 kind = random_below(12);
		const s16 off = (s16)(random_below(wanted + 4) - random_below(wanted + 2));

		if (kind < 3)
			prog[cnt++] = insn_make(0xb7, random_below(10), 0, 0, 1);
		else if (kind < 6)
			prog[cnt++] = insn_make(0x15, 0, 0, off, 1);
		else if (kind == 6)
			prog[cnt++] = insn_make(0x05, 0, 0, off, 0);
		else if (kind == 7)
			prog[cnt++] = insn_make(0x06, 0, 0, 0, off);
		else if (kind == 8)
			prog[cnt++] = insn_make(0x85, 0, 1, 0, off);
		else if (kind == 9 || kind == 10)
			prog[cnt++] = insn_make(0x95, 0, 0, 0, 0);
		else
			prog[cnt++] = insn_make(0x18, 1, 0, 0, 1);
		if (kind == 11 && random_below(8))
			prog[cnt++] = insn_make(0, 0, 0, 0, 0);
	}
	if (random_below(4))
		prog[cnt++] = insn_make(0x95, 0, 0, 0, 0);
	return cnt;
}

static bool kernel_blames_flow(void)
{
	static const char *const words[] = {
		"jump out of range", "unreachable insn",    "last insn is not",
		"middle of ldimm64", "invalid destination", "invalid bpf_ld_imm64",
	};
	u32 n;

	for (n = 0; n < ARRAY_SIZE(words); n++)
		if (strstr(log_text, words[n]))
			return true;
	return false;
}

static void test_flow(void)
{
	u32 trial, disagree = 0, refused = 0, accepted = 0;

	for (trial = 0; trial < TRIALS && disagree < 5; trial++) {
		struct isa_reason reason = { 0 };
		struct insn prog[16];
		const u32 cnt = random_program(prog);
		const int err = isa_check(prog, cnt, 0, &reason);
		const int fd = kernel_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, prog, cnt, log_text,
						sizeof(log_text));
		u32 n;

		if (fd >= 0)
			close(fd);
		refused += err != 0;
		accepted += err == 0;
		if (err ? fd < 0 && kernel_blames_flow() : !kernel_blames_flow())
			continue;
		disagree++;
		explain(&prog[reason.insn_idx], err, &reason, fd);
		for (n = 0; n < cnt; n++)
			tap_diag("%u: %02x src %u off %d imm %d", n, prog[n].code, prog[n].src,
				 prog[n].off, prog[n].imm);
	}
	tap_eq(disagree, 0, "programs whose control flow the kernel judges otherwise");
	tap_ok(refused > 1000 && accepted > 100, "%u refused and %u accepted programs compared",
	       refused, accepted);
}

int main(void)
{
	u32 trial, disagree = 0, refused = 0, accepted = 0;
	struct utsname name;

	if (!kernel_bpf_allowed())
		return tap_skip_all("bpf(2) is refused here");
	if (uname(&name) || strncmp(name.release, "6.18.", 5))
		return tap_skip_all("the running kernel is not the reference, 6.18");
	for (trial = 0; trial < TRIALS && disagree < 10; trial++) {
		struct insn prog[16], i = random_insn();
		struct isa_reason reason = { 0 };
		u32 cnt;
		int err, fd;

		if (is_out_of_scope(&i))
			continue;
		cnt = build(prog, &i);
		err = isa_check_insn(&prog[9], 0, &reason);
		fd = kernel_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, prog, cnt, log_text,
				      sizeof(log_text));
		if (fd >= 0)
			close(fd);
		refused += err != 0;
		accepted += err == 0;
		/* An atomic's address is judged before its register. */
		if (err == -EACCES && fd == -EACCES)
			continue;
		if (err ? fd < 0 && strstr(log_text, reason.text) : !kernel_blames_encoding())
			continue;
		disagree++;
		explain(&i, err, &reason, fd);
	}
	tap_eq(disagree, 0, "words that the kernel judges otherwise");
	tap_ok(refused > 1000 && accepted > 1000, "%u refused and %u accepted words compared",
	       refused, accepted);
	test_flow();
	return tap_done();
}
