/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A kept state whose paths have all ended forgets what none of them reads: registers by the
 * static live sets, slots by the marks of the walk (clean_verifier_state). Comparing gets cheaper
 * and more often succeeds.
 */
#include <string.h>

#include "base/err.h"
#include "verify/past/past_int.h"

static void clean_regs(struct frame *frame, u32 live)
{
	for (u32 i = 0; i < INSN_REG_FP; i++)
		if (!(live & 1u << i))
			reg_mark_not_init(&frame->regs[i]);
}

static int clean_slots(struct env *env, struct frame *frame, u64 live)
{
	for (u32 i = 0; i < frame->stack_bytes / STACK_SLOT_BYTES; i++) {
		struct slot *slot;

		if (live & 1ULL << i || slot_is_all(stack_slot(frame, i), SLOT_INVALID))
			continue;
		slot = stack_slot_mut(env, frame, i);
		if (!slot)
			return -ENOMEM;
		memset(slot, 0, sizeof(*slot));
	}
	return 0;
}

int past_clean(struct env *env, struct vstate *st)
{
	int err = live_stack_query(env->flow, st);

	st->cleaned = true;
	st->kept->cleaned = true;
	st->kept->slots_known = false;
	for (u32 f = 0; f <= st->curframe && !err; f++) {
		const u32 live = env->flow->info[past_frame_insn(st, f)].live_regs;

		clean_regs(st->frame[f], live);
		err = clean_slots(env, st->frame[f], live_stack_mask(env->flow, f));
	}
	return err;
}
