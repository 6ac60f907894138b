/* SPDX-License-Identifier: BSD-2-Clause */
/* Each allocation of a verification fails once: -ENOMEM, and nothing is left behind. */
#include "base/err.h"
#include "isa/isa.h"
#include "prog/prog.h"
#include "tests/oom.h"
#include "tests/verify_past/gen.h"
#include "verify/verify.h"

#define LOG_BYTES (1u << 16)

struct round {
	struct prog *prog;
	char log[LOG_BYTES];
};

static int verify_once(void *arg)
{
	struct round *r = arg;
	struct verify_opts opts = { .rights = VERIFY_PRIV,
				    .log_level = VLOG_2,
				    .log_buf = r->log,
				    .log_bytes = sizeof(r->log),
				    .insns_max = 20000 };
	struct verify_result res = { 0 };
	int err = verify_prog(r->prog, &opts, &res);

	verify_result_fini(&res);
	/* The log is short, and some programs are refused: both are answers. */
	return err == -ENOMEM && !res.reject.err ? -ENOMEM : 0;
}

int main(void)
{
	/* Loops, calls, pruning in a few thousand steps. */
	static const u64 seeds[] = { 0, 41, 45, 50, 131, 179 };
	static struct round r;
	static struct gen_prog p;

	for (u32 i = 0; i < ARRAY_SIZE(seeds); i++) {
		gen_prog(&p, seeds[i]);
		if (prog_new_raw(p.insns, p.cnt, "gen", &r.prog)) {
			tap_ok(false, "a program");
			break;
		}
		r.prog->type = PROG_TYPE_SOCKET_FILTER;
		r.prog->flags = i % 2 ? PROG_FLAG_TEST_STATE_FREQ : 0;
		r.prog->gpl_compatible = true;
		oom_sweep(verify_once, &r, "verification");
		prog_put(r.prog);
	}
	return tap_done();
}
