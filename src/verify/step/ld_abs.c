/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * LD_ABS and LD_IND: bytes of the packet into r0, in host order (check_ld_abs). Outside the packet
 * the function ends there and then with r0 = 0: in a subprogram that is a path of its own.
 */
#include "verify/call/call.h"
#include "verify/state/print.h"
#include "verify/step/step_int.h"

#define REG_SKB	     6 /* holds the context, implicitly */
#define CALLER_SAVED 6 /* r0 … r5 */

/*
 * The function may end here: the path that goes on is pushed, the one that ends is walked now.
 * insn_idx is where the caller goes on (ret_moved), unless nothing happened.
 */
static int implicit_exit(struct env *env)
{
	bool done;
	int err;

	print_scratch_reg(env, 0);
	if (!state_push_branch(env, env->insn_idx + 1, env->insn_idx, false, &err))
		return err;
	reg_mark_const_zero(env, env_reg(env, 0));
	err = call_exit(env, &done);
	if (!err && done)
		return env_bug(env, "a subprogram ended the program");
	return err;
}

int step_ld_abs(struct env *env, const struct insn *insn, bool *ret_moved)
{
	const struct reg *ctx = env_reg(env, REG_SKB);
	int err;

	if (!(prog_type_info(env->prog->type)->flags & PT_LD_ABS))
		return reject(env, -EINVAL, "BPF_LD_[ABS|IND] instructions not allowed for this "
					    "program type");
	err = mem_check_src(env, REG_SKB);
	/* It may end the program, and then nothing is released. */
	if (!err)
		err = call_check_leak(env, true, "BPF_LD_[ABS|IND]");
	if (err)
		return err;
	if (ctx->type != REG_CTX)
		return reject_reg(env, -EINVAL, REG_SKB,
				  "at the time of BPF_LD_ABS|IND R6 != pointer to skb");
	if (step_info(env)->family == ISA_FAMILY_LDIND)
		err = mem_check_src(env, insn->src);
	if (!err)
		err = mem_ptr_off(env, ctx, REG_SKB, false);
	if (err)
		return err;
	for (u32 i = 0; i < CALLER_SAVED; i++) {
		reg_mark_not_init(env_reg(env, i));
		err = mem_check_dst_no_mark(env, i);
		if (err)
			return err;
	}
	reg_mark_unknown(env, env_reg(env, 0));
	env_reg(env, 0)->subreg_def = (s32)env->insn_idx + 1;
	*ret_moved = env->cur->curframe;
	return *ret_moved ? implicit_exit(env) : 0;
}
