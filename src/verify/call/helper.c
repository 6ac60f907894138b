/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A call of a helper, from its row: may this program call it here, are the arguments right, what
 * does it leave behind (check_helper_call of kernel/bpf/verifier.c)? The order of the checks is the
 * kernel's, so that the first complaint is the same one.
 */
#include <stdio.h>

#include "base/err.h"
#include "verify/call/call_int.h"

static int refuse_unknown(struct env *env, s32 id)
{
	const struct helper_info *info = id > 0 ? helper_info((u32)id) : NULL;

	if (!id) /* the kernel has a name for it */
		return reject(env, -EINVAL,
			      "program of this type cannot use helper bpf_unspec#0");
	if (!info)
		return reject(env, -EINVAL, "invalid func unknown#%d", id);
	return reject(env, -EINVAL,
		      "program of this type cannot use helper " HELPER_PREFIX "%s#%d",
		      info->name, id);
}

static const struct helper_info *find(const struct env *env, s32 id)
{
	const struct prog *prog = env->prog;
	const struct helper_info *info = id > 0 ? helper_info((u32)id) : NULL;

	if (!info || !helper_allowed(info, prog->type, prog->expected_attach_type))
		return NULL;
	return helper_rights(info, prog->type) <= (enum helper_rights)env->opts->rights ? info
											: NULL;
}

/* Sections in which a program must not sleep. */
static int check_regions(struct env *env, const struct helper_call *call)
{
	const struct vstate *st = env->cur;
	u32 props = call->info->props;
	bool sleeps = props & HP_MIGHT_SLEEP;

	if (st->active_rcu_lock && sleeps)
		return reject(env, -EINVAL, "sleepable helper %s in rcu_read_lock region",
			      call->name);
	if (st->active_preempt_locks && sleeps)
		return reject(env, -EINVAL, "sleepable helper %s in non-preemptible region",
			      call->name);
	if (st->active_irq_id && sleeps)
		return reject(env, -EINVAL, "sleepable helper %s in IRQ-disabled region",
			      call->name);
	if ((st->active_rcu_lock || st->active_preempt_locks || st->active_irq_id) &&
	    st->in_sleepable && props & HP_STORAGE_GET)
		env->fact->storage_get_atomic = true;
	return 0;
}

static int check_allowed(struct env *env, const struct helper_call *call)
{
	u32 props = call->info->props;

	if (env->cur->active_locks && !(props & HP_LOCKED_OK))
		return reject(env, -EINVAL,
			      "function calls are not allowed while holding a lock");
	if (props & HP_GPL && !env->prog->gpl_compatible)
		return reject(env, -EINVAL, "cannot call GPL-restricted function from non-GPL "
					    "compatible program");
	if (helper_probe_rules(call->info, env->prog->type)) /* no such function here */
		return reject(env, -EINVAL, "helper call is not allowed in probe");
	if (!env->cur->in_sleepable && props & HP_MIGHT_SLEEP)
		return reject(env, -EINVAL,
			      "helper call might sleep in a non-sleepable prog");
	return check_regions(env, call);
}

/* Memory that the helper fills counts as written, byte by byte. */
static int write_raw(struct env *env, const struct helper_call *call)
{
	struct mem_access acc = {
		.insn_idx = call->insn_idx,
		.regno = (u32)call->mem.regno,
		.size_bytes = 1,
		.kind = ACCESS_WRITE,
		.value_regno = -1,
	};
	int err = 0;

	for (s32 i = 0; !err && i < call->mem.access_size; i++) {
		acc.off = i;
		err = mem_access(env, &acc);
	}
	return err;
}

static int release(struct env *env, const struct helper_call *call)
{
	u32 regno = call->mem.release_regno;
	int err = -EINVAL;

	if (call->args[regno - 1].kind == ARG_KIND_DYNPTR)
		err = dynptr_release(env, regno);
	else if (call->mem.ref_obj_id)
		err = ref_release(env, call->mem.ref_obj_id);
	else if (reg_is_null(env_reg(env, regno)))
		err = 0; /* NULL stands for no reference */
	if (err == -EINVAL) /* check_release() looked at the argument */
		return env_bug(env, "%s: R%u holds no reference", call->name, regno);
	return err;
}

static const struct reg *dynptr_among_args(struct env *env, const struct helper_call *call)
{
	for (u32 n = 0; n < HELPER_ARGS; n++)
		if (call->args[n].kind == ARG_KIND_DYNPTR)
			return dynptr_reg(env, n + 1);
	return NULL;
}

/* The result lives as long as the dynptr; a packet's dynptr makes packet pointers void. */
static int use_dynptr(struct env *env, struct helper_call *call)
{
	const struct reg *reg = dynptr_among_args(env, call);

	if (!reg)
		return env_bug(env, "no dynptr among the arguments of %s", call->name);
	if (call->info->props & HP_DYNPTR_REF) {
		call->mem.dynptr_id = reg->id;
		call->mem.ref_obj_id = reg->ref_obj_id;
	} else if (reg->dynptr_type == DYNPTR_SKB) {
		call->changes_pkt = true;
	}
	return 0;
}

/* What single properties of the row ask for beyond its arguments. */
static int check_props(struct env *env, struct helper_call *call)
{
	char text[REG_TYPE_TEXT_BYTES];
	u32 props = call->info->props;

	if (props & HP_TAIL_CALL)
		return call_check_leak(env, true, "tail_call");
	if (props & HP_FLAGS_ZERO && !reg_is_null(env_reg(env, 2)))
		return reject_reg(env, -EINVAL, 2,
				  "get_local_storage() doesn't support non-zero flags");
	if (props & HP_LOOPS)
		return callback_loop(env, call);
	if (props & (HP_CALLS_SYNC | HP_CALLS_ASYNC))
		return callback_call(env, call);
	if (props & HP_FORMAT)
		return str_format_args(env);
	if (props & HP_VALUE_ONLY && env_reg(env, 1)->type != REG_MAP_VALUE)
		return reject_reg(env, -EACCES, 1,
				  "Unsupported reg type %s for bpf_dynptr_from_mem data",
				  reg_type_text(env_reg(env, 1)->type, text));
	if (props & (HP_DYNPTR_REF | HP_DYNPTR_WRITES))
		return use_dynptr(env, call);
	return 0;
}

/* Below the main function a tail call that succeeds is a return to the caller. */
static int tail_call(struct env *env, struct helper_call *call)
{
	int err;

	if (!env->cur->curframe) {
		call->changes_pkt = false;
		return 0;
	}
	print_scratch_reg(env, 0);
	if (!state_push_branch(env, call->insn_idx + 1, call->insn_idx, false, &err))
		return err;
	mem_clear_packet_pointers(env);
	reg_mark_unknown(env, env_reg(env, 0));
	return frame_leave(env);
}

static int leave_behind(struct env *env, struct helper_call *call)
{
	int err;

	frame_clear_saved(env, state_frame(env->cur));
	err = ret_helper(env, call);
	if (!err)
		err = map_helper_fits(env, call);
	if (err)
		return err;
	if (call->info->props & HP_FUNC_IP &&
	    !(prog_type_info(env->prog->type)->flags & PT_FUNC_IP))
		return reject(env, -ENOTSUPP, "func %s not supported for program type %u",
			      call->name, (u32)env->prog->type);
	if (call->info->props & HP_TAIL_CALL)
		err = tail_call(env, call);
	if (!err && call->changes_pkt)
		mem_clear_packet_pointers(env);
	return err;
}

int call_helper(struct env *env, const struct insn *insn)
{
	struct helper_call call = { .info = find(env, insn->imm), .insn_idx = env->insn_idx };
	int err;

	if (!call.info)
		return refuse_unknown(env, insn->imm);
	call.args = helper_args(call.info, env->prog->type);
	call.changes_pkt = call.info->props & HP_CHANGES_PKT;
	call.mem.pkt_access = call.info->props & HP_PKT_ACCESS;
	call.mem.func_id = call.info->id;
	snprintf(call.name, sizeof(call.name), HELPER_PREFIX "%s#%u", call.info->name,
		 (u32)call.info->id);
	err = check_allowed(env, &call);
	for (u32 n = 0; !err && n < HELPER_ARGS; n++)
		err = arg_check(env, &call, n);
	if (!err)
		err = map_record(env, &call);
	if (!err)
		err = map_record_index(env, &call);
	if (!err)
		err = write_raw(env, &call);
	if (!err && call.mem.release_regno)
		err = release(env, &call);
	if (!err)
		err = check_props(env, &call);
	return err ? err : leave_behind(env, &call);
}
