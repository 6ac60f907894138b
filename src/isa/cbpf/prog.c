/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The program object: a checked copy of what the caller attached. It outlives conversion, since
 * Linux gives it back (SO_GET_FILTER, struct sock_fprog_kern) although eBPF is what runs.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "isa/cbpf/cbpf.h"

int cbpf_prog_new(const struct cbpf_insn *insns, u32 len, enum cbpf_mode mode,
		  struct cbpf_refusal *refusal, struct cbpf_prog **ret_prog)
{
	struct cbpf_prog *prog;
	u16 zero_words = 0;
	u32 idx;
	int err;

	err = cbpf_check(insns, len, mode, refusal);
	if (!err && mode == CBPF_PCAP)
		err = cbpf_check_scratch(insns, len, &zero_words, &idx);
	if (err)
		return err;
	prog = mem_alloc(sizeof(*prog) + len * sizeof(*insns));
	if (!prog)
		return -ENOMEM;
	prog->mode = mode;
	prog->len = len;
	prog->zero_words = zero_words;
	memcpy(prog->insns, insns, len * sizeof(*insns));
	*ret_prog = prog;
	return 0;
}

void cbpf_prog_free(struct cbpf_prog *prog)
{
	mem_free(prog);
}

int cbpf_prog_read_back(const struct cbpf_prog *prog, struct cbpf_insn *out, u32 max_insns)
{
	if (!max_insns)
		return (int)prog->len;
	if (max_insns < prog->len)
		return -EINVAL;
	memcpy(out, prog->insns, prog->len * sizeof(*out));
	return (int)prog->len;
}
