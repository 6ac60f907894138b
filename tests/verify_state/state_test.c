/* SPDX-License-Identifier: BSD-2-Clause */
/* States: copies do not see each other's writes, blocks are used again, text is the kernel's. */
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "tests/tap.h"
#include "verify/state/ids.h"
#include "verify/state/pool.h"
#include "verify/state/print.h"
#include "verify/state/refs.h"
#include "verify/state/stack.h"

static char log_buf[65536];

struct fix {
	struct env env;
	struct verify_opts opts;
	struct prog prog;
	struct reject_record reject;
	struct verify_stats stats;
};

static struct fix *fix_new(void)
{
	struct fix *f = mem_zalloc(sizeof(*f));

	f->env.opts = &f->opts;
	f->env.prog = &f->prog;
	f->env.reject = &f->reject;
	f->env.stats = &f->stats;
	f->env.facts = facts_new(1, 1);
	f->env.bpf_capable = true;
	vlog_init(&f->env.log, VLOG_1 | VLOG_2, log_buf, sizeof(log_buf));
	tap_eq(pool_init(&f->env), 0, "pool");
	f->env.cur = state_new(&f->env);
	f->env.cur->frame[0] = frame_new(&f->env, UINT32_MAX, 0, 0);
	f->env.cur->branches = 1;
	return f;
}

static void fix_free(struct fix *f)
{
	facts_free(f->env.facts);
	str_fini(&f->env.text);
	arena_fini(&f->env.pool_arena);
	arena_fini(&f->env.arena);
	mem_free(f);
}

static void copies(void)
{
	struct fix *f = fix_new();
	struct env *env = &f->env;
	struct frame *frame = env->cur->frame[0];
	struct vstate *other = state_new(env);
	struct slot *slot;
	size_t used;

	tap_eq(stack_grow(env, frame, 20), 0, "grow");
	tap_eq(frame->stack_bytes, 24, "rounded up");
	tap_eq(env->facts->subprogs[0].stack_bytes, 24, "depth is noted");
	slot = stack_slot_mut(env, frame, 1);
	memset(slot->type, SLOT_MISC, sizeof(slot->type));
	tap_eq(state_copy(env, other, env->cur), 0, "copy");
	tap_ok(stack_slot(frame, 1) == stack_slot(other->frame[0], 1), "the stack is shared");
	slot = stack_slot_mut(env, other->frame[0], 1);
	memset(slot->type, SLOT_ZERO, sizeof(slot->type));
	tap_ok(slot_is_all(stack_slot(frame, 1), SLOT_MISC), "the original keeps its slot");
	tap_ok(slot_is_all(stack_slot(other->frame[0], 1), SLOT_ZERO), "the copy has its own");
	reg_mark_const(&other->frame[0]->regs[3], 7);
	tap_eq(frame->regs[3].type, REG_NOT_INIT, "registers are apart");
	state_free(env, other);
	used = env->arena.used_bytes;
	for (u32 i = 0; i < 1000; i++) {
		other = state_new(env);
		if (state_copy(env, other, env->cur) ||
		    !stack_slot_mut(env, other->frame[0], i % 3))
			break;
		state_free(env, other);
	}
	tap_eq(env->arena.used_bytes, used, "a thousand copies take no new memory");
	fix_free(f);
}

static void branches(void)
{
	struct fix *f = fix_new();
	struct env *env = &f->env;
	struct vstate *parent = state_new(env), *st;
	int err = 0;

	parent->branches = 1;
	env->cur->parent = parent;
	st = state_push_branch(env, 5, 2, true, &err);
	tap_ok(st && st->speculative && parent->branches == 2, "a branch counts in its parent");
	reg_mark_const(&st->frame[0]->regs[0], 1);
	tap_eq(state_pop_branch(env, false), 0, "pop");
	tap_ok(env->insn_idx == 5 && env->prev_insn_idx == 2 && env->cur == st, "it is current");
	tap_eq(state_pop_branch(env, false), -ENOENT, "then none is left");
	while ((st = state_push_branch(env, 1, 0, false, &err)))
		;
	tap_eq(err, -ENOMEM, "8192 pending jumps are enough");
	tap_ok(!strcmp(f->reject.reason, "The sequence of 8193 jumps is too complex."), "reason");
	fix_free(f);
}

static void refs(void)
{
	struct fix *f = fix_new();
	struct env *env = &f->env;
	int a = refs_acquire(env, 1), b = refs_acquire(env, 2), err;

	tap_ok(a > 0 && b > a, "ids");
	tap_ok(refs_find(env->cur, (u32)a) && !refs_find(env->cur, 99), "find");
	err = refs_acquire_lock(env, 3, REF_LOCK, 50, &a);
	tap_ok(!err && env->cur->active_locks == 1 && env->cur->active_lock_id == 50, "lock");
	tap_eq(refs_release_lock(env->cur, REF_LOCK, 51, &a), -EINVAL, "another lock");
	tap_eq(refs_release_lock(env->cur, REF_LOCK, 50, &a), 0, "unlock");
	tap_eq(refs_release(env->cur, (u32)a), 0, "release");
	tap_eq(refs_release(env->cur, (u32)a), -EINVAL, "not twice");
	tap_eq(env->cur->ref_cnt, 1, "one is left");
	fix_free(f);
}

static void ids(void)
{
	static struct idmap map;

	idmap_reset(&map, 100);
	tap_ok(idmap_check(&map, 1, 2) && idmap_check(&map, 1, 2), "a pair stays");
	tap_ok(!idmap_check(&map, 1, 3) && !idmap_check(&map, 4, 2), "both ways");
	tap_ok(!idmap_check(&map, 0, 2) && idmap_check(&map, 0, 0), "none pairs with none");
	tap_ok(idmap_check_scalar(&map, 0, 7) && !idmap_check_scalar(&map, 0, 7),
	       "a lone scalar is like a fresh one");
}

static bool prints(struct env *env, const struct reg *reg, const char *want)
{
	char text[128];
	bool ok;

	print_reg_text(env, reg, text, sizeof(text));
	ok = !strcmp(text, want);
	if (!ok)
		printf("# %s, not %s\n", text, want);
	return ok;
}

static void text(void)
{
	struct fix *f = fix_new();
	struct env *env = &f->env;
	struct frame *frame = env->cur->frame[0];
	struct slot *slot;
	struct reg r = { 0 };

	reg_mark_unknown(env, &r);
	tap_ok(prints(env, &r, "scalar()"), "scalar");
	r.id = 3;
	tap_ok(prints(env, &r, "scalar(id=3)"), "id");
	r.id = 3 | REG_ADD_CONST64;
	r.off = -5;
	tap_ok(prints(env, &r, "scalar(id=3-5)"), "linked with an offset");
	reg_mark_const(&r, 65536);
	tap_ok(prints(env, &r, "0x10000"), "hexadecimal beyond 16 bits");
	reg_mark_const(&r, (u64)-4);
	r.precise = true;
	tap_ok(prints(env, &r, "P-4"), "precise");
	reg_mark_unknown(env, &r);
	r.s = scalar_urange(0, 255);
	scalar_sync(&r.s);
	tap_ok(prints(env, &r, "scalar(smin=smin32=0,smax=umax=smax32=umax32=255,"
			       "var_off=(0x0; 0xff))"), "equal bounds share a number");
	r.s = scalar_unknown();
	scalar_zext(&r.s, 4);
	tap_ok(prints(env, &r, "scalar(smin=0,smax=umax=0xffffffff,var_off=(0x0; 0xffffffff))"),
	       "a half");
	reg_mark_ptr(&r, REG_STACK);
	r.off = -16;
	r.frameno = 1;
	tap_ok(prints(env, &r, "fp[1]-16"), "the stack of another frame");
	reg_mark_ptr(&r, REG_PACKET);
	r.range = 14;
	r.off = 2;
	tap_ok(prints(env, &r, "pkt(off=2,r=14)"), "packet");
	reg_mark_ptr(&r, REG_MEM | REG_RINGBUF | REG_MAYBE_NULL);
	r.id = 2;
	r.ref_obj_id = 2;
	r.mem_size_bytes = 16;
	tap_ok(prints(env, &r, "ringbuf_mem_or_null(id=2,ref_obj_id=2,sz=16)"), "ring record");

	reg_mark_ptr(&frame->regs[1], REG_CTX);
	tap_eq(stack_grow(env, frame, 16), 0, "grow");
	slot = stack_slot_mut(env, frame, 0);
	for (u32 i = 4; i < 8; i++)
		slot->type[i] = SLOT_SPILL;
	slot->type[0] = SLOT_MISC;
	reg_mark_const(&slot->spilled, 5);
	slot = stack_slot_mut(env, frame, 1);
	memset(slot->type, SLOT_ZERO, sizeof(slot->type));
	print_state(env, env->cur, 0, true);
	log_buf[env->log.pos] = '\0';
	tap_ok(!strcmp(log_buf, " R1=ctx() R10=fp0 fp-8=m???5 fp-16=00000000\n"), "a frame");
	fix_free(f);
}

static void memory(void)
{
	struct fix *f = fix_new();
	struct vstate *st;
	u32 n = 0;

	f->opts.memory_bytes_max = 1 << 20;
	while ((st = state_new(&f->env)) && !state_copy(&f->env, st, f->env.cur))
		n++;
	tap_ok(n > 100 && n < 2000 && f->env.nomem, "a limit on memory holds: %u states", n);
	fix_free(f);
}

int main(void)
{
	copies();
	branches();
	refs();
	ids();
	text();
	memory();
	return tap_done();
}
