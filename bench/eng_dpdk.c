/* SPDX-License-Identifier: BSD-2-Clause */
/* DPDK's rte_bpf, interpreter and JIT, on the loop-free forms: it loads no program with a loop. */
#include "bench/bench.h"

#include <stdlib.h>
#include <string.h>

#include <rte_bpf.h>
#include <rte_log.h>

struct dpdk {
	struct rte_bpf *bpf;
	uint64_t (*jit)(void *mem);
	uint8_t mem[BENCH_MEM_BYTES] __attribute__((aligned(8)));
};

static void dpdk_close(void *handle)
{
	struct dpdk *d = handle;

	rte_bpf_destroy(d->bpf);
	free(d);
}

static void *dpdk_open(const struct work *work, const uint8_t *mem, const char **ret_why)
{
	struct rte_bpf_prm prm = {
		.ins = (const struct ebpf_insn *)(const void *)work->insns,
		.nb_ins = work->insn_cnt,
		.prog_arg = {.type = RTE_BPF_ARG_PTR, .size = BENCH_MEM_BYTES},
	};
	struct dpdk *d = calloc(1, sizeof(*d));
	struct rte_bpf_jit jit;

	if (!d)
		abort();
	if (!work->straight) {
		free(d);
		*ret_why = "has loops";
		return NULL;
	}
	rte_log_set_global_level(RTE_LOG_EMERG);
	memcpy(d->mem, mem, sizeof(d->mem));
	d->bpf = rte_bpf_load(&prm);
	if (!d->bpf) {
		free(d);
		*ret_why = "rte_bpf_load refuses it";
		return NULL;
	}
	if (!rte_bpf_get_jit(d->bpf, &jit))
		d->jit = jit.func;
	return d;
}

static void *dpdk_jit_open(const struct work *work, const uint8_t *mem, const char **ret_why)
{
	struct dpdk *d = dpdk_open(work, mem, ret_why);

	if (d && !d->jit) {
		dpdk_close(d);
		*ret_why = "no JIT";
		return NULL;
	}
	return d;
}

static uint64_t dpdk_run(void *handle, uint32_t reps)
{
	struct dpdk *d = handle;
	uint64_t result = 0;

	while (reps--)
		result = rte_bpf_exec(d->bpf, d->mem);
	return result;
}

static uint64_t dpdk_jit_run(void *handle, uint32_t reps)
{
	struct dpdk *d = handle;
	uint64_t result = 0;

	while (reps--)
		result = d->jit(d->mem);
	return result;
}

const struct engine engine_dpdk = {
	.name = "dpdk",
	.open = dpdk_open,
	.run = dpdk_run,
	.close = dpdk_close,
};

const struct engine engine_dpdk_jit = {
	.name = "dpdk-jit",
	.open = dpdk_jit_open,
	.run = dpdk_jit_run,
	.close = dpdk_close,
};
