/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The packet loop over devices made of memory: where each verdict sends a packet, what is counted,
 * chains of hooks, faults, repeats, bridges. Programs take their verdict from the packet.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdlib.h>
#include <string.h>

#include "attach/session.h"
#include "base/err.h"
#include "base/mem.h"
#include "both.h"
#include "map/map.h"
#include "tests/oom.h"
#include "tests/tap.h"

#define FRAMES_MAX 32
#define FRAME_MAX  128

struct frame {
	u32 len;
	u8 bytes[FRAME_MAX];
};

struct fake {
	struct pkt_dev dev;
	struct frame in[FRAMES_MAX], out[FRAMES_MAX];
	u32 in_cnt, at, out_cnt;
	_Atomic bool *stop_at_end; /* live ones never end by themselves */
};

static int fake_recv(struct pkt_dev *dev, struct pkt *pkt)
{
	struct fake *f = container_of(dev, struct fake, dev);
	int err;

	if (f->at == f->in_cnt) {
		if (f->stop_at_end)
			atomic_store(f->stop_at_end, true);
		return dev->live ? 0 : -ENODATA;
	}
	err = pkt_load(pkt, f->in[f->at].bytes, f->in[f->at].len, f->in[f->at].len);
	f->at++;
	if (dev->live) {
		pkt->ifindex = dev->ifindex;
		pkt->ingress_ifindex = dev->ifindex;
	}
	return err ? err : 1;
}

static int fake_send(struct pkt_dev *dev, struct pkt *pkt)
{
	struct fake *f = container_of(dev, struct fake, dev);

	if (f->out_cnt == FRAMES_MAX)
		return -ENOBUFS;
	f->out[f->out_cnt].len = pkt_caplen(pkt);
	memcpy(f->out[f->out_cnt++].bytes, pkt->data, MIN(pkt_caplen(pkt), FRAME_MAX));
	return 0;
}

static void fake_close(struct pkt_dev *dev)
{
	pkt_dev_fini(dev);
}

static const struct pkt_dev_ops fake_ops = { .recv = fake_recv, .send = fake_send,
					     .close = fake_close };

static void fake_init(struct fake *f, u32 ifindex, bool live)
{
	memset(f, 0, sizeof(*f));
	if (pkt_dev_init(&f->dev, "fake", &fake_ops))
		abort();
	f->dev.ifindex = ifindex;
	f->dev.live = live;
	f->dev.link = PKT_LINK_ETHERNET;
}

/* A frame whose first two bytes speak to the program; @tag puts 802.1Q with that TCI in. */
static void fake_frame(struct fake *f, u8 verdict, u8 arg, u16 tag)
{
	struct frame *fr = &f->in[f->in_cnt++];
	u32 at = 12;

	memset(fr->bytes, 0x33, 64);
	fr->bytes[0] = verdict;
	fr->bytes[1] = arg;
	if (tag) {
		memcpy(fr->bytes + at, "\x81\x00", 2);
		fr->bytes[at + 2] = (u8)(tag >> 8);
		fr->bytes[at + 3] = (u8)tag;
		at += 4;
	}
	memcpy(fr->bytes + at, "\x08\x00", 2);
	fr->len = 64;
}

/* r0 = the packet's first byte; 4 (XDP) and 7 (tc) redirect to the interface in its second. */
static struct prog *verdict_prog(enum prog_type type)
{
	bool xdp = type == PROG_TYPE_XDP;
	struct both_code c = { 0 };
	struct prog *prog = NULL;

	both_load(&c, 4, 2, 1, xdp ? 0 : 76);
	both_load(&c, 4, 3, 1, xdp ? 4 : 80);
	both_mov(&c, 4, 2);
	both_emit(&c, BPF_ALU64 | BPF_ADD | BPF_K, 4, 0, 0, 2);
	both_emit(&c, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 1);
	both_emit(&c, BPF_JMP | BPF_JGT | BPF_X, 4, 3, 5, 0);
	both_load(&c, 1, 0, 2, 0);
	both_emit(&c, BPF_JMP | BPF_JNE | BPF_K, 0, 0, 3, xdp ? XDP_REDIRECT : TC_ACT_REDIRECT);
	both_load(&c, 1, 1, 2, 1);
	both_emit(&c, BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0, 0);
	both_call(&c, BPF_FUNC_redirect);
	both_exit(&c);
	if (both_prog(type, &c, &prog))
		abort();
	return prog;
}

/* r0 = a constant */
static struct prog *constant_prog(enum prog_type type, s32 value)
{
	struct both_code c = { 0 };
	struct prog *prog = NULL;

	both_emit(&c, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, value);
	both_exit(&c);
	if (both_prog(type, &c, &prog))
		abort();
	return prog;
}

struct rig {
	struct fake in, pass, to7;
	struct pkt_dev *inputs[2];
	struct session_output outputs[2];
	const struct prog *progs[4];
	struct run run;
	struct session_opts opts;
	struct session_stats stats;
	struct str why;
	int err;
};

static void rig_init(struct rig *r, struct prog *p0, struct prog *p1)
{
	memset(r, 0, sizeof(*r));
	fake_init(&r->in, 1, false);
	fake_init(&r->pass, 0, false);
	fake_init(&r->to7, 0, false);
	r->inputs[0] = &r->in.dev;
	r->outputs[0] = (struct session_output){ .dev = &r->pass.dev };
	r->outputs[1] = (struct session_output){ .dev = &r->to7.dev, .ifindex = 7 };
	r->progs[0] = p0;
	r->progs[1] = p1;
	if (run_begin(&r->run, NULL))
		abort();
	r->opts = (struct session_opts){
		.progs = r->progs,
		.prog_cnt = p1 ? 2 : 1,
		.inputs = r->inputs,
		.input_cnt = 1,
		.outputs = r->outputs,
		.output_cnt = 2,
		.run = &r->run,
		.budget_insns = 10000,
	};
}

static void rig_run(struct rig *r)
{
	r->err = session_run(&r->opts, &r->stats, &r->why);
}

static void rig_fini(struct rig *r)
{
	pkt_dev_close(&r->in.dev);
	pkt_dev_close(&r->pass.dev);
	pkt_dev_close(&r->to7.dev);
	run_end(&r->run);
	str_fini(&r->why);
}

static void check_xdp_verdicts(void)
{
	struct prog *prog = verdict_prog(PROG_TYPE_XDP);
	static struct rig r;
	u8 v;

	rig_init(&r, prog, NULL);
	for (v = 0; v < 6; v++)
		fake_frame(&r.in, v, v == XDP_REDIRECT ? 7 : 0, 0);
	fake_frame(&r.in, XDP_REDIRECT, 9, 0);
	rig_run(&r);
	tap_eq(r.err, 0, "xdp: the session ends well");
	tap_eq(r.stats.packets, 7, "xdp: seven packets");
	tap_eq(r.stats.actions[HOOK_ABORT], 2, "xdp: aborted, and an unknown verdict");
	tap_eq(r.stats.progs[0].unknown, 1, "xdp: the unknown verdict is noted");
	tap_eq(r.stats.actions[HOOK_DROP], 1, "xdp: dropped");
	tap_eq(r.stats.actions[HOOK_PASS], 1, "xdp: passed");
	tap_eq(r.stats.actions[HOOK_TX], 1, "xdp: sent back");
	tap_eq(r.stats.actions[HOOK_REDIRECT], 2, "xdp: redirected");
	tap_eq(r.stats.redirect_lost, 1, "xdp: redirected to nowhere");
	tap_eq(r.pass.out_cnt, 2, "xdp: passed and sent back are written");
	tap_eq(r.to7.out_cnt, 1, "xdp: redirected is written to its interface");
	tap_ok(r.to7.out[0].len == 64 && r.to7.out[0].bytes[1] == 7, "xdp: as it was");
	tap_eq(r.stats.progs[0].verdicts[1 + XDP_REDIRECT], 2, "xdp: verdicts by value");
	tap_eq(r.stats.progs[0].run_cnt, 7, "xdp: runs");
	rig_fini(&r);
	prog_put(prog);
}

static void check_tc_verdicts(void)
{
	struct prog *prog = verdict_prog(PROG_TYPE_SCHED_CLS);
	static struct rig r;
	u8 v;

	rig_init(&r, prog, NULL);
	for (v = 0; v < 10; v++)
		fake_frame(&r.in, v, 7, 0x2005);
	rig_run(&r);
	tap_eq(r.err, 0, "tc: the session ends well");
	tap_eq(r.stats.actions[HOOK_DROP], 1, "tc: shot");
	tap_eq(r.stats.actions[HOOK_STOLEN], 2, "tc: stolen and trap");
	tap_eq(r.stats.actions[HOOK_REDIRECT], 1, "tc: redirect");
	tap_eq(r.stats.actions[HOOK_PASS], 6, "tc: all others go on");
	tap_eq(r.stats.progs[0].unknown, 1, "tc: the unknown verdict is noted");
	tap_eq(r.pass.out_cnt, 6, "tc: and are written");
	tap_ok(!memcmp(r.pass.out[0].bytes, r.in.in[0].bytes, 64), "tc: with the tag back");
	tap_ok(!memcmp(r.to7.out[0].bytes, r.in.in[7].bytes, 64), "tc: also when redirected");
	rig_fini(&r);
	prog_put(prog);
}

/* What the packet looks like to a tc program: the tag is beside the bytes. */
static struct prog *vlan_prog(void)
{
	struct both_code c = { 0 };
	struct prog *prog = NULL;

	both_load(&c, 4, 2, 1, 20); /* vlan_present */
	both_load(&c, 4, 3, 1, 24); /* vlan_tci */
	both_load(&c, 4, 4, 1, 0);  /* len */
	both_emit(&c, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, TC_ACT_SHOT);
	both_emit(&c, BPF_JMP | BPF_JNE | BPF_K, 2, 0, 3, 1);
	both_emit(&c, BPF_JMP | BPF_JNE | BPF_K, 3, 0, 2, 0x2005);
	both_emit(&c, BPF_JMP | BPF_JNE | BPF_K, 4, 0, 1, 60);
	both_emit(&c, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, TC_ACT_OK);
	both_exit(&c);
	if (both_prog(PROG_TYPE_SCHED_CLS, &c, &prog))
		abort();
	return prog;
}

static void check_chain(void)
{
	struct prog *xdp = verdict_prog(PROG_TYPE_XDP), *tc = vlan_prog();
	static struct rig r;

	rig_init(&r, xdp, tc);
	fake_frame(&r.in, XDP_PASS, 0, 0x2005);
	fake_frame(&r.in, XDP_PASS, 0, 0x1111);
	fake_frame(&r.in, XDP_DROP, 0, 0x2005);
	fake_frame(&r.in, XDP_TX, 0, 0x2005);
	rig_run(&r);
	tap_eq(r.err, 0, "chain: ends well");
	tap_eq(r.stats.progs[1].run_cnt, 2, "chain: tc sees what XDP passes");
	tap_eq(r.stats.actions[HOOK_PASS], 1, "chain: one goes through both");
	tap_eq(r.stats.actions[HOOK_DROP], 2, "chain: each hook drops one");
	tap_eq(r.pass.out_cnt, 2, "chain: passed and sent back");
	rig_fini(&r);
	rig_init(&r, tc, xdp);
	rig_run(&r);
	tap_eq(r.err, -EINVAL, "chain: XDP behind tc is refused");
	tap_ok(strstr(str_c(&r.why), "XDP runs before"), "chain: and why");
	rig_fini(&r);
	prog_put(xdp);
	prog_put(tc);
}

static void check_socket(void)
{
	struct prog *keep = constant_prog(PROG_TYPE_SOCKET_FILTER, 20);
	struct prog *none = constant_prog(PROG_TYPE_SOCKET_FILTER, 0);
	static struct rig r;

	rig_init(&r, keep, NULL);
	fake_frame(&r.in, 0, 0, 0);
	rig_run(&r);
	tap_eq(r.pass.out_cnt, 1, "socket: kept");
	tap_eq(r.pass.out[0].len, 20, "socket: as many bytes as it said");
	rig_fini(&r);
	rig_init(&r, none, NULL);
	fake_frame(&r.in, 0, 0, 0);
	rig_run(&r);
	tap_eq(r.stats.actions[HOOK_DROP], 1, "socket: 0 drops");
	rig_fini(&r);
	prog_put(keep);
	prog_put(none);
}

struct seen {
	u64 packet;
	u32 calls;
};

static void on_fault(void *cookie, const struct run *run, u64 packet, u32 prog_idx)
{
	struct seen *seen = cookie;

	if (run->fault.kind == FAULT_NONE || prog_idx)
		return;
	if (!seen->calls++)
		seen->packet = packet;
}

/* Reads behind the packet when its first byte is 1. */
static struct prog *faulty_prog(void)
{
	struct both_code c = { 0 };
	struct prog *prog = NULL;

	both_load(&c, 4, 2, 1, 0);
	both_load(&c, 1, 0, 2, 0);
	both_emit(&c, BPF_JMP | BPF_JNE | BPF_K, 0, 0, 1, 1);
	both_load(&c, 1, 0, 2, 100);
	both_exit(&c);
	if (both_prog(PROG_TYPE_XDP, &c, &prog))
		abort();
	return prog;
}

static void check_faults(void)
{
	struct prog *prog = faulty_prog();
	struct seen seen = { 0 };
	static struct rig r;
	u32 keep, i;

	for (keep = 0; keep < 2; keep++) {
		memset(&seen, 0, sizeof(seen));
		rig_init(&r, prog, NULL);
		for (i = 0; i < 6; i++)
			fake_frame(&r.in, i == 2 || i == 4 ? 1 : XDP_PASS, 0, 0);
		r.opts.keep_going = keep;
		r.opts.fault = on_fault;
		r.opts.cookie = &seen;
		rig_run(&r);
		tap_eq(r.err, keep ? 0 : -EFAULT, "fault: keep going %u", keep);
		tap_eq(seen.packet, 3, "fault: the packet's number");
		tap_eq(seen.calls, keep ? 2 : 1, "fault: told each time");
		tap_eq(r.stats.fault_cnt, keep ? 2 : 1, "fault: counted");
		tap_eq(r.stats.packets, keep ? 6 : 3, "fault: packets read");
		tap_eq(r.stats.actions[HOOK_ABORT], keep ? 2 : 1, "fault: aborted");
		tap_eq(r.pass.out_cnt, keep ? 4 : 2, "fault: the others pass");
		rig_fini(&r);
	}
	prog_put(prog);
}

/* Grows the packet by four bytes in front: a repeat must start from the packet as it came. */
static void check_repeat(void)
{
	struct both_code c = { 0 };
	struct prog *prog = NULL;
	static struct rig r;

	both_emit(&c, BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0, -4);
	both_call(&c, BPF_FUNC_xdp_adjust_head);
	both_emit(&c, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, XDP_PASS);
	both_exit(&c);
	if (both_prog(PROG_TYPE_XDP, &c, &prog))
		abort();
	rig_init(&r, prog, NULL);
	r.opts.repeat = 10;
	r.opts.packets_max = 2;
	fake_frame(&r.in, 0, 0, 0);
	fake_frame(&r.in, 0, 0, 0);
	fake_frame(&r.in, 0, 0, 0);
	rig_run(&r);
	tap_eq(r.stats.run_cnt, 20, "repeat: ten runs for each of two packets");
	tap_eq(r.stats.packets, 2, "repeat: the limit of packets holds");
	tap_eq(r.pass.out_cnt, 2, "repeat: written once each");
	tap_eq(r.pass.out[0].len, 68, "repeat: from a fresh copy each time");
	rig_fini(&r);
	prog_put(prog);
}

static void check_bridge(void)
{
	struct prog *prog = verdict_prog(PROG_TYPE_XDP);
	static struct rig r;
	static struct fake b;
	_Atomic bool stop = false;

	rig_init(&r, prog, NULL);
	pkt_dev_close(&r.in.dev);
	fake_init(&r.in, 5, true);
	fake_init(&b, 6, true);
	r.inputs[1] = &b.dev;
	r.opts.input_cnt = 2;
	r.opts.output_cnt = 0;
	r.opts.stop = &stop;
	b.stop_at_end = &stop;
	fake_frame(&r.in, XDP_PASS, 1, 0);
	fake_frame(&r.in, XDP_DROP, 2, 0);
	fake_frame(&r.in, XDP_TX, 3, 0);
	fake_frame(&r.in, XDP_REDIRECT, 6, 0);
	fake_frame(&r.in, XDP_REDIRECT, 5, 0);
	fake_frame(&b, XDP_PASS, 9, 0);
	rig_run(&r);
	tap_eq(r.err, 0, "bridge: stopped in good order");
	tap_eq(b.out_cnt, 2, "bridge: passed and redirected come out on the other side");
	tap_ok(b.out[0].bytes[1] == 1 && b.out[1].bytes[1] == 6, "bridge: the right ones");
	tap_eq(r.in.out_cnt, 3, "bridge: sent back, redirected back, and the other's");
	tap_ok(!session_observes_only(&r.opts), "bridge: not only an observer");
	r.opts.input_cnt = 1;
	tap_ok(session_observes_only(&r.opts), "one interface: only an observer");
	pkt_dev_close(&b.dev);
	rig_fini(&r);
	prog_put(prog);
}

/* redirect_map over a device map with BPF_F_BROADCAST, and a key that is not there. */
static struct prog *map_prog(struct map *map, u64 key, u64 flags)
{
	struct both_code c = { 0 };
	struct prog *prog = NULL;

	both_imm64(&c, 1, ptr_to_u64(map));
	both_imm64(&c, 2, key);
	both_imm64(&c, 3, flags);
	both_call(&c, BPF_FUNC_redirect_map);
	both_exit(&c);
	if (both_prog(PROG_TYPE_XDP, &c, &prog))
		abort();
	prog->maps = mem_zalloc_array(1, sizeof(prog->maps[0]));
	if (!prog->maps)
		abort();
	prog->maps[0] = map_get(map);
	prog->map_cnt = 1;
	return prog;
}

static void check_redirect_map(void)
{
	const struct map_attr attr = { .type = MAP_TYPE_DEVMAP, .key_size_bytes = 4,
				       .value_size_bytes = 4, .max_entries = 8 };
	static const struct {
		u64 key, flags;
		u32 to7, pass, lost;
		const char *name;
	} rows[] = {
		{ 3, 0, 1, 0, 0, "an entry" },
		{ 2, XDP_PASS, 0, 1, 0, "no entry: the flags' verdict" },
		{ 1, 0, 0, 0, 1, "an entry for an interface that is not there" },
		{ 0, 8, 1, 0, 0, "broadcast" },
		{ 0, 8 | 16, 1, 0, 0, "broadcast but for the ingress" },
		{ 3, 64, 0, 0, 0, "unknown flag: aborted" },
	};
	const struct map_env env = { .cpu_cnt = 1 };
	struct map *map = NULL;
	static struct rig r;
	u32 key, value, i;
	int err = map_create(&attr, &env, &map);

	if (!tap_ok(!err, "a device map is created"))
		return;
	for (key = 3, value = 7; key; key -= 2, value = 9)
		if (key == 3 || key == 1)
			err |= map_user_update(map, &key, &value, 0);
		else
			break;
	tap_eq(err, 0, "and filled");
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct prog *prog = map_prog(map, rows[i].key, rows[i].flags);

		rig_init(&r, prog, NULL);
		fake_frame(&r.in, 0, 0, 0);
		rig_run(&r);
		tap_ok(!r.err && r.to7.out_cnt == rows[i].to7 && r.pass.out_cnt == rows[i].pass &&
			       r.stats.redirect_lost == rows[i].lost,
		       "redirect_map: %s", rows[i].name);
		if (r.err || r.to7.out_cnt != rows[i].to7)
			tap_diag("err %d (%s), to7 %u, pass %u, lost %llu", r.err, str_c(&r.why),
				 r.to7.out_cnt, r.pass.out_cnt,
				 (unsigned long long)r.stats.redirect_lost);
		rig_fini(&r);
		prog_put(prog);
	}
	map_put(map);
}

static void check_refusals(void)
{
	struct prog *xdp = constant_prog(PROG_TYPE_XDP, XDP_PASS);
	struct prog *kprobe = constant_prog(PROG_TYPE_XDP, 0);
	static struct rig r;

	kprobe->type = PROG_TYPE_KPROBE;
	rig_init(&r, kprobe, NULL);
	rig_run(&r);
	tap_eq(r.err, -EOPNOTSUPP, "a kprobe does not run on packets");
	tap_ok(strstr(str_c(&r.why), "kprobe"), "and is named: %s", str_c(&r.why));
	rig_fini(&r);
	rig_init(&r, xdp, NULL);
	r.in.dev.link = 113;
	rig_run(&r);
	tap_eq(r.err, -EOPNOTSUPP, "XDP needs Ethernet");
	tap_ok(strstr(str_c(&r.why), "link type 113"), "the link type is named");
	rig_fini(&r);
	prog_put(kprobe);
	prog_put(xdp);
}

/* One packet through the loop; its devices, whose memory is the test's, are made outside. */
static int oom_round(void *arg)
{
	struct rig *r = arg;

	r->in.at = 0;
	r->pass.out_cnt = 0;
	rig_run(r);
	str_fini(&r->why);
	return r->err;
}

static void check_oom(void)
{
	struct both_code c = { 0 };
	struct prog *prog = NULL;
	static struct rig r;

	/* Makes the packet longer than its frame, so that it moves, and sends a copy of it. */
	both_mov(&c, 6, 1);
	both_emit(&c, BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0, 9000);
	both_emit(&c, BPF_ALU64 | BPF_MOV | BPF_K, 3, 0, 0, 0);
	both_call(&c, BPF_FUNC_skb_change_tail);
	both_emit(&c, BPF_JMP | BPF_JNE | BPF_K, 0, 0, 5, 0);
	both_mov(&c, 1, 6);
	both_emit(&c, BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0, 7);
	both_emit(&c, BPF_ALU64 | BPF_MOV | BPF_K, 3, 0, 0, 0);
	both_call(&c, BPF_FUNC_clone_redirect);
	both_emit(&c, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, TC_ACT_OK);
	both_exit(&c);
	if (both_prog(PROG_TYPE_SCHED_CLS, &c, &prog))
		abort();
	rig_init(&r, prog, NULL);
	fake_frame(&r.in, 0, 0, 0);
	oom_sweep(oom_round, &r, "session");
	tap_ok(r.stats.cloned == 1 && r.to7.out_cnt && r.to7.out[0].len == 9000,
	       "a copy of the longer packet is sent");
	rig_fini(&r);
	prog_put(prog);
}

int main(void)
{
	check_oom();
	check_xdp_verdicts();
	check_tc_verdicts();
	check_chain();
	check_socket();
	check_faults();
	check_repeat();
	check_bridge();
	check_redirect_map();
	check_refusals();
	return tap_done();
}
