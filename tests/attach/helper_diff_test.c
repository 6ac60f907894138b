/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packet helpers against the live kernel: generated programs make a few helper calls with
 * arguments around the edges, on generated packets; result, packet and context must come out the
 * same from BPF_PROG_TEST_RUN there and here. The seed is fixed; an argument is another seed, a
 * second one the number of programs.
 */
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "both.h"
#include "tests/kernel_bpf.h"
#include "tests/tap.h"

#define PROGRAMS	20000u
#define CALLS_MAX	4u
#define STACK_BYTES	64
#define REPORTED_MAX	8u

static u64 seed = 20261121;

static u32 below(u32 n)
{
	return (u32)(both_rand(&seed) >> 20) % n;
}

static u32 pick(const u32 *values, u32 cnt)
{
	return values[below(cnt)];
}

#define PICK(...) pick((const u32[]){ __VA_ARGS__ }, ARRAY_SIZE(((const u32[]){ __VA_ARGS__ })))

struct gen {
	struct both_code c;
	enum prog_type type;
	u32 data_bytes;
	/*
	 * A call that may make the kernel move the packet was made: in its test run the transport
	 * header, never set, then wraps into some offset, on which the next change_tail depends.
	 */
	bool moved;
	bool shortened; /* adjust_room behind the end shows the kernel's stale bytes, here zeros */
	char text[400]; /* what the program calls, for reports */
};

static void note(struct gen *g, const char *name, const u64 *args, u32 cnt)
{
	size_t at = strlen(g->text);
	u32 i;

	at += (size_t)snprintf(g->text + at, sizeof(g->text) - at, " %s(", name);
	for (i = 0; i < cnt && at < sizeof(g->text); i++)
		at += (size_t)snprintf(g->text + at, sizeof(g->text) - at, "%s0x%llx", i ? "," : "",
				       (unsigned long long)args[i]);
	if (at < sizeof(g->text))
		snprintf(g->text + at, sizeof(g->text) - at, ")");
}

/* r7 = r7 * 31 + r0 */
static void fold(struct gen *g)
{
	both_emit(&g->c, BPF_ALU64 | BPF_MUL | BPF_K, 7, 0, 0, 31);
	both_emit(&g->c, BPF_ALU64 | BPF_ADD | BPF_X, 7, 0, 0, 0);
}

/* Constants into r2, r3, …; r1 is the context. */
static void call_ctx(struct gen *g, const char *name, s32 id, const u64 *args, u32 cnt)
{
	u32 i;

	both_mov(&g->c, 1, 6);
	for (i = 0; i < cnt; i++)
		both_imm64(&g->c, 2 + i, args[i]);
	both_call(&g->c, id);
	fold(g);
	note(g, name, args, cnt);
}

#define CALL(g, name, ...)                                                                         \
	call_ctx(g, #name, BPF_FUNC_##name, (const u64[]){ __VA_ARGS__ },                          \
		 ARRAY_SIZE(((const u64[]){ __VA_ARGS__ })))

/* (ctx, offset, stack memory, length, extra) and, for loads, what was read. */
static void call_bytes(struct gen *g, const char *name, s32 id, u32 off, u32 len, u64 extra,
		       bool load)
{
	const u64 args[] = { off, len, extra };

	both_mov(&g->c, 1, 6);
	both_imm64(&g->c, 2, off);
	both_mov(&g->c, 3, INSN_REG_FP);
	both_emit(&g->c, BPF_ALU64 | BPF_ADD | BPF_K, 3, 0, 0, -STACK_BYTES);
	both_imm64(&g->c, 4, len);
	both_imm64(&g->c, 5, extra);
	both_call(&g->c, id);
	fold(g);
	if (load) {
		both_load(&g->c, 8, 0, INSN_REG_FP, -STACK_BYTES);
		fold(g);
		both_load(&g->c, 8, 0, INSN_REG_FP, -STACK_BYTES + 24);
		fold(g);
	}
	note(g, name, args, 3);
}

static u32 some_off(const struct gen *g)
{
	switch (below(4)) {
	case 0:
		return below(g->data_bytes + 4);
	case 1:
		return PICK(0, 12, 14, 16, 18, 20, 24, 26, 30, 34, 36, 40, 50, 54, 58);
	case 2:
		return g->data_bytes - below(8);
	}
	return PICK(0xfffe, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff);
}

static u32 some_len(void)
{
	return 1 + below(STACK_BYTES);
}

static void gen_csum_diff(struct gen *g)
{
	u32 from = 4 * below(9), to = 4 * below(9), odd = below(16) ? 0 : 1 + below(3);
	const u64 args[] = { from, to + odd, both_rand(&seed) >> (below(3) * 16) };

	both_mov(&g->c, 1, INSN_REG_FP);
	both_emit(&g->c, BPF_ALU64 | BPF_ADD | BPF_K, 1, 0, 0, -STACK_BYTES);
	both_imm64(&g->c, 2, from);
	both_mov(&g->c, 3, INSN_REG_FP);
	both_emit(&g->c, BPF_ALU64 | BPF_ADD | BPF_K, 3, 0, 0, -STACK_BYTES + 28);
	both_imm64(&g->c, 4, to + odd);
	both_imm64(&g->c, 5, args[2]);
	both_call(&g->c, BPF_FUNC_csum_diff);
	fold(g);
	note(g, "csum_diff", args, 3);
}

static void gen_csum(struct gen *g)
{
	u64 from = below(4) ? below(0x10000) : both_rand(&seed);
	u64 to = below(4) ? below(0x10000) : both_rand(&seed);
	u64 width = PICK(0, 2, 2, 4, 4, 3, 16);
	u64 extra = PICK(0, 0x10, 0x20, 0x60, 0x30, 0x80, 0x100);

	switch (below(6)) {
	case 0:
		CALL(g, l3_csum_replace, some_off(g), from, to, width);
		break;
	case 1:
		CALL(g, l3_csum_replace, PICK(24, 16, 50), width ? from : 0, to, width);
		break;
	case 2:
		CALL(g, l4_csum_replace, some_off(g), from, to, width | extra);
		break;
	case 3:
		CALL(g, l4_csum_replace, PICK(36, 40, 50), width ? from : 0, to, width | extra);
		break;
	case 4:
		gen_csum_diff(g);
		break;
	case 5:
		if (below(2))
			CALL(g, csum_update, from);
		else
			CALL(g, csum_level, below(6));
		break;
	}
}

static void gen_bytes(struct gen *g)
{
	switch (below(4)) {
	case 0:
		call_bytes(g, "skb_load_bytes", BPF_FUNC_skb_load_bytes, some_off(g), some_len(), 0,
			   true);
		break;
	case 1:
		call_bytes(g, "skb_load_bytes_relative", BPF_FUNC_skb_load_bytes_relative,
			   some_off(g), some_len(), below(4), true);
		break;
	case 2:
		call_bytes(g, "skb_store_bytes", BPF_FUNC_skb_store_bytes, some_off(g), some_len(),
			   below(5), false);
		break;
	case 3:
		CALL(g, skb_pull_data, some_off(g));
		break;
	}
}

static void gen_vlan(struct gen *g)
{
	switch (below(5)) {
	case 0:
	case 1:
		CALL(g, skb_vlan_push, PICK(0x0081, 0xa888, 0x0008, 0), below(0x20000));
		break;
	case 2:
	case 3: {
		const u64 none[1] = { 0 };

		g->shortened = true;
		call_ctx(g, "skb_vlan_pop", BPF_FUNC_skb_vlan_pop, none, 0);
		break;
	}
	case 4:
		CALL(g, skb_change_type, below(6));
		break;
	}
}

static void gen_adjust_room(struct gen *g)
{
	u64 flags = below(3) ? 0 : 1ULL << below(12);
	s32 diff = (s32)below(100) - 50;

	if (!below(4))
		flags |= 1ULL << below(9);
	if (!below(8))
		flags |= (u64)below(40) << 56;
	if (!below(4))
		diff = (s32)PICK(0x1000, 0xfff, 20, 40, (u32)-20, (u32)-40, 0);
	CALL(g, skb_adjust_room, (u64)(s64)diff, g->shortened ? 1 : below(3), flags);
}

static void gen_room(struct gen *g)
{
	u32 which = below(5);

	if (which == 2 && g->moved)
		return;
	g->moved |= which != 2;
	g->shortened |= which == 2;
	switch (which) {
	case 0:
		CALL(g, skb_change_proto, PICK(0x0008, 0xdd86, 0x0608), !below(8));
		break;
	case 1:
		CALL(g, skb_change_head,
		     PICK(0, 1, 14, 40, 200, 1000, 16064, 0x80000000, 0xffffffff), !below(8));
		break;
	case 2:
		CALL(g, skb_change_tail, below(2) ? some_off(g) : below(2 * g->data_bytes),
		     !below(8));
		break;
	case 3:
	case 4:
		gen_adjust_room(g);
		break;
	}
}

/* (ctx, stack memory, length, flags): what is not there leaves zeros. */
static void gen_tunnel(struct gen *g, const char *name, s32 id)
{
	const u64 args[] = { 44, PICK(0, 1, 0x100) };

	both_mov(&g->c, 1, 6);
	both_mov(&g->c, 2, INSN_REG_FP);
	both_emit(&g->c, BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, -STACK_BYTES);
	both_imm64(&g->c, 3, args[0]);
	both_imm64(&g->c, 4, args[1]);
	both_call(&g->c, id);
	fold(g);
	both_load(&g->c, 8, 0, INSN_REG_FP, -STACK_BYTES + 32);
	fold(g);
	note(g, name, args, 2);
}

static void gen_meta(struct gen *g)
{
	const u64 none[1] = { 0 };

	switch (below(5)) {
	case 0:
		gen_tunnel(g, "skb_get_tunnel_key", BPF_FUNC_skb_get_tunnel_key);
		break;
	case 1:
		gen_tunnel(g, "skb_get_tunnel_opt", BPF_FUNC_skb_get_tunnel_opt);
		break;
	case 2:
		call_bytes(g, "skb_get_xfrm_state", BPF_FUNC_skb_get_xfrm_state, below(3), 28, 0,
			   true);
		break;
	case 3:
		call_ctx(g, "get_route_realm", BPF_FUNC_get_route_realm, none, 0);
		break;
	case 4:
		call_ctx(g, "get_cgroup_classid", BPF_FUNC_get_cgroup_classid, none, 0);
		break;
	}
}

static void gen_misc(struct gen *g)
{
	const u64 none[1] = { 0 };

	switch (below(5)) {
	case 4:
		gen_meta(g);
		break;
	case 0:
		CALL(g, set_hash, both_rand(&seed));
		break;
	case 1:
		call_ctx(g, "set_hash_invalid", BPF_FUNC_set_hash_invalid, none, 0);
		break;
	case 2:
		call_ctx(g, "skb_ecn_set_ce", BPF_FUNC_skb_ecn_set_ce, none, 0);
		break;
	case 3:
		both_imm64(&g->c, 1, 1);
		both_imm64(&g->c, 2, below(4));
		both_call(&g->c, BPF_FUNC_redirect);
		fold(g);
		note(g, "redirect", none, 0);
		break;
	}
}

static void gen_xdp(struct gen *g)
{
	u64 none[1] = { 0 }, off = (u64)(s64)((s32)below(80) - 40);

	if (!below(3))
		off = (u64)(s64)(s32)PICK(0, 4, (u32)-4, (u32)-252, (u32)-256, (u32)-216, (u32)-217,
					  (u32)-212, g->data_bytes - 14, g->data_bytes - 13,
					  3776 - 256, 1000, 2000, 3000, 0x7fffffff, 0x80000000);
	switch (below(7)) {
	case 0:
		CALL(g, xdp_adjust_head, off);
		break;
	case 1:
		CALL(g, xdp_adjust_meta, below(2) ? off : off & ~3ULL);
		break;
	case 2:
		CALL(g, xdp_adjust_tail, off);
		break;
	case 3:
		call_ctx(g, "xdp_get_buff_len", BPF_FUNC_xdp_get_buff_len, none, 0);
		break;
	case 4:
		call_bytes(g, "xdp_load_bytes", BPF_FUNC_xdp_load_bytes, some_off(g), some_len(), 0,
			   true);
		break;
	case 5:
		call_bytes(g, "xdp_store_bytes", BPF_FUNC_xdp_store_bytes, some_off(g), some_len(),
			   0, false);
		break;
	case 6:
		gen_csum_diff(g);
		break;
	}
}

/* r0 = field; folded. */
static void fold_field(struct gen *g, s16 off)
{
	both_load(&g->c, 4, 0, 6, off);
	fold(g);
}

/* The difference of two packet pointers of the context. */
static void fold_span(struct gen *g, s16 from, s16 to)
{
	both_load(&g->c, 4, 2, 6, from);
	both_load(&g->c, 4, 0, 6, to);
	both_emit(&g->c, BPF_ALU64 | BPF_SUB | BPF_X, 0, 2, 0, 0);
	fold(g);
}

static void gen_program(struct gen *g)
{
	static const s16 fields[] = { 0, 4, 16, 20, 24, 28, 68 };
	u32 calls = 1 + below(CALLS_MAX), i;

	memset(&g->c, 0, sizeof(g->c));
	g->text[0] = 0;
	g->moved = false;
	g->shortened = false;
	both_mov(&g->c, 6, 1);
	both_imm64(&g->c, 7, 1);
	for (i = 0; i < STACK_BYTES / 8; i++) {
		both_imm64(&g->c, 0, both_rand(&seed));
		both_store(&g->c, 8, INSN_REG_FP, 0, (s16)(-STACK_BYTES + (s32)i * 8));
	}
	for (i = 0; i < calls; i++) {
		if (g->type == PROG_TYPE_XDP)
			gen_xdp(g);
		else if (g->type == PROG_TYPE_SOCKET_FILTER)
			call_bytes(g, "skb_load_bytes_relative", BPF_FUNC_skb_load_bytes_relative,
				   some_off(g), some_len(), below(3), true);
		else
			(void (*const[])(struct gen *)){ gen_csum, gen_bytes, gen_vlan, gen_room,
							 gen_misc }[below(5)](g);
	}
	if (g->type == PROG_TYPE_XDP) {
		fold_span(g, 0, 4);
		fold_span(g, 8, 0);
	} else {
		for (i = 0; i < ARRAY_SIZE(fields); i++)
			fold_field(g, fields[i]);
	}
	if (g->type == PROG_TYPE_SCHED_CLS)
		fold_span(g, 76, 80);
	both_mov(&g->c, 0, 7);
	both_emit(&g->c, BPF_ALU64 | BPF_RSH | BPF_K, 7, 0, 0, 32);
	both_emit(&g->c, BPF_ALU64 | BPF_XOR | BPF_X, 0, 7, 0, 0);
	both_exit(&g->c);
}

static u32 gen_packet(u8 *data)
{
	u32 len = 14 + below(below(4) ? 100 : 1400), at = 12, i;

	for (i = 0; i < len; i++)
		data[i] = (u8)both_rand(&seed);
	data[0] &= (u8)(below(2) ? 0xff : 0xfe);
	if (!below(16))
		memset(data, 0xff, 6);
	while (!below(3) && at + 6 <= len) {
		data[at] = below(2) ? 0x81 : 0x88;
		data[at + 1] = data[at] == 0x81 ? 0x00 : 0xa8;
		at += 4;
	}
	switch (below(5)) {
	case 0:
	case 1:
		data[at] = 0x08;
		data[at + 1] = 0;
		break;
	case 2:
	case 3:
		data[at] = 0x86;
		data[at + 1] = 0xdd;
		break;
	case 4:
		data[at] = (u8)below(8);
		break;
	}
	return len;
}

static bool same(const struct both_result *a, const struct both_result *b)
{
	return a->run_err == b->run_err && a->retval == b->retval &&
	       a->data_bytes == b->data_bytes && a->ctx_bytes == b->ctx_bytes &&
	       !memcmp(a->data, b->data, MIN(a->data_bytes, BOTH_DATA_MAX)) &&
	       !memcmp(a->ctx, b->ctx, a->ctx_bytes);
}

static void report(const struct gen *g, const struct both_result *k, const struct both_result *o)
{
	u32 i;

	tap_diag("%s, %u bytes:%s", prog_type_name(g->type), g->data_bytes, g->text);
	tap_diag("  kernel: run %d ret 0x%x %u bytes; we: load %d run %d ret 0x%x %u bytes",
		 k->run_err, k->retval, k->data_bytes, o->load_err, o->run_err, o->retval,
		 o->data_bytes);
	for (i = 0; i < MIN(k->data_bytes, o->data_bytes); i++)
		if (k->data[i] != o->data[i]) {
			tap_diag("  first difference at byte %u: %02x, %02x", i, k->data[i],
				 o->data[i]);
			break;
		}
	for (i = 0; i < MIN(k->ctx_bytes, o->ctx_bytes); i++)
		if (k->ctx[i] != o->ctx[i]) {
			tap_diag("  first difference at ctx byte %u", i);
			break;
		}
}

static void check(enum prog_type type, u32 programs)
{
	static struct both_result kernel, ours;
	static struct gen g;
	u8 data[2000];
	u8 ctx[TEST_RUN_CTX_BYTES_MAX] = { 0 };
	u32 i, wrong = 0, ran = 0, refused = 0;

	for (i = 0; i < programs; i++) {
		struct both_input in = { .data = data, .want_ctx = type != PROG_TYPE_XDP };

		g.type = type;
		g.data_bytes = gen_packet(data);
		in.data_bytes = g.data_bytes;
		if (type == PROG_TYPE_XDP && below(2)) { /* it says where the packet lies */
			in.want_ctx = true;
			u32 meta = g.data_bytes > 40 && below(2) ? 8 : 0;

			memcpy(ctx, &meta, 4);
			memcpy(ctx + 4, &g.data_bytes, 4);
			in.ctx = ctx;
			in.ctx_bytes = 24;
		}
		gen_program(&g);
		both_kernel(type, &g.c, &in, &kernel);
		if (kernel.load_err) {
			refused++;
			continue;
		}
		both_ours(type, &g.c, &in, &ours);
		ran++;
		if ((ours.load_err || !same(&kernel, &ours)) && wrong++ < REPORTED_MAX)
			report(&g, &kernel, &ours);
	}
	tap_ok(!wrong && ran > programs / 2, "%s: %u programs agree with the kernel, %u refused",
	       prog_type_name(type), ran - wrong, refused);
}

int main(int argc, char **argv)
{
	u32 programs = argc > 2 ? (u32)strtoul(argv[2], NULL, 10) : PROGRAMS;

	if (!kernel_bpf_allowed())
		return tap_skip_all("bpf(2) is refused here");
	if (argc > 1)
		seed = strtoull(argv[1], NULL, 10) | 1;
	check(PROG_TYPE_XDP, programs / 3);
	check(PROG_TYPE_SCHED_CLS, programs / 2);
	check(PROG_TYPE_SOCKET_FILTER, programs / 10);
	return tap_done();
}
