/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_PROG_TEST_RUN's own rules against the live kernel: sizes of data and context, each context
 * byte set, flags and other fields; errors and outputs must be the same.
 */
#include <linux/bpf.h>
#include <string.h>

#include "both.h"
#include "tests/kernel_bpf.h"
#include "tests/tap.h"

#define LIVE_FRAMES  2u
#define REPORTED_MAX 12u

static struct both_result kernel, ours;
static u8 data[80000];

static struct both_code prog_zero, prog_len;

static void programs(void)
{
	both_emit(&prog_zero, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
	both_exit(&prog_zero);
	both_load(&prog_len, 4, 0, 1, 0); /* an skb's length */
	both_exit(&prog_len);
}

static bool same(enum prog_type type, const struct both_code *c, const struct both_input *in)
{
	both_kernel(type, c, in, &kernel);
	both_ours(type, c, in, &ours);
	return kernel.load_err == ours.load_err && kernel.run_err == ours.run_err &&
	       kernel.retval == ours.retval && kernel.data_bytes == ours.data_bytes &&
	       kernel.ctx_bytes == ours.ctx_bytes &&
	       !memcmp(kernel.data, ours.data, MIN(kernel.data_bytes, BOTH_DATA_MAX)) &&
	       !memcmp(kernel.ctx, ours.ctx, kernel.ctx_bytes);
}

static void differ(const char *what, u32 value)
{
	u32 i;

	tap_diag("%s %u: kernel %d ret 0x%x %u+%u bytes, we %d ret 0x%x %u+%u bytes", what, value,
		 kernel.run_err, kernel.retval, kernel.data_bytes, kernel.ctx_bytes, ours.run_err,
		 ours.retval, ours.data_bytes, ours.ctx_bytes);
	for (i = 0; i < MIN(kernel.ctx_bytes, ours.ctx_bytes); i++)
		if (kernel.ctx[i] != ours.ctx[i])
			tap_diag("  context byte %u: %02x, %02x", i, kernel.ctx[i], ours.ctx[i]);
}

static void check_sizes(enum prog_type type)
{
	static const u32 near[] = { 0, 1, 13, 14, 15, 33, 34, 60, 1514, 3519, 3520, 3521, 3700,
				    3709, 3710, 3711, 3712, 3713, 3776, 3777, 3800, 4096 };
	u32 i, wrong = 0;

	for (i = 0; i < ARRAY_SIZE(near); i++) {
		const struct both_input in = { .data = data, .data_bytes = near[i] };

		if (type == PROG_TYPE_XDP && near[i] > 3520)
			continue; /* fragments there, one piece here: documented */
		if (!same(type, type == PROG_TYPE_XDP ? &prog_zero : &prog_len, &in) &&
		    wrong++ < REPORTED_MAX)
			differ("data of", near[i]);
	}
	tap_ok(!wrong, "%s: input sizes", prog_type_name(type));
}

/* An empty context; XDP's says that all 64 bytes are in the frame's linear part. */
static void clear_ctx(enum prog_type type, u8 *ctx, size_t bytes)
{
	memset(ctx, 0, bytes);
	if (type == PROG_TYPE_XDP)
		ctx[4] = 64;
}

/* Each byte of the context set alone, and a few values in each word. */
static void check_ctx_in(enum prog_type type, u32 ctx_bytes)
{
	static const u32 values[] = { 1,   4,	  13,	 60,	64,	65,
				      252, 256, 65535, 65536, 65537, 1u << 31 };
	u8 ctx[256] = { 0 };
	struct both_input in = { .data = data, .data_bytes = 64, .ctx = ctx, .want_ctx = true };
	u32 i, j, wrong = 0;

	in.ctx_bytes = ctx_bytes;
	for (i = 0; i < ctx_bytes; i++) {
		clear_ctx(type, ctx, sizeof(ctx));
		ctx[i] = 1;
		if (type == PROG_TYPE_XDP && i >= 4 && i < 8)
			continue; /* a packet split in two there, one piece here: documented */
		if (type != PROG_TYPE_XDP && i >= 36 && i < 44)
			continue; /* interfaces are not looked up here: documented */
		if (type == PROG_TYPE_XDP && i >= 12 && i < 20)
			continue;
		if (!same(type, &prog_zero, &in) && wrong++ < REPORTED_MAX)
			differ("context with byte", i);
	}
	for (i = 0; i + 4 <= ctx_bytes; i += 4)
		for (j = 0; j < ARRAY_SIZE(values); j++) {
			clear_ctx(type, ctx, sizeof(ctx));
			memcpy(ctx + i, &values[j], 4);
			if (type == PROG_TYPE_XDP && i == 4 && values[j] < 64)
				continue;
			if ((type == PROG_TYPE_XDP ? i == 12 || i == 16 : i == 36 || i == 40) &&
			    values[j] > 1)
				continue;
			if (!same(type, &prog_zero, &in) && wrong++ < REPORTED_MAX)
				differ("context word", i);
		}
	tap_ok(!wrong, "%s: every byte and word of the input context", prog_type_name(type));
}

/* Where the packet begins and ends in an XDP input with metadata. */
static void check_xdp_meta(void)
{
	struct xdp_md md = { 0 };
	struct both_input in = { .data = data, .ctx = &md, .ctx_bytes = sizeof(md),
				 .want_ctx = true };
	static const u32 starts[] = { 0, 1, 4, 8, 100, 212, 216, 220, 252, 256, 300 };
	static const u32 sizes[] = { 14, 18, 64, 300, 1000 };
	u32 i, j, k, wrong = 0;

	for (i = 0; i < ARRAY_SIZE(starts); i++)
		for (j = 0; j < ARRAY_SIZE(sizes); j++)
			for (k = 0; k < 2; k++) {
				md.data = starts[i];
				in.data_bytes = sizes[j];
				md.data_end = sizes[j] + k;
				if (!same(PROG_TYPE_XDP, &prog_zero, &in) && wrong++ < REPORTED_MAX)
					differ("metadata of", starts[i] * 10000 + sizes[j]);
			}
	tap_ok(!wrong, "xdp: metadata in front of the packet");
}

static void check_attr(enum prog_type type, u32 ctx_bytes)
{
	static u8 zeros[300], tail[300];
	u32 wrong = 0, i;

	clear_ctx(type, zeros, sizeof(zeros));
	clear_ctx(type, tail, sizeof(tail));
	tail[299] = 1;
	for (i = 0; i < 12; i++) {
		struct both_input in = { .data = data, .data_bytes = 64, .want_ctx = true };

		in.flags = i == 0 ? 1 : i == 1 ? 8 : i == 2 && type != PROG_TYPE_XDP ? LIVE_FRAMES
										   : 0;
		in.cpu = i == 3 && type != PROG_TYPE_XDP;
		in.batch_size = i == 4;
		in.repeat = i == 5 ? 7 : 0;
		if (type == PROG_TYPE_XDP && i != 7) {
			in.ctx = zeros;
			in.ctx_bytes = 24;
		}
		if (type == PROG_TYPE_XDP && i < 6) {
			wrong += !same(type, &prog_zero, &in);
			continue;
		}
		in.ctx = i == 6 ? zeros : i == 7 ? tail : i == 8 || i == 9 ? zeros : NULL;
		in.ctx_bytes = i == 6 || i == 7 ? 300 : i == 8 ? 0 : i == 9 ? 8 : 0;
		if (i == 10)
			in.ctx_bytes = ctx_bytes; /* a size without a pointer */
		if (i == 11)
			in.want_ctx = false;
		if (!same(type, &prog_zero, &in) && wrong++ < REPORTED_MAX)
			differ("attribute case", i);
	}
	tap_ok(!wrong, "%s: flags, CPU, batch, repeat, context sizes", prog_type_name(type));
}

int main(void)
{
	static const struct {
		enum prog_type type;
		u32 ctx_bytes;
	} rows[] = {
		{ PROG_TYPE_XDP, 24 },
		{ PROG_TYPE_SCHED_CLS, 192 },
		{ PROG_TYPE_SOCKET_FILTER, 192 },
	};
	u32 i;

	if (!kernel_bpf_allowed())
		return tap_skip_all("bpf(2) is refused here");
	programs();
	for (i = 0; i < sizeof(data); i++)
		data[i] = (u8)(i * 7);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		check_sizes(rows[i].type);
		check_ctx_in(rows[i].type, rows[i].ctx_bytes);
		check_attr(rows[i].type, rows[i].ctx_bytes);
	}
	check_xdp_meta();
	return tap_done();
}
