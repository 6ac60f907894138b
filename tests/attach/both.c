/* SPDX-License-Identifier: BSD-2-Clause */
#include "both.h"

#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "helper/table.h"
#include "interp/interp.h"
#include "pkt/pkt.h"
#include "tests/kernel_bpf.h"

#define BUDGET 1000000u

void both_emit(struct both_code *c, u8 code, u32 dst, u32 src, s16 off, s32 imm)
{
	c->insns[c->cnt++] = insn_make(code, dst, src, off, imm);
}

void both_mov(struct both_code *c, u32 dst, u32 src)
{
	both_emit(c, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
}

void both_imm64(struct both_code *c, u32 dst, u64 value)
{
	both_emit(c, BPF_LD | BPF_IMM | BPF_DW, dst, 0, 0, (s32)(u32)value);
	both_emit(c, 0, 0, 0, 0, (s32)(u32)(value >> 32));
}

static u8 size_code(u32 size_bytes)
{
	switch (size_bytes) {
	case 1:
		return BPF_B;
	case 2:
		return BPF_H;
	case 4:
		return BPF_W;
	}
	return BPF_DW;
}

void both_load(struct both_code *c, u32 size_bytes, u32 dst, u32 src, s16 off)
{
	both_emit(c, (u8)(BPF_LDX | BPF_MEM | size_code(size_bytes)), dst, src, off, 0);
}

void both_store(struct both_code *c, u32 size_bytes, u32 dst, u32 src, s16 off)
{
	both_emit(c, (u8)(BPF_STX | BPF_MEM | size_code(size_bytes)), dst, src, off, 0);
}

void both_call(struct both_code *c, s32 helper)
{
	both_emit(c, BPF_JMP | BPF_CALL, 0, 0, 0, helper);
}

void both_exit(struct both_code *c)
{
	both_emit(c, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

bool both_kernel_accepts(enum prog_type type, const struct both_code *c)
{
	int fd = kernel_prog_load(type, c->insns, c->cnt, NULL, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

void both_kernel(enum prog_type type, const struct both_code *c, const struct both_input *in,
		 struct both_result *ret)
{
	union bpf_attr attr;
	int fd = kernel_prog_load(type, c->insns, c->cnt, NULL, 0);

	memset(ret, 0, sizeof(*ret));
	if (fd < 0) {
		ret->load_err = fd;
		return;
	}
	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (u32)fd;
	attr.test.data_in = ptr_to_u64(in->data);
	attr.test.data_size_in = in->data_bytes;
	attr.test.data_out = ptr_to_u64(ret->data);
	attr.test.data_size_out = sizeof(ret->data);
	attr.test.ctx_in = ptr_to_u64(in->ctx);
	attr.test.ctx_size_in = in->ctx_bytes;
	attr.test.ctx_out = in->want_ctx ? ptr_to_u64(ret->ctx) : 0;
	attr.test.ctx_size_out = in->want_ctx ? sizeof(ret->ctx) : 0;
	attr.test.repeat = in->repeat;
	attr.test.flags = in->flags;
	attr.test.cpu = in->cpu;
	attr.test.batch_size = in->batch_size;
	if (syscall(SYS_bpf, BPF_PROG_TEST_RUN, &attr, sizeof(attr)) < 0)
		ret->run_err = -errno;
	close(fd);
	if (ret->run_err)
		return;
	ret->retval = attr.test.retval;
	ret->data_bytes = attr.test.data_size_out;
	ret->ctx_bytes = in->want_ctx ? attr.test.ctx_size_out : 0;
}

static int ours_load(enum prog_type type, const struct both_code *c, struct helper_ask *ask,
		     struct prog **ret_prog)
{
	struct helper_resolver resolver = { .resolve = helper_resolve, .cookie = ask };
	int err = prog_new_raw(c->insns, c->cnt, "both", ret_prog);

	if (err)
		return err;
	(*ret_prog)->type = type;
	(*ret_prog)->ctx_class = pkt_ctx_class(type, 0);
	return interp_guard_compile(*ret_prog, &resolver);
}

int both_prog(enum prog_type type, const struct both_code *c, struct prog **ret_prog)
{
	struct helper_ask ask = { .type = type, .rights = HELPER_ADMIN, .gpl_compatible = true };

	return ours_load(type, c, &ask, ret_prog);
}

void both_ours(enum prog_type type, const struct both_code *c, const struct both_input *in,
	       struct both_result *ret)
{
	struct helper_ask ask = { .type = type, .rights = HELPER_ADMIN,
				  .gpl_compatible = true };
	const struct test_run_in tin = {
		.data = in->data,
		.data_bytes = in->data_bytes,
		.ctx = in->ctx,
		.ctx_bytes = in->ctx_bytes,
		.want_ctx = in->want_ctx,
		.repeat = in->repeat,
		.flags = in->flags,
		.cpu = in->cpu,
		.batch_size = in->batch_size,
		.budget_insns = BUDGET,
	};
	struct test_run_out out = { 0 };
	struct prog *prog = NULL;
	struct run run = { 0 };

	memset(ret, 0, sizeof(*ret));
	ret->load_err = ours_load(type, c, &ask, &prog);
	if (!ret->load_err)
		ret->run_err = run_begin(&run, NULL);
	if (!ret->load_err && !ret->run_err)
		ret->run_err = test_run(&run, prog, &tin, &out);
	if (ret->run_err == -EFAULT && run.fault.kind != FAULT_NONE)
		ret->load_err = -EFAULT;
	if (!ret->load_err && !ret->run_err) {
		ret->retval = out.retval;
		ret->data_bytes = out.data_bytes;
		memcpy(ret->data, out.data, MIN(out.data_bytes, sizeof(ret->data)));
		ret->ctx_bytes = in->want_ctx ? out.ctx_bytes : 0;
		memcpy(ret->ctx, out.ctx, in->want_ctx ? out.ctx_bytes : 0);
	}
	test_run_fini(&out);
	run_end(&run);
	prog_put(prog);
}

u64 both_rand(u64 *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}
