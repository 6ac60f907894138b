/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How functions end: what is still held, and what r0 may be at the end of a program, of a callback
 * and of a global function (process_bpf_exit_full, check_return_code, verbose_invalid_scalar of
 * kernel/bpf/verifier.c).
 */
#include <stdio.h>

#include "base/err.h"
#include "spec/access.h"
#include "verify/call/call_int.h"

/* retval_range_within */
static bool within(const struct ret_range *range, const struct scalar *s)
{
	return range->min <= s->smin && s->smax <= range->max;
}

int exit_check_range(struct env *env, u32 regno, const struct ret_range *range, const char *where,
		     const char *reg_name)
{
	const struct scalar *s = &env_reg(env, regno)->s;
	char text[80];
	int n = 0;

	if (within(range, s))
		return 0;
	snprintf(text, sizeof(text), " unknown scalar value");
	if (s->smin > INT64_MIN)
		n = snprintf(text, sizeof(text), " smin=%lld", (long long)s->smin);
	if (s->smax < INT64_MAX)
		snprintf(text + n, sizeof(text) - (size_t)n, " smax=%lld", (long long)s->smax);
	return reject_reg(env, -EINVAL, (s32)regno,
			  "%s the register %s has%s should have been in [%d, %d]", where, reg_name,
			  text, range->min, range->max);
}

static int check_known(struct env *env, u32 regno, const struct ret_range *range,
		       const char *where, const char *reg_name)
{
	char text[REG_TYPE_TEXT_BYTES];
	const struct reg *reg = env_reg(env, regno);
	int err;

	if (reg->type != REG_SCALAR)
		return reject_reg(env, -EINVAL, (s32)regno,
				  "%s the register R%u is not a known value (%s)", where, regno,
				  reg_type_text(reg->type, text));
	err = past_mark_precise(env, regno);
	return err ? err : exit_check_range(env, regno, range, where, reg_name);
}

static int check_prog_result(struct env *env, u32 regno, const char *reg_name)
{
	const struct prog *prog = env->prog;
	const struct scalar *s = &env_reg(env, regno)->s;
	struct prog_ret_range allowed;
	struct ret_range range;
	int err = prog_ret_range(prog->type, prog->expected_attach_type, &allowed);

	if (err) /* resolve.c refuses types that need the BTF of a kernel */
		return env_bug(env, "programs of type %s", prog_type_name(prog->type));
	if (allowed.any)
		return 0;
	range = (struct ret_range){ allowed.min, allowed.max };
	err = check_known(env, regno, &range, "At program exit", reg_name);
	if (!err && allowed.strict_min <= allowed.strict_max && s->smin >= allowed.strict_min &&
	    s->smax <= allowed.strict_max)
		env->facts->enforce_attach_type = true;
	return err;
}

int call_check_return(struct env *env, u32 regno, const char *reg_name)
{
	const struct frame *frame = env->cur->frame[0];
	char text[REG_TYPE_TEXT_BYTES];
	int err = mem_check_src(env, regno);

	if (err)
		return err;
	if (mem_leaks(env, regno))
		return reject_reg(env, -EACCES, (s32)regno, "R%u leaks addr as return value",
				  regno);
	if (frame->in_async_callback_fn)
		return check_known(env, regno, &frame->callback_ret_range,
				   "At async callback return", reg_name);
	if (!frame->subprogno)
		return check_prog_result(env, regno, reg_name);
	if (env_reg(env, regno)->type != REG_SCALAR)
		return reject_reg(env, -EINVAL, (s32)regno,
				  "At subprogram exit the register R%u is not a scalar value (%s)",
				  regno, reg_type_text(env_reg(env, regno)->type, text));
	return 0;
}

int call_exit(struct env *env, bool *ret_done)
{
	bool outermost = !env->cur->curframe;
	int err;

	*ret_done = false;
	err = call_check_leak(env, outermost, "BPF_EXIT instruction in main prog");
	if (err)
		return err;
	if (!outermost)
		return frame_leave(env);
	*ret_done = true;
	return call_check_return(env, 0, "R0");
}
