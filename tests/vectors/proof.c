/* SPDX-License-Identifier: BSD-2-Clause */
/* Vectors that must be refused, through the verifier: as they stand, with all rights. */
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "isa/isa.h"
#include "skep/verify.h"
#include "tests/vectors/engine.h"

#define INSNS_MAX 8192
#define LOG_BYTES (1u << 18)

static int make_map(struct skep *skep, u32 value_bytes)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = 4;
	attr.value_size = value_bytes;
	attr.max_entries = 1;
	return (int)skep_bpf(skep, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static void bind_maps(struct insn *insns, u32 cnt, int fd)
{
	for (u32 i = 0; i < cnt; i += isa_words(isa_decode(&insns[i]))) {
		enum isa_op op = isa_decode(&insns[i]);

		if (op == ISA_LDDW_MAP_FD || op == ISA_LDDW_MAP_VALUE)
			insns[i].imm = fd;
	}
}

bool proof_refuses(const struct vector *v)
{
	static struct insn insns[INSNS_MAX];
	static char log[LOG_BYTES];
	const struct skep_verify_opts opts = {
		.size = sizeof(opts),
		.prog_type = v->is_xdp ? BPF_PROG_TYPE_XDP : BPF_PROG_TYPE_SOCKET_FILTER,
		.log_level = 1,
		.log = log,
		.log_size = sizeof(log),
	};
	struct skep_verify_result result = { .size = sizeof(result) };
	struct skep *skep;
	int fd = -1, err;

	bool good;

	if (v->insn_cnt > INSNS_MAX || skep_new(NULL, &skep))
		return false;
	memcpy(insns, v->insns, v->insn_cnt * sizeof(insns[0]));
	if (v->map_bytes)
		fd = make_map(skep, v->map_bytes);
	bind_maps(insns, v->insn_cnt, fd);
	err = skep_verify(skep, insns, v->insn_cnt, &opts, &result);
	good = !err && result.err && strstr(log, v->reject);
	if (!good)
		printf("# %d, %d: '%s', not '%s'\n", err, result.err,
		       result.reason ? result.reason : "", v->reject);
	skep_verify_result_free(&result);
	if (fd >= 0)
		close(fd);
	skep_free(skep);
	return good;
}
