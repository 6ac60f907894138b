/* SPDX-License-Identifier: BSD-2-Clause */
/* What random programs need around them: maps, BTF for their functions; programs as records. */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>

#include "isa/isa.h"
#include "tests/verify/gen.h"

#define FUNCS	  64 /* FUNC types in the BTF */
#define FIRST_FUNC 3

static const struct record_map maps[GEN_MAP_CNT] = {
	[GEN_ARRAY] = { BPF_MAP_TYPE_ARRAY, 4, 64, 1, 0, 0, -1, 0, 0, -1, false, "array", NULL },
	[GEN_HASH] = { BPF_MAP_TYPE_HASH, 8, 64, 8, 0, 0, -1, 0, 0, -1, false, "hash", NULL },
	[GEN_RO] = { BPF_MAP_TYPE_ARRAY, 4, 64, 1, BPF_F_RDONLY_PROG, 0, -1, 0, 0, -1, false, "ro",
		     NULL },
	[GEN_RING] = { BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0, 0, -1, 0, 0, -1, false, "ring", NULL },
	[GEN_PERCPU] = { BPF_MAP_TYPE_PERCPU_ARRAY, 4, 64, 1, 0, 0, -1, 0, 0, -1, false, "percpu",
			 NULL },
	[GEN_PROGS] = { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4, 0, 0, -1, 0, 0, -1, false, "progs",
			NULL },
};

static uint32_t put(uint8_t *at, uint32_t len, const uint32_t *words, uint32_t cnt)
{
	memcpy(at + len, words, cnt * sizeof(*words));
	return len + cnt * (uint32_t)sizeof(*words);
}

/* [1] int, [2] int (void), [3…] static functions f. */
static void btf_make(struct blob *blob)
{
	static const char strs[] = "\0int\0f";
	const uint32_t base[] = { 1, BTF_KIND_INT << 24, 4, BTF_INT_SIGNED << 24 | 32,
				  0, BTF_KIND_FUNC_PROTO << 24, 1 };
	const uint32_t func[] = { 5, BTF_KIND_FUNC << 24, 2 };
	uint32_t len = sizeof(struct btf_header);
	struct btf_header hdr = { .magic = BTF_MAGIC, .version = 1, .hdr_len = len };

	blob->data = calloc(1, 4096);
	if (!blob->data)
		abort();
	len = put(blob->data, len, base, 7);
	for (int n = 0; n < FUNCS; n++)
		len = put(blob->data, len, func, 3);
	hdr.type_len = hdr.str_off = len - hdr.hdr_len;
	hdr.str_len = sizeof(strs);
	memcpy(blob->data + len, strs, sizeof(strs));
	memcpy(blob->data, &hdr, sizeof(hdr));
	blob->bytes = len + (uint32_t)sizeof(strs);
}

void gen_world(struct record_file *file, struct record *r)
{
	memset(file, 0, sizeof(*file));
	memset(r, 0, sizeof(*r));
	file->blobs = calloc(1, sizeof(*file->blobs));
	r->maps = malloc(sizeof(maps));
	r->fixes = calloc(GEN_INSNS_MAX, sizeof(*r->fixes));
	r->func_info.data = calloc(FUNCS, 8);
	if (!file->blobs || !r->maps || !r->fixes || !r->func_info.data)
		abort();
	btf_make(&file->blobs[0]);
	file->blob_cnt = 1;
	memcpy(r->maps, maps, sizeof(maps));
	r->map_cnt = GEN_MAP_CNT;
	r->btf = 0;
	snprintf(r->license, sizeof(r->license), "GPL");
	file->first = r;
}

void gen_world_fini(struct record_file *file, struct record *r)
{
	free(file->blobs[0].data);
	free(file->blobs);
	free(r->maps);
	free(r->fixes);
	free(r->func_info.data);
}

/* Function starts, ascending. */
static uint32_t starts_find(const struct insn *insns, uint32_t cnt, uint32_t starts[FUNCS])
{
	uint32_t found = 1;

	starts[0] = 0;
	for (uint32_t i = 0; i < cnt; i++) {
		enum isa_op op = isa_decode(&insns[i]);
		uint32_t target = (uint32_t)((int32_t)i + insns[i].imm + 1), n;

		if ((op != ISA_CALL_SUBPROG && op != ISA_LDDW_FUNC) || target >= cnt)
			continue;
		for (n = 0; n < found && starts[n] < target; n++)
			;
		if ((n < found && starts[n] == target) || found == FUNCS)
			continue;
		memmove(&starts[n + 1], &starts[n], (found - n) * sizeof(*starts));
		starts[n] = target;
		found++;
	}
	return found;
}

void gen_record_of(const struct insn *insns, u32 cnt, u32 type, struct record *r)
{
	uint32_t starts[FUNCS + 1], n = starts_find(insns, cnt, starts), info[2];

	r->type = type;
	r->insns.data = (uint8_t *)(uintptr_t)insns;
	r->insns.bytes = cnt * (uint32_t)sizeof(*insns);
	r->fix_cnt = 0;
	for (uint32_t i = 0; i < cnt && r->fix_cnt < GEN_INSNS_MAX; i++) {
		enum isa_op op = isa_decode(&insns[i]);

		if (op != ISA_LDDW_MAP_FD && op != ISA_LDDW_MAP_VALUE)
			continue;
		if (insns[i].imm < 0 || insns[i].imm >= GEN_MAP_CNT)
			continue;
		r->fixes[r->fix_cnt].insn = i;
		r->fixes[r->fix_cnt++].map = insns[i].imm;
	}
	r->func_info_bytes = n > 1 ? 8 : 0;
	r->btf = n > 1 ? 0 : -1;
	r->func_info.bytes = n > 1 ? n * 8 : 0;
	for (uint32_t i = 0; n > 1 && i < n; i++) {
		info[0] = starts[i];
		info[1] = FIRST_FUNC + i;
		memcpy(r->func_info.data + i * 8, info, 8);
	}
}

void gen_record(const struct gen *g, struct record *r)
{
	gen_record_of(g->insns, g->cnt, g->type, r);
}
