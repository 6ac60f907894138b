/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which stack slots may still be read (kernel/bpf/liveness.c of Linux 6.18): what pruning may
 * forget of a stack. Marks gathered by the walk of the paths, solved per function instance.
 *
 * An instance is a function under one chain of call sites. Per instruction and frame of the chain
 * it has two sets of slots that accesses make: may_read grows; must_write is the intersection
 * over all visits. From them follow, backward over the function,
 *
 *	live_before = (live after all successors & ~must_write) | may_read
 *	must_write_acc = must_write | what all successors surely write
 *
 * and the sets of the first instruction belong to the call instruction in the caller's instance.
 *
 * A solution starts from the last one. First all instructions are gone over until nothing changes,
 * as in the kernel; an instance that is solved often goes on from the instructions whose marks
 * changed, so that a program whose every path finds something new takes linear time, too.
 *
 * Invariants: 1. masks exist for all instructions of an instance's function or for none (lazily,
 * by frame). 2. After live_stack_update of a state, all instances of its chain are solved.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "verify/flow/flow_int.h"

#define BUCKETS_MIN	256
#define MASK_TEXT_BYTES 512
#define SOLVED_OFTEN	64

enum seen { SEEN = 1, SEEN_DIRTY = 2, SEEN_WRITES = 4 };

struct chain {
	u32 curframe;
	/* Of frame i < curframe: its call instruction; of curframe: where its function starts. */
	u32 callsites[LIMIT_FRAMES];
	u32 starts[LIMIT_FRAMES];
};

struct masks {
	u64 may_read, must_write;
	u64 must_write_acc, live_before;
};

struct instance {
	struct instance *next; /* of the bucket */
	struct chain chain;
	u32 insn_cnt;
	bool updated, must_write_dropped;
	struct masks *frames[LIMIT_FRAMES]; /* insn_cnt each, or NULL: nothing is marked */
	/* per instruction, enum seen: must_write was committed once; in dirty; was ever not 0 */
	u8 *seen;
	u32 *dirty; /* whose marks changed since the last solution, from SOLVED_OFTEN on */
	u32 dirty_cnt, dirty_cap, solved_cnt;
};

struct live_stack {
	struct instance **buckets;
	u32 bucket_cnt, instance_cnt;
	struct instance *cur; /* that of the current state; NULL: look it up */
	struct instance *write_instance;
	u32 write_idx;
	u64 write_acc[LIMIT_FRAMES];
	bool wrote; /* write_acc is not all 0 */
	u32 *queue; /* of instructions to be looked at, a ring of insn_cnt places */
	u8 *queued;
	struct instance *query[LIMIT_FRAMES];
	u32 query_frame, query_idx;
};

static struct live_stack *live_stack_get(struct flow *flow)
{
	struct live_stack *ls = flow->live_stack;

	if (ls)
		return ls;
	ls = arena_alloc(flow->arena, sizeof(*ls));
	if (!ls)
		return NULL;
	ls->bucket_cnt = BUCKETS_MIN;
	ls->buckets = arena_alloc_array(flow->arena, ls->bucket_cnt, sizeof(struct instance *));
	if (!ls->buckets)
		return NULL;
	flow->live_stack = ls;
	return ls;
}

static u32 chain_hash(const struct chain *c)
{
	u64 h = c->curframe;

	for (u32 i = 0; i <= c->curframe; i++)
		h = (h ^ c->callsites[i]) * 0x9e3779b97f4a7c15ULL;
	return (u32)(h >> 32);
}

static bool chain_same(const struct chain *a, const struct chain *b)
{
	return a->curframe == b->curframe &&
	       !memcmp(a->callsites, b->callsites, (a->curframe + 1) * sizeof(a->callsites[0]));
}

/* Of @st at depth @frameno (compute_callchain). */
static struct chain chain_of(const struct flow *flow, const struct vstate *st, u32 frameno)
{
	struct chain c = { .curframe = frameno };

	for (u32 i = 0; i <= frameno; i++) {
		c.starts[i] = flow->subprogs[st->frame[i]->subprogno].start;
		if (i < frameno)
			c.callsites[i] = st->frame[i + 1]->callsite;
	}
	c.callsites[frameno] = c.starts[frameno];
	return c;
}

/* More buckets when chains get long; the old array stays in the arena. */
static void rehash(struct flow *flow, struct live_stack *ls)
{
	const u32 cnt = ls->bucket_cnt * 4;
	struct instance **buckets, *inst, *next;

	if (ls->instance_cnt < ls->bucket_cnt * 2)
		return;
	buckets = arena_alloc_array(flow->arena, cnt, sizeof(struct instance *));
	if (!buckets)
		return; /* only slower */
	for (u32 b = 0; b < ls->bucket_cnt; b++) {
		for (inst = ls->buckets[b]; inst; inst = next) {
			const u32 to = chain_hash(&inst->chain) & (cnt - 1);

			next = inst->next;
			inst->next = buckets[to];
			buckets[to] = inst;
		}
	}
	ls->buckets = buckets;
	ls->bucket_cnt = cnt;
}

static struct instance *instance_of(struct flow *flow, const struct chain *c)
{
	struct live_stack *ls = live_stack_get(flow);
	struct instance *inst;
	u32 bucket, s;

	if (!ls)
		return NULL;
	bucket = chain_hash(c) & (ls->bucket_cnt - 1);
	for (inst = ls->buckets[bucket]; inst; inst = inst->next)
		if (chain_same(&inst->chain, c))
			return inst;
	rehash(flow, ls);
	bucket = chain_hash(c) & (ls->bucket_cnt - 1);
	inst = arena_alloc(flow->arena, sizeof(*inst));
	if (!inst)
		return NULL;
	s = flow->info[c->starts[c->curframe]].subprog;
	inst->chain = *c;
	inst->insn_cnt = flow->subprogs[s + 1].start - flow->subprogs[s].start;
	inst->seen = arena_alloc(flow->arena, inst->insn_cnt);
	if (!inst->seen)
		return NULL;
	inst->next = ls->buckets[bucket];
	ls->buckets[bucket] = inst;
	ls->instance_cnt++;
	return inst;
}

static u32 start_of(const struct instance *inst)
{
	return inst->chain.starts[inst->chain.curframe];
}

static struct masks *masks_peek(const struct instance *inst, u32 frame, u32 idx)
{
	return inst->frames[frame] ? &inst->frames[frame][idx - start_of(inst)] : NULL;
}

static struct masks *masks_get(struct flow *flow, struct instance *inst, u32 frame, u32 idx)
{
	if (!inst->frames[frame]) {
		inst->frames[frame] = arena_alloc_array(flow->arena, inst->insn_cnt,
							sizeof(struct masks));
		if (!inst->frames[frame])
			return NULL;
	}
	return masks_peek(inst, frame, idx);
}

static struct instance *current(struct flow *flow, const struct vstate *st)
{
	struct live_stack *ls = live_stack_get(flow);
	struct chain c;

	if (!ls)
		return NULL;
	if (!ls->cur) {
		c = chain_of(flow, st, st->curframe);
		ls->cur = instance_of(flow, &c);
	}
	return ls->cur;
}

/* The marks of @idx changed. */
static int touch(struct flow *flow, struct instance *inst, u32 idx)
{
	const u32 rel = idx - start_of(inst);
	u32 *dirty, cap;

	inst->updated = true;
	if (inst->solved_cnt < SOLVED_OFTEN || inst->seen[rel] & SEEN_DIRTY)
		return 0;
	if (inst->dirty_cnt == inst->dirty_cap) {
		cap = MAX(inst->dirty_cap * 2, 64u);
		dirty = arena_alloc_array(flow->arena, cap, sizeof(*dirty));
		if (!dirty)
			return -ENOMEM;
		if (inst->dirty_cnt)
			memcpy(dirty, inst->dirty, inst->dirty_cnt * sizeof(*dirty));
		inst->dirty = dirty;
		inst->dirty_cap = cap;
	}
	inst->dirty[inst->dirty_cnt++] = idx;
	inst->seen[rel] |= SEEN_DIRTY;
	return 0;
}

static int mark_read(struct flow *flow, struct instance *inst, u32 frame, u32 idx, u64 mask)
{
	struct masks *m = masks_get(flow, inst, frame, idx);
	const u64 was = m ? m->may_read : 0;

	if (!m)
		return -ENOMEM;
	m->may_read |= mask;
	if (m->may_read != was && m->may_read & ~m->live_before)
		return touch(flow, inst, idx);
	return 0;
}

static void begin_writes(struct live_stack *ls, struct instance *inst, u32 idx)
{
	ls->write_instance = inst;
	ls->write_idx = idx;
	if (ls->wrote)
		memset(ls->write_acc, 0, sizeof(ls->write_acc));
	ls->wrote = false;
}

/* commit_stack_write_marks */
static int commit_writes(struct flow *flow, struct live_stack *ls)
{
	struct instance *inst = ls->write_instance;
	const u32 rel = ls->write_idx - start_of(inst);
	struct masks *m;
	u64 mask;

	if (!ls->wrote && !(inst->seen[rel] & SEEN_WRITES)) {
		inst->seen[rel] |= SEEN;
		return 0;
	}
	for (u32 frame = 0; frame <= inst->chain.curframe; frame++) {
		mask = ls->write_acc[frame];
		if (!mask && (!(inst->seen[rel] & SEEN) || !inst->frames[frame]))
			continue;
		m = masks_get(flow, inst, frame, ls->write_idx);
		if (!m)
			return -ENOMEM;
		if (inst->seen[rel] & SEEN)
			mask &= m->must_write;
		if (mask == m->must_write)
			continue;
		inst->must_write_dropped |= (m->must_write & ~mask) != 0;
		m->must_write = mask;
		inst->seen[rel] |= SEEN_WRITES;
		if (touch(flow, inst, ls->write_idx))
			return -ENOMEM;
	}
	inst->seen[rel] |= SEEN;
	return 0;
}

int live_stack_begin(struct flow *flow, const struct vstate *st, u32 insn_idx)
{
	struct instance *inst = current(flow, st);

	if (!inst)
		return -ENOMEM;
	begin_writes(flow->live_stack, inst, insn_idx);
	return 0;
}

int live_stack_mark_read(struct flow *flow, const struct vstate *st, u32 frameno, u64 mask)
{
	struct instance *inst = current(flow, st);

	assert(inst); /* live_stack_begin() made it */
	return mark_read(flow, inst, frameno, flow->live_stack->write_idx, mask);
}

void live_stack_mark_write(struct flow *flow, u32 frameno, u64 mask)
{
	flow->live_stack->write_acc[frameno] |= mask;
	flow->live_stack->wrote = true;
}

int live_stack_commit(struct flow *flow)
{
	struct live_stack *ls = flow->live_stack;

	return ls->write_instance ? commit_writes(flow, ls) : 0;
}

void live_stack_moved(struct flow *flow)
{
	struct live_stack *ls = flow->live_stack;

	/* What a called function writes is committed for the call when it returns, not now. */
	if (ls)
		ls->cur = ls->write_instance = NULL;
}

/* "(3,12)" */
static const char *chain_text(const struct chain *c, char *buf, size_t bytes)
{
	size_t n = 0;

	for (u32 i = 0; i <= c->curframe; i++)
		n += (size_t)snprintf(buf + n, bytes - n, "%s%u", i ? "," : "(", c->callsites[i]);
	assert(n < bytes); /* eight numbers */
	snprintf(buf + n, bytes - n, ")");
	return buf;
}

/* "-8,-16" as bpf_fmt_stack_mask */
static const char *mask_text(u64 mask, char *buf, size_t bytes)
{
	size_t n = 0;

	buf[0] = 0;
	for (u32 spi = 0; spi < STACK_SLOTS_MAX; spi++)
		if (mask & 1ULL << spi)
			n += (size_t)snprintf(buf + n, bytes - n, "%s%d", n ? "," : "",
					      -(s32)(spi + 1) * STACK_SLOT_BYTES);
	assert(n < bytes);
	return buf;
}

static void log_change(const struct flow *flow, const struct instance *inst, const char *what,
		       u32 at[2], u64 masks[2])
{
	struct vlog *log = flow->opts.sink.log;
	const u64 on = masks[1] & ~masks[0], off = masks[0] & ~masks[1];
	char buf[MASK_TEXT_BYTES];

	if (!on && !off)
		return;
	vlog_add(log, "%s frame %u insn %u ", chain_text(&inst->chain, buf, sizeof(buf)), at[0],
		 at[1]);
	if (on)
		vlog_add(log, "+%s %s ", what, mask_text(on, buf, sizeof(buf)));
	if (off)
		vlog_add(log, "-%s %s", what, mask_text(off, buf, sizeof(buf)));
	vlog_add(log, "\n");
}

static void log_insn(const struct flow *flow, const struct instance *inst, u32 at[2],
		     const struct masks *was, const struct masks *is)
{
	if (!is->may_read && !is->must_write && at[1] != start_of(inst) &&
	    !flow_has(flow, at[1], FLOW_PRUNE_POINT))
		return;
	log_change(flow, inst, "live", at, (u64[]){ was->live_before, is->live_before });
	log_change(flow, inst, "written", at, (u64[]){ was->must_write_acc, is->must_write_acc });
}

/* One backward step (update_insn); true when something changed. */
static bool solve_insn(const struct flow *flow, struct instance *inst, u32 frame, u32 idx)
{
	struct masks *m = masks_peek(inst, frame, idx), *next;
	const struct masks was = *m;
	u64 after = 0, acc = UINT64_MAX;
	u32 succ[2], succ_cnt = flow_successors(flow, idx, succ);

	if (!succ_cnt)
		return false;
	for (u32 s = 0; s < succ_cnt; s++) {
		next = masks_peek(inst, frame, succ[s]);
		after |= next->live_before;
		acc &= next->must_write_acc;
	}
	m->live_before = (after & ~m->must_write) | m->may_read;
	m->must_write_acc = acc | m->must_write;
	if (m->live_before == was.live_before && m->must_write_acc == was.must_write_acc)
		return false;
	if (unlikely(flow_log_level2(flow)))
		log_insn(flow, inst, (u32[]){ frame, idx }, &was, m);
	return true;
}

static void forget_acc(struct instance *inst)
{
	for (u32 frame = 0; frame <= inst->chain.curframe; frame++)
		for (u32 i = 0; i < inst->insn_cnt && inst->frames[frame]; i++)
			inst->frames[frame][i].must_write_acc = 0;
}

/* What the function reads and surely writes of outer frames is its call's doing. */
static int propagate_to_caller(struct flow *flow, struct instance *inst)
{
	struct live_stack *ls = flow->live_stack;
	const u32 outer_frame = inst->chain.curframe - 1;
	const u32 callsite = inst->chain.callsites[outer_frame];
	struct chain c = inst->chain;
	struct instance *outer;
	const struct masks *first;
	int err;

	c.curframe = outer_frame;
	c.callsites[outer_frame] = c.starts[outer_frame];
	outer = instance_of(flow, &c);
	if (!outer)
		return -ENOMEM;
	begin_writes(ls, outer, callsite);
	for (u32 frame = 0; frame <= outer_frame; frame++) {
		first = masks_peek(inst, frame, start_of(inst));
		if (!first)
			continue;
		ls->write_acc[frame] |= first->must_write_acc;
		ls->wrote = true;
		err = mark_read(flow, outer, frame, callsite, first->live_before);
		if (err)
			return err;
	}
	err = commit_writes(flow, ls);
	ls->write_instance = NULL;
	return err;
}

static int queue_new(struct flow *flow)
{
	struct live_stack *ls = flow->live_stack;

	if (ls->queue)
		return 0;
	ls->queued = arena_alloc(flow->arena, flow->insn_cnt);
	ls->queue = arena_alloc_array(flow->arena, flow->insn_cnt, sizeof(*ls->queue));
	return ls->queued && ls->queue ? flow_preds(flow) : -ENOMEM;
}

/*
 * From the changed instructions backward, one frame. Nothing is forgotten first: what all paths
 * to an exit write is right even where a loop without one says so of itself.
 */
static void solve_dirty(struct flow *flow, struct instance *inst, u32 frame)
{
	struct live_stack *ls = flow->live_stack;
	u32 head = 0, cnt = 0, idx, pred;

	for (u32 i = 0; i < inst->dirty_cnt; i++) {
		ls->queue[cnt++] = inst->dirty[i];
		ls->queued[inst->dirty[i]] = 1;
	}
	while (cnt) {
		idx = ls->queue[head];
		head = (head + 1) % flow->insn_cnt;
		cnt--;
		ls->queued[idx] = 0;
		if (!solve_insn(flow, inst, frame, idx))
			continue;
		for (u32 k = flow->pred_first[idx]; k < flow->pred_first[idx + 1]; k++) {
			pred = flow->pred_list[k];
			if (ls->queued[pred])
				continue;
			ls->queued[pred] = 1;
			ls->queue[(head + cnt++) % flow->insn_cnt] = pred;
		}
	}
}

static void clean_dirty(struct instance *inst)
{
	for (u32 i = 0; i < inst->dirty_cnt; i++)
		inst->seen[inst->dirty[i] - start_of(inst)] &= (u8)~SEEN_DIRTY;
	inst->dirty_cnt = 0;
}

/* Over all instructions until nothing changes. Returns how many times. */
static u32 solve_all(struct flow *flow, struct instance *inst)
{
	const u32 s = flow->info[start_of(inst)].subprog;
	const u32 from = flow->subprogs[s].postorder_start;
	const u32 to = flow->subprogs[s + 1].postorder_start;
	u32 rounds = 0;
	bool changed;

	if (inst->must_write_dropped)
		forget_acc(inst);
	do {
		changed = false;
		rounds++;
		for (u32 frame = 0; frame <= inst->chain.curframe; frame++)
			for (u32 i = from; i < to && inst->frames[frame]; i++)
				changed |= solve_insn(flow, inst, frame, flow->postorder[i]);
	} while (changed);
	return rounds;
}

/* To the fixed point (update_instance). */
static int solve(struct flow *flow, struct instance *inst)
{
	char buf[MASK_TEXT_BYTES];
	u32 rounds = 1;
	int err = 0;

	if (inst->solved_cnt++ > SOLVED_OFTEN && inst->dirty_cnt < inst->insn_cnt / 8) {
		err = queue_new(flow);
		for (u32 f = 0; f <= inst->chain.curframe && !err; f++)
			if (inst->frames[f])
				solve_dirty(flow, inst, f);
	} else {
		rounds = solve_all(flow, inst);
	}
	clean_dirty(inst);
	if (err)
		return err;
	if (flow_log_level2(flow))
		vlog_add(flow->opts.sink.log, "%s live stack update done in %u iterations\n",
			 chain_text(&inst->chain, buf, sizeof(buf)), rounds);
	if (inst->chain.curframe)
		err = propagate_to_caller(flow, inst);
	inst->updated = false;
	inst->must_write_dropped = false;
	return err;
}

int live_stack_update(struct flow *flow, const struct vstate *st)
{
	struct instance *inst;
	struct chain c;
	int err;

	live_stack_moved(flow);
	for (u32 frame = st->curframe + 1; frame-- > 0;) {
		c = chain_of(flow, st, frame);
		inst = instance_of(flow, &c);
		if (!inst)
			return -ENOMEM;
		err = inst->updated ? solve(flow, inst) : 0;
		if (err)
			return err;
	}
	return 0;
}

int live_stack_query(struct flow *flow, const struct vstate *st)
{
	struct live_stack *ls = flow->live_stack;
	struct chain c;

	assert(ls); /* a state was kept, so an instruction was walked */
	for (u32 frame = 0; frame <= st->curframe; frame++) {
		c = chain_of(flow, st, frame);
		ls->query[frame] = instance_of(flow, &c);
		if (!ls->query[frame])
			return -ENOMEM;
	}
	ls->query_frame = st->curframe;
	ls->query_idx = st->insn_idx;
	return 0;
}

static u64 live_before(const struct instance *inst, u32 idx, u32 frameno)
{
	const struct masks *m = masks_peek(inst, frameno, idx);

	return m ? m->live_before : 0;
}

/*
 * Read before the state's instruction returns, or by an outer function behind its call; a call
 * that runs a callback may do so again, so there what is live before the call counts.
 */
u64 live_stack_mask(const struct flow *flow, u32 frameno)
{
	const struct live_stack *ls = flow->live_stack;
	const struct instance *inner = ls->query[ls->query_frame];
	u64 mask = live_before(inner, ls->query_idx, frameno);
	u32 callsite;

	for (u32 i = frameno; i < ls->query_frame; i++) {
		callsite = inner->chain.callsites[i];
		if (!flow_has(flow, callsite, FLOW_CALLS_CALLBACK))
			callsite++;
		mask |= live_before(ls->query[i], callsite, frameno);
	}
	return mask;
}

bool live_stack_alive(const struct flow *flow, u32 frameno, u32 spi)
{
	return live_stack_mask(flow, frameno) & 1ULL << spi;
}
