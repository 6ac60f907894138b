/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is there room on the stack for every chain of calls? Mirrors check_max_stack_depth: depths are
 * what the walk of the paths used, rounded up to 16 bytes as for a JIT; a chain has at most eight
 * frames and 512 bytes; a subprogram with tail calls is called with less than 256 bytes in use.
 *
 * The kernel walks every chain. Here a chain that comes to a function with no more frames and no
 * more bytes than an earlier one, which was fine, is not walked again: time is bounded by the
 * calls times the few distinct depths, whatever the shape of the call graph.
 */
#include <assert.h>
#include <string.h>

#include "base/bits.h"
#include "verify/flow/flow_int.h"

#define ROUND_BYTES	    16
#define TAIL_CALL_BYTES_MAX 256
#define PRIVATE_BYTES_MIN   64

enum private_mode { PRIVATE_UNKNOWN, PRIVATE_NO, PRIVATE_YES };

struct call_site {
	u32 insn_idx;
	u16 callee;
	bool direct; /* called here; otherwise its address is taken */
};

struct func {
	u32 first_site, site_cnt;
	u32 bytes;
	u8 private_mode; /* enum private_mode */
	bool reaches_tail_call;
	/* The greatest depth with which it was walked without complaint, per frame number. */
	s32 walked_bytes[LIMIT_FRAMES];
};

struct depth {
	struct flow *flow;
	struct func *funcs;
	struct call_site *sites;
	bool private_ok; /* of the root walked now */
	u32 bytes;	 /* of the chain walked now */
	u32 bytes_max;
};

static void find_sites(struct depth *d)
{
	const struct flow *flow = d->flow;
	u32 n = 0;

	for (u32 s = 0; s < flow->subprog_cnt; s++) {
		d->funcs[s].first_site = n;
		for (u32 i = flow->subprogs[s].start; i < flow->subprogs[s + 1].start; i++) {
			if (!flow_refers(flow, i))
				continue;
			d->sites[n++] = (struct call_site){
				.insn_idx = i,
				.callee = flow->info[flow_callee(flow, i)].subprog,
				.direct = flow->info[i].op == ISA_CALL_SUBPROG,
			};
		}
		d->funcs[s].site_cnt = n - d->funcs[s].first_site;
		d->funcs[s].bytes =
			(u32)align_up(flow->facts->subprogs[s].stack_bytes, ROUND_BYTES);
		for (u32 f = 0; f < LIMIT_FRAMES; f++)
			d->funcs[s].walked_bytes[f] = -1;
	}
}

/* Was @s walked with as many frames and bytes before? Otherwise it will have been. */
static bool walked(struct func *f, u32 frame, u32 bytes)
{
	for (u32 i = frame; i < LIMIT_FRAMES; i++)
		if (f->walked_bytes[i] >= (s32)bytes)
			return true;
	f->walked_bytes[frame] = (s32)bytes;
	return false;
}

static int enter(struct depth *d, u32 s, u32 frame)
{
	const struct subprog_facts *facts = &d->flow->facts->subprogs[s];
	struct func *f = &d->funcs[s];

	if (!d->private_ok)
		f->private_mode = PRIVATE_NO;
	if (s && facts->has_tail_call && d->bytes >= TAIL_CALL_BYTES_MAX)
		return flow_reject(d->flow, -EACCES, facts->start,
				   "tail_calls are not allowed when call stack of previous "
				   "frames is %u bytes. Too large",
				   d->bytes);
	if (d->private_ok && f->private_mode == PRIVATE_UNKNOWN && f->bytes >= PRIVATE_BYTES_MIN)
		f->private_mode = PRIVATE_YES;
	/* No access goes below the limit (mem_stack_within): one frame alone always has room. */
	assert(f->bytes <= LIMIT_STACK_BYTES);
	if (f->private_mode == PRIVATE_YES)
		return 0;
	d->bytes += f->bytes;
	d->bytes_max = MAX(d->bytes_max, d->bytes);
	if (d->bytes > LIMIT_STACK_BYTES)
		return flow_reject(d->flow, -EACCES, facts->start,
				   "combined stack size of %u calls is %u. Too large", frame + 1,
				   d->bytes);
	return 0;
}

struct chain_frame {
	u32 subprog;
	u32 next_site;
};

static void leave(struct depth *d, u32 s)
{
	if (d->funcs[s].private_mode != PRIVATE_YES)
		d->bytes -= d->funcs[s].bytes;
}

/* One chain goes one call deeper. 1: it did; 0: nothing to walk there; -errno. */
static int descend(struct depth *d, struct chain_frame *chain, u32 *frame,
		   const struct call_site *site)
{
	const struct subprog_facts *callee = &d->flow->facts->subprogs[site->callee];
	int err;

	if (callee->is_async_cb && !site->direct)
		return 0; /* runs on a stack of its own */
	if (*frame + 1 >= LIMIT_FRAMES)
		return flow_reject(d->flow, -E2BIG, site->insn_idx,
				   "the call stack of %u frames is too deep !", *frame + 1);
	if (walked(&d->funcs[site->callee], *frame + 1, d->bytes))
		return 0;
	++*frame;
	chain[*frame] = (struct chain_frame){ .subprog = site->callee };
	err = enter(d, site->callee, *frame);
	return err ? err : 1;
}

static int walk_root(struct depth *d, u32 root)
{
	struct chain_frame chain[LIMIT_FRAMES] = { { .subprog = root } };
	u32 frame = 0;
	int err;

	d->bytes = 0;
	err = enter(d, root, 0);
	while (err >= 0) {
		const struct func *f = &d->funcs[chain[frame].subprog];

		if (chain[frame].next_site < f->site_cnt) {
			err = descend(d, chain, &frame,
				      &d->sites[f->first_site + chain[frame].next_site++]);
			continue;
		}
		leave(d, chain[frame].subprog);
		if (!frame)
			return 0;
		frame--;
	}
	return err;
}

/* Functions under which a tail call may happen keep its counter: the closure over all calls. */
static void close_tail_calls(struct depth *d)
{
	struct flow *flow = d->flow;
	bool changed = true;

	while (changed) {
		changed = false;
		for (u32 s = flow->subprog_cnt; s-- > 0;) {
			struct subprog_facts *facts = &flow->facts->subprogs[s];
			const struct func *f = &d->funcs[s];

			for (u32 k = 0; k < f->site_cnt && !facts->tail_call_reachable; k++)
				changed |= facts->tail_call_reachable =
					flow->facts->subprogs[d->sites[f->first_site + k].callee]
						.tail_call_reachable;
		}
	}
}

static int walk_all(struct depth *d, bool private_stack)
{
	struct flow *flow = d->flow;
	int err = 0;

	/* Backward, so that what callbacks need is known when the main function comes. */
	for (u32 s = flow->subprog_cnt; s-- > 0 && !err;) {
		if (s && !flow->facts->subprogs[s].is_async_cb)
			continue;
		d->private_ok = !s && private_stack;
		for (u32 i = 0; i < flow->subprog_cnt; i++)
			memset(d->funcs[i].walked_bytes, 0xff, sizeof(d->funcs[i].walked_bytes));
		err = walk_root(d, s);
	}
	return err;
}

int flow_stack_depth(struct flow *flow, bool private_stack)
{
	struct depth d = { .flow = flow };
	u32 site_cnt = 0;
	int err = -ENOMEM;

	for (u32 i = 0; i < flow->insn_cnt; i++)
		site_cnt += flow_refers(flow, i);
	for (u32 s = 0; s < flow->subprog_cnt; s++)
		private_stack &= !flow->facts->subprogs[s].has_tail_call;
	d.funcs = mem_zalloc_array(flow->subprog_cnt, sizeof(*d.funcs));
	d.sites = mem_zalloc_array((size_t)site_cnt + 1, sizeof(*d.sites));
	if (d.funcs && d.sites) {
		find_sites(&d);
		err = walk_all(&d, private_stack);
	}
	if (!err) {
		close_tail_calls(&d);
		flow->facts->stack_bytes_max = d.bytes_max;
	}
	mem_free(d.funcs);
	mem_free(d.sites);
	return err;
}
