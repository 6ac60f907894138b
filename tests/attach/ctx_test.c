/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What programs may do with their context: every offset × width × load, sign-extending load, store
 * of a register, store of an immediate, for each program type. The verifier of the live kernel and
 * our guard must agree; and where both read, they must read the same value.
 */
#include <linux/bpf.h>
#include <string.h>

#include "both.h"
#include "tests/kernel_bpf.h"
#include "tests/tap.h"

#define BPF_MEMSX_MODE 0x80 /* newer than the installed headers */

enum access { ACCESS_LDX, ACCESS_LDSX, ACCESS_STX, ACCESS_ST, ACCESS_CNT };

static const char *const access_names[ACCESS_CNT] = { "load", "sign-extending load", "store",
						      "store of an immediate" };

static const u8 packet[64] = { 0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2, 0x08, 0x00, 0x45 };

static u8 access_code(enum access access, u32 size)
{
	static const u8 sizes[9] = { [1] = BPF_B, [2] = BPF_H, [4] = BPF_W, [8] = BPF_DW };
	static const u8 classes[ACCESS_CNT] = { BPF_LDX | BPF_MEM, BPF_LDX | BPF_MEMSX_MODE,
						BPF_STX | BPF_MEM, BPF_ST | BPF_MEM };

	return (u8)(classes[access] | sizes[size]);
}

static void access_program(struct both_code *c, enum access access, u32 off, u32 size)
{
	bool load = access == ACCESS_LDX || access == ACCESS_LDSX;

	memset(c, 0, sizeof(*c));
	both_emit(c, BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0, 0);
	both_emit(c, access_code(access, size), load ? 0 : 1, load ? 1 : 2, (s16)off, 0);
	if (access == ACCESS_ST)
		c->insns[1].src = 0;
	both_emit(c, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
	both_exit(c);
}

static void check_rights(enum prog_type type, u32 ctx_bytes)
{
	const struct both_input in = { .data = packet, .data_bytes = sizeof(packet) };
	u32 off, size, access, wrong = 0, tried = 0, accepted = 0;
	static struct both_result ours;
	struct both_code c;

	for (access = 0; access < ACCESS_CNT; access++)
		for (size = 1; size <= 8; size *= 2)
			for (off = 0; off < ctx_bytes + 8; off++) {
				bool kernel, we;

				if (access == ACCESS_LDSX && size == 8)
					continue;
				access_program(&c, access, off, size);
				kernel = both_kernel_accepts(type, &c);
				both_ours(type, &c, &in, &ours);
				we = !ours.load_err;
				tried++;
				accepted += kernel;
				if (kernel != we && wrong++ < 20)
					tap_diag("%s: %s of %u at %u: kernel %s, we %s",
						 prog_type_name(type), access_names[access], size,
						 off, kernel ? "accepts" : "refuses",
						 we ? "accept" : "refuse");
			}
	tap_ok(!wrong && accepted > 5, "%s: %u accesses judged as by the kernel, %u allowed",
	       prog_type_name(type), tried, accepted);
}

/* An input context in which every field that may be set is set. */
static u32 fill_ctx(enum prog_type type, u8 *ctx)
{
	struct __sk_buff skb = {
		.mark = 0x12345678,
		.priority = 0x9abcdef0,
		.ingress_ifindex = 1,
		.ifindex = 1,
		.cb = { 0x01020304, 0x05060708, 0x090a0b0c, 0xf0e0d0c0, 0x80818283 },
		.tstamp = 0x1122334455667788,
		.wire_len = 0x1234,
		.gso_segs = 77,
		.gso_size = 1400,
	};
	struct xdp_md xdp = { .data = 4, .data_end = sizeof(packet) };

	if (type == PROG_TYPE_XDP) {
		memcpy(ctx, &xdp, sizeof(xdp));
		return sizeof(xdp);
	}
	memcpy(ctx, &skb, sizeof(skb));
	return sizeof(skb);
}

static bool is_pointer(enum prog_type type, u32 off)
{
	if (type == PROG_TYPE_XDP)
		return off < 12;
	return (off >= 76 && off < 84) || (off >= 140 && off < 144) || (off >= 168 && off < 176);
}

/* skb_vlan_push(ctx, 0x88a8, 0xabcd), where the type has it: so that the tag's fields differ. */
static void push_tag(struct both_code *c, enum prog_type type)
{
	if (type != PROG_TYPE_SCHED_CLS && type != PROG_TYPE_SCHED_ACT)
		return;
	both_mov(c, 6, 1);
	both_imm64(c, 2, 0xa888);
	both_imm64(c, 3, 0xabcd);
	both_call(c, BPF_FUNC_skb_vlan_push);
	both_mov(c, 1, 6);
}

/* Both read the field into r0; wide ones are folded. */
static void check_values(enum prog_type type, u32 ctx_bytes)
{
	static struct both_result kernel, ours;
	u8 ctx[TEST_RUN_CTX_BYTES_MAX] = { 0 };
	struct both_input in = { .data = packet, .data_bytes = sizeof(packet), .ctx = ctx };
	u32 off, size, wrong = 0, tried = 0;
	struct both_code c;

	in.ctx_bytes = fill_ctx(type, ctx);
	for (size = 1; size <= 8; size *= 2)
		for (off = 0; off + size <= ctx_bytes; off += size) {
			if (is_pointer(type, off))
				continue;
			memset(&c, 0, sizeof(c));
			push_tag(&c, type);
			both_load(&c, size, 0, 1, (s16)off);
			both_mov(&c, 2, 0);
			both_emit(&c, BPF_ALU64 | BPF_RSH | BPF_K, 2, 0, 0, 32);
			both_emit(&c, BPF_ALU64 | BPF_XOR | BPF_X, 0, 2, 0, 0);
			both_exit(&c);
			both_kernel(type, &c, &in, &kernel);
			if (kernel.load_err)
				continue;
			both_ours(type, &c, &in, &ours);
			tried++;
			if (kernel.retval == ours.retval && kernel.run_err == ours.run_err)
				continue;
			if (wrong++ < 20)
				tap_diag("%s: load of %u at %u: kernel %d 0x%x, we %d 0x%x",
					 prog_type_name(type), size, off, kernel.run_err,
					 kernel.retval, ours.run_err, ours.retval);
		}
	tap_ok(!wrong && tried, "%s: %u loads read what the kernel reads", prog_type_name(type),
	       tried);
}

/* Writes, then reads back in full: truncation and ignored values. */
static void check_writes(enum prog_type type, u32 ctx_bytes)
{
	static const u64 values[] = { 0x8899aabbccddeeffULL, 0xffff, 0xfffe, 0x10000, 0 };
	static struct both_result kernel, ours;
	const struct both_input in = { .data = packet, .data_bytes = sizeof(packet) };
	u32 off, size, i, wrong = 0, tried = 0;
	struct both_code c;

	for (size = 1; size <= 8; size *= 2)
		for (off = 0; off + size <= ctx_bytes; off += size)
			for (i = 0; i < ARRAY_SIZE(values); i++) {
				memset(&c, 0, sizeof(c));
				both_imm64(&c, 2, values[i]);
				both_store(&c, size, 1, 2, (s16)off);
				both_load(&c, size, 0, 1, (s16)off);
				both_exit(&c);
				both_kernel(type, &c, &in, &kernel);
				if (kernel.load_err)
					continue;
				both_ours(type, &c, &in, &ours);
				tried++;
				if (kernel.retval != ours.retval && wrong++ < 20)
					tap_diag("%s: store of %u at %u: kernel 0x%x, we 0x%x",
						 prog_type_name(type), size, off, kernel.retval,
						 ours.retval);
			}
	tap_ok(!wrong, "%s: %u stores read back as in the kernel", prog_type_name(type), tried);
}

int main(void)
{
	static const struct {
		enum prog_type type;
		u32 ctx_bytes;
	} rows[] = {
		{ PROG_TYPE_XDP, 24 },
		{ PROG_TYPE_SCHED_CLS, 192 },
		{ PROG_TYPE_SCHED_ACT, 192 },
		{ PROG_TYPE_SOCKET_FILTER, 192 },
	};
	u32 i;

	if (!kernel_bpf_allowed())
		return tap_skip_all("bpf(2) is refused here");
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		check_rights(rows[i].type, rows[i].ctx_bytes);
		check_values(rows[i].type, rows[i].ctx_bytes);
		check_writes(rows[i].type, rows[i].ctx_bytes);
	}
	return tap_done();
}
