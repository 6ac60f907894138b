/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The packet loop. Time is read once before and once after each program: the difference counts as
 * the program's, less nothing; reading the clock costs some 20 ns, which the report names.
 *
 * Invariants: the packet is in wire shape (tag inline) whenever a device sees it; the packet
 * counters add up: packets == sum of actions.
 */
#include "attach/session.h"

#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "map/map.h"

#define PROGRESS_PACKETS   1024u
#define POLL_MS		   100
#define LIVE_BURST	   256u /* packets from one interface before the other gets its turn */
#define INPUTS_MAX	   2u	/* live ones */
#define VERDICT_FIRST	   (-1)
#define F_EXCLUDE_INGRESS  16u
#define F_INGRESS	   1u

struct session {
	const struct session_opts *opts;
	struct session_stats *stats;
	struct str *why;
	struct pkt pkt;
	struct pkt original; /* for --repeat */
	const struct hook *hooks[SESSION_PROGS_MAX];
	struct pkt_dev *from; /* where the packet came in */
	bool bridge;
};

static bool session_stopped(const struct session *s)
{
	return s->opts->stop && atomic_load_explicit(s->opts->stop, memory_order_relaxed);
}

static u32 live_cnt(const struct session_opts *opts)
{
	u32 n = 0, i;

	for (i = 0; i < opts->input_cnt; i++)
		n += opts->inputs[i]->live;
	return n;
}

bool session_observes_only(const struct session_opts *opts)
{
	return opts->input_cnt == 1 && opts->inputs[0]->live && !opts->inputs[0]->exclusive;
}

/* One copy out of @dev; a packet that the device does not take is counted, an error is not lost. */
static int session_send(struct session *s, struct pkt_dev *dev, struct pkt *pkt)
{
	int err = pkt_vlan_tag(pkt);

	if (!err)
		err = dev->ops->send(dev, pkt);
	if (!err) {
		s->stats->sent++;
		return 0;
	}
	if (err == -EMSGSIZE || err == -ENOBUFS || err == -EAGAIN) {
		s->stats->send_failed++;
		return 0;
	}
	str_addf(s->why, "%s: %s", dev->name,
		 dev->why.len ? str_c(&dev->why) : strerror(-err));
	return err;
}

static int session_write(struct session *s, struct session_output *out, struct pkt *pkt)
{
	int err = session_send(s, out->dev, pkt);

	if (!err)
		out->packets++;
	return err;
}

/* What passes: every output without an interface, and the other side of the bridge. */
static int session_pass(struct session *s, bool back)
{
	const struct session_opts *opts = s->opts;
	u32 i;
	int err;

	for (i = 0; i < opts->output_cnt; i++) {
		if (opts->outputs[i].ifindex)
			continue;
		err = session_write(s, &opts->outputs[i], &s->pkt);
		if (err)
			return err;
	}
	if (!s->bridge)
		return 0;
	for (i = 0; i < opts->input_cnt; i++) {
		if ((opts->inputs[i] == s->from) != back)
			continue;
		err = session_send(s, opts->inputs[i], &s->pkt);
		if (err)
			return err;
	}
	return 0;
}

/* To the output with @ifindex, and the live interface; *ret_found says whether there was any. */
static int session_to(struct session *s, u32 ifindex, struct pkt *pkt, bool *ret_found)
{
	const struct session_opts *opts = s->opts;
	u32 i;
	int err = 0;

	*ret_found = false;
	for (i = 0; i < opts->output_cnt && !err; i++) {
		if (opts->outputs[i].ifindex != ifindex || !ifindex)
			continue;
		*ret_found = true;
		err = session_write(s, &opts->outputs[i], pkt);
	}
	if (!s->bridge)
		return err;
	for (i = 0; i < opts->input_cnt && !err; i++) {
		if (opts->inputs[i]->ifindex != ifindex)
			continue;
		*ret_found = true;
		err = session_send(s, opts->inputs[i], pkt);
	}
	return err;
}

/* dev_map_redirect_multi: every entry, and not the one that the packet came from if so asked. */
static int session_broadcast(struct session *s, const struct run_redirect *to, bool *ret_found)
{
	u32 key = 0, next = 0, ifindex;
	const void *at = NULL, *value;
	bool found;
	int err = 0;

	*ret_found = false;
	while (!err && !to->map->ops->next_key(to->map, at, &next)) {
		key = next;
		at = &key;
		value = to->map->ops->lookup(to->map, s->opts->run->cpu, &key);
		if (!value)
			continue;
		memcpy(&ifindex, value, sizeof(ifindex));
		if (to->flags & F_EXCLUDE_INGRESS && ifindex == s->pkt.ingress_ifindex)
			continue;
		err = session_to(s, ifindex, &s->pkt, &found);
		*ret_found |= found;
	}
	return err;
}

static int session_redirect(struct session *s)
{
	const struct run_redirect *to = &s->opts->run->redirect;
	bool found = false;
	int err = 0;

	if (to->broadcast)
		err = session_broadcast(s, to, &found);
	else
		err = session_to(s, to->ifindex, &s->pkt, &found);
	if (!found)
		s->stats->redirect_lost++;
	return err;
}

/* bpf_clone_redirect; struct pkt's clone. */
static int session_clone(void *cookie, struct pkt *pkt, u32 ifindex, u64 flags)
{
	struct session *s = cookie;
	struct pkt copy;
	bool found;
	int err;

	if (flags & ~(u64)F_INGRESS)
		return -EINVAL;
	err = pkt_init(&copy, pkt_caplen(pkt));
	if (err)
		return err;
	err = pkt_copy(&copy, pkt);
	if (!err)
		err = session_to(s, ifindex, &copy, &found);
	pkt_fini(&copy);
	if (err || !found)
		return err ? err : -EINVAL;
	s->stats->cloned++;
	return 0;
}

static void session_count(struct session_prog_stats *st, const struct hook *hook,
			  const struct hook_result *res)
{
	s64 at = (s64)(s32)res->retval - VERDICT_FIRST;

	st->unknown += res->unknown;
	if (hook->verdict_name(res->retval) && at < SESSION_VERDICTS_MAX)
		st->verdicts[at]++;
	else
		st->verdicts_other++;
}

/* One program; the clock is around nothing else. */
static int session_prog(struct session *s, u32 i, struct hook_result *res)
{
	const struct session_opts *opts = s->opts;
	struct session_prog_stats *st = &s->stats->progs[i];
	u64 start;
	int err = hook_prepare(s->hooks[i], &s->pkt);

	if (err)
		return err;
	opts->run->insns_left = opts->budget_insns;
	start = clock_mono_ns();
	err = s->hooks[i]->run(opts->run, opts->progs[i], &s->pkt, res);
	st->run_ns += clock_mono_ns() - start;
	st->run_cnt++;
	if (err)
		st->fault_cnt++;
	else
		session_count(st, s->hooks[i], res);
	return err;
}

/*
 * The programs in order; *ret_idx is the one that decided. XDP's pass hands the packet to the next
 * XDP program, as libxdp's dispatcher does, and then to the stack; tc's ok skips the rest of tc.
 */
static int session_progs(struct session *s, struct hook_result *res, u32 *ret_idx)
{
	const struct hook *settled = NULL;
	u32 i;
	int err = 0;

	for (i = 0; i < s->opts->prog_cnt && !err; i++) {
		if (s->hooks[i] == settled)
			continue;
		*ret_idx = i;
		err = session_prog(s, i, res);
		if (err || (res->action != HOOK_PASS && res->action != HOOK_NEXT))
			break;
		if (res->action == HOOK_PASS && s->hooks[i]->skb)
			settled = s->hooks[i];
	}
	return err;
}

static int session_fault(struct session *s, u32 prog_idx)
{
	const struct session_opts *opts = s->opts;

	s->stats->fault_cnt++;
	if (!s->stats->fault_packet)
		s->stats->fault_packet = s->stats->packets;
	opts->run->fault.packet = s->stats->packets;
	if (opts->fault)
		opts->fault(opts->cookie, opts->run, s->stats->packets, prog_idx);
	if (opts->keep_going)
		return 0;
	str_addf(s->why, "program %s faulted on packet %llu", opts->progs[prog_idx]->name,
		 (unsigned long long)s->stats->packets);
	return -EFAULT;
}

static int session_act(struct session *s, enum hook_action action)
{
	switch (action) {
	case HOOK_PASS:
	case HOOK_NEXT:
		return session_pass(s, false);
	case HOOK_TX:
		return session_pass(s, true);
	case HOOK_REDIRECT:
		return session_redirect(s);
	case HOOK_DROP:
	case HOOK_ABORT:
	case HOOK_STOLEN:
	case HOOK_ACTION_CNT:
		return 0;
	}
	return 0;
}

static void session_arm(struct session *s)
{
	struct pkt *pkt = &s->pkt;

	pkt->number = s->stats->packets;
	pkt->link = s->from->link;
	pkt->clone = session_clone;
	pkt->clone_cookie = s;
	if (!s->from->live) {
		pkt->ifindex = s->opts->ifindex ? s->opts->ifindex : 1;
		pkt->ingress_ifindex = pkt->ifindex;
	}
}

/* Runs over the same packet, all but the last for the clock only. */
static int session_repeat(struct session *s, struct hook_result *res, u32 *ret_idx)
{
	u32 i;
	int err;

	if (s->opts->repeat <= 1)
		return session_progs(s, res, ret_idx);
	err = pkt_copy(&s->original, &s->pkt);
	for (i = 0; i < s->opts->repeat && !err; i++) {
		err = pkt_copy(&s->pkt, &s->original);
		if (!err)
			err = session_progs(s, res, ret_idx);
	}
	return err;
}

static int session_packet(struct session *s)
{
	const struct session_opts *opts = s->opts;
	struct hook_result res = { 0 };
	u32 idx = 0;
	int err;

	s->stats->packets++;
	s->stats->bytes += pkt_caplen(&s->pkt);
	s->stats->truncated += pkt_caplen(&s->pkt) < s->pkt.len;
	session_arm(s);
	err = session_repeat(s, &res, &idx);
	if (err == -EFAULT) {
		err = session_fault(s, idx);
		res.action = HOOK_ABORT;
		s->stats->actions[HOOK_ABORT] += err != 0;
	}
	if (err)
		return err;
	s->stats->actions[res.action == HOOK_NEXT ? HOOK_PASS : res.action]++;
	if (opts->packet) {
		const struct session_event event = {
			.pkt = &s->pkt,
			.result = &res,
			.hook = s->hooks[idx],
			.prog_idx = idx,
			.from = s->from,
		};

		opts->packet(opts->cookie, &event);
	}
	err = session_act(s, res.action);
	if (s->stats->packets % PROGRESS_PACKETS == 0) {
		if (opts->progress)
			opts->progress(opts->cookie, s->stats);
		run_quiesce(opts->run); /* what maps dropped meanwhile may go */
	}
	return err;
}

static bool session_full(const struct session *s)
{
	return s->opts->packets_max && s->stats->packets >= s->opts->packets_max;
}

/* At most @burst packets of @dev. 0: more may come; -ENODATA: it has ended. */
static int session_drain(struct session *s, struct pkt_dev *dev, u64 burst)
{
	int got, err;

	s->from = dev;
	while (burst-- && !session_stopped(s) && !session_full(s)) {
		got = dev->ops->recv(dev, &s->pkt);
		if (got == 0 || got == -ENODATA)
			return got;
		if (got < 0) {
			str_addf(s->why, "%s: %s", dev->name,
				 dev->why.len ? str_c(&dev->why) : strerror(-got));
			return got;
		}
		err = session_packet(s);
		if (err)
			return err;
	}
	return 0;
}

static int session_files(struct session *s)
{
	u32 i;
	int err;

	for (i = 0; i < s->opts->input_cnt; i++) {
		if (s->opts->inputs[i]->live)
			continue;
		err = session_drain(s, s->opts->inputs[i], UINT64_MAX);
		if (err && err != -ENODATA)
			return err;
	}
	return 0;
}

static int session_flush(struct session *s)
{
	u32 i;
	int err = 0;

	for (i = 0; i < s->opts->input_cnt && !err; i++)
		if (s->bridge && s->opts->inputs[i]->ops->flush)
			err = s->opts->inputs[i]->ops->flush(s->opts->inputs[i]);
	for (i = 0; i < s->opts->output_cnt && !err; i++)
		if (s->opts->outputs[i].dev->ops->flush)
			err = s->opts->outputs[i].dev->ops->flush(s->opts->outputs[i].dev);
	return err;
}

static int session_live(struct session *s)
{
	struct pollfd fds[INPUTS_MAX];
	nfds_t cnt = 0;
	u32 i;
	int err;

	for (i = 0; i < s->opts->input_cnt; i++)
		if (s->opts->inputs[i]->live)
			fds[cnt++] = (struct pollfd){ .fd = s->opts->inputs[i]->fd,
						      .events = POLLIN };
	while (cnt && !session_stopped(s) && !session_full(s)) {
		if (poll(fds, cnt, POLL_MS) < 0 && errno != EINTR)
			return -errno;
		for (i = 0; i < s->opts->input_cnt; i++) {
			if (!s->opts->inputs[i]->live)
				continue;
			err = session_drain(s, s->opts->inputs[i], LIVE_BURST);
			if (err)
				return err;
		}
		err = session_flush(s);
		if (err)
			return err;
		run_quiesce(s->opts->run);
	}
	return 0;
}

/* Only socket filters run on links of any kind. */
static int session_check_links(const struct session *s)
{
	const struct session_opts *opts = s->opts;
	u32 i, k;

	for (i = 0; i < opts->input_cnt; i++)
		for (k = 0; k < opts->prog_cnt; k++) {
			if (opts->inputs[i]->link == PKT_LINK_ETHERNET ||
			    s->hooks[k] == &hook_socket_filter)
				continue;
			str_addf(s->why, "%s: link type %u is not Ethernet, which %s programs need",
				 opts->inputs[i]->name, opts->inputs[i]->link,
				 prog_type_name(opts->progs[k]->type));
			return -EOPNOTSUPP;
		}
	return 0;
}

/* XDP comes before the stack, so a program of it cannot stand behind one that takes an skb. */
static int session_check(struct session *s)
{
	const struct session_opts *opts = s->opts;
	u32 i;
	int err;

	if (!opts->prog_cnt || opts->prog_cnt > SESSION_PROGS_MAX || !opts->input_cnt ||
	    live_cnt(opts) > INPUTS_MAX) {
		str_addf(s->why, "a run takes 1 to %d programs and at most two live interfaces",
			 SESSION_PROGS_MAX);
		return -EINVAL;
	}
	for (i = 0; i < opts->prog_cnt; i++) {
		s->hooks[i] = hook_of(opts->progs[i]->type);
		if (!s->hooks[i]) {
			str_addf(s->why, "program %s: type %s does not run on packets",
				 opts->progs[i]->name, prog_type_name(opts->progs[i]->type));
			return -EOPNOTSUPP;
		}
		if (i && !s->hooks[i]->skb && s->hooks[i - 1]->skb) {
			str_addf(s->why, "program %s: XDP runs before tc and socket filters",
				 opts->progs[i]->name);
			return -EINVAL;
		}
	}
	err = session_check_links(s);
	if (err)
		return err;
	s->bridge = live_cnt(opts) == 2;
	return 0;
}

static void session_sum(struct session *s)
{
	u32 i;

	for (i = 0; i < s->opts->prog_cnt && i < SESSION_PROGS_MAX; i++) {
		s->stats->run_cnt += s->stats->progs[i].run_cnt;
		s->stats->run_ns += s->stats->progs[i].run_ns;
	}
}

int session_run(const struct session_opts *opts, struct session_stats *ret_stats, struct str *why)
{
	struct session s = { .opts = opts, .stats = ret_stats, .why = why };
	u64 start = clock_mono_ns();
	int err, flush_err;

	memset(ret_stats, 0, sizeof(*ret_stats));
	err = session_check(&s);
	if (err)
		return err;
	err = pkt_init(&s.pkt, PKT_FRAME_BYTES);
	if (!err)
		err = pkt_init(&s.original, PKT_FRAME_BYTES);
	if (!err)
		err = session_files(&s);
	if (!err)
		err = session_live(&s);
	flush_err = session_flush(&s);
	if (flush_err && !err) {
		str_addf(why, "cannot finish an output: %s", strerror(-flush_err));
		err = flush_err;
	}
	if (err && !why->len)
		str_add(why, strerror(-err));
	pkt_fini(&s.original);
	pkt_fini(&s.pkt);
	session_sum(&s);
	ret_stats->wall_ns = clock_mono_ns() - start;
	return err;
}
