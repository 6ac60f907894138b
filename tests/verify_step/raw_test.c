/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verifier called with what the loader of core/ refuses before it: it rests on no other check.
 * And the words for a number whose ranges contradict each other, which no program is known to
 * make in each way.
 */
#include "base/err.h"
#include "base/mem.h"
#include "prog/prog.h"
#include "tests/tap.h"
#include "verify/step/step_int.h"
#include "verify/verify.h"

static char text[1 << 16];

static void refused(const struct insn *insns, u32 cnt, int want, const char *why)
{
	const struct verify_opts opts = { .rights = VERIFY_PRIV, .log_level = VLOG_1,
					  .log_buf = text, .log_bytes = sizeof(text) };
	struct verify_result result = { 0 };
	struct prog *prog;
	int err = prog_new_raw(insns, cnt, "raw", &prog);

	text[0] = 0;
	if (err) {
		tap_eq(err, 0, "%s: a program", why);
		return;
	}
	prog->type = PROG_TYPE_SOCKET_FILTER;
	prog->gpl_compatible = true;
	err = verify_prog(prog, &opts, &result);
	tap_ok(err == want && strstr(text, why), "%s", why);
	if (err != want || !strstr(text, why))
		tap_diag("%d: %s", err, text);
	verify_result_fini(&result);
	prog_put(prog);
}

static void test_refused(void)
{
	static struct insn many[3 * 257];
	const struct insn kfunc[] = {
		insn_make(0x85, 0, 2, 0, 7777), insn_make(0xb7, 0, 0, 0, 0),
		insn_make(0x95, 0, 0, 0, 0),
	};
	const struct insn nowhere[] = {
		insn_make(0x85, 0, 1, 0, 100), insn_make(0xb7, 0, 0, 0, 0),
		insn_make(0x95, 0, 0, 0, 0),
	};
	const struct insn before[] = {
		insn_make(0x85, 0, 1, 0, -100), insn_make(0xb7, 0, 0, 0, 0),
		insn_make(0x95, 0, 0, 0, 0),
	};
	u32 n = 0;

	for (u32 i = 0; i < 256; i++)
		many[n++] = insn_make(0x85, 0, 1, 0, (s32)(257 + i));
	for (u32 i = 0; i < 257; i++) {
		many[n++] = insn_make(0xb7, 0, 0, 0, 0);
		many[n++] = insn_make(0x95, 0, 0, 0, 0);
	}
	refused(kfunc, 3, -EOPNOTSUPP, "kernel function #7777 is not supported yet");
	refused(nowhere, 3, -EINVAL, "call to invalid destination");
	refused(before, 3, -EINVAL, "call to invalid destination");
	refused(many, n, -E2BIG, "too many subprograms");
}

struct contradiction {
	struct scalar s;
	const char *says;
};

/* reg_bounds_sanity_check */
static void test_unbound(void)
{
	const struct scalar five = scalar_const(5), any = scalar_unknown();
	struct contradiction rows[] = {
		{ any, "range bounds violation u64=[0x6, 0x5]" },
		{ any, "range bounds violation u64=[0x0, 0xffffffffffffffff] s64=[0x6, 0x5]" },
		{ any, "s32=[0x80000000, 0x7fffffff]" },
		{ any, "s32=[0x6, 0x5]" },
		{ five, "const tnum out of sync with range bounds u64=[0x4, 0x5]" },
		{ five, "const tnum out of sync with range bounds u64=[0x5, 0x6]" },
		{ five, "const tnum out of sync with range bounds u64=[0x5, 0x5] s64=[0x4, 0x5]" },
		{ five, "const tnum out of sync with range bounds u64=[0x5, 0x5] s64=[0x5, 0x6]" },
		{ five, "const subreg tnum out of sync with range bounds" },
		{ any, "const subreg tnum out of sync with range bounds" },
	};
	static struct env env;

	rows[0].s.umin = 6, rows[0].s.umax = 5;
	rows[1].s.smin = 6, rows[1].s.smax = 5;
	rows[2].s.u32_min = 6, rows[2].s.u32_max = 5;
	rows[3].s.s32_min = 6, rows[3].s.s32_max = 5;
	rows[4].s.umin = 4;
	rows[5].s.umax = 6;
	rows[6].s.smin = 4;
	rows[7].s.smax = 6;
	rows[8].s.u32_max = 6;
	rows[9].s.var_off = (struct tnum){ 7, 0xffffffff00000000ULL };
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		struct reg reg = { .type = REG_SCALAR, .s = rows[i].s };

		text[0] = 0;
		vlog_init(&env.log, VLOG_1, text, sizeof(text));
		step_unbound(&env, &reg, "test");
		tap_ok(strstr(text, "verifier bug: REG INVARIANTS VIOLATION (test): ") == text &&
			       strstr(text, rows[i].says), "%s", rows[i].says);
		tap_ok(reg.s.umin == 0 && reg.s.umax == UINT64_MAX &&
			       reg.s.var_off.value == rows[i].s.var_off.value &&
			       reg.s.var_off.mask == rows[i].s.var_off.mask,
		       "its ranges are forgotten, its bits are not");
	}
}

int main(void)
{
	test_refused();
	test_unbound();
	return tap_done();
}
