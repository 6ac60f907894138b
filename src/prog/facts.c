/* SPDX-License-Identifier: BSD-2-Clause */
/* Making and freeing of facts: blocks of base/mem.h, pages for those of big programs. */
#include "prog/facts.h"

#include "base/mem.h"
#include "base/pages.h"

#define INSNS_IN_PAGES 32768u

static struct insn_facts *insns_new(u32 cnt)
{
	if (cnt >= INSNS_IN_PAGES)
		return pages_new((u64)cnt * sizeof(struct insn_facts));
	return mem_zalloc_array(cnt, sizeof(struct insn_facts));
}

static void insns_free(struct insn_facts *insns, u32 cnt)
{
	if (cnt >= INSNS_IN_PAGES)
		pages_free(insns, (u64)cnt * sizeof(struct insn_facts));
	else
		mem_free(insns);
}

struct facts *facts_new(u32 insn_cnt, u32 subprog_cnt)
{
	struct facts *facts = mem_zalloc(sizeof(*facts));

	if (!facts)
		return NULL;
	facts->insn_cnt = insn_cnt;
	facts->insns = insns_new(insn_cnt);
	facts->subprogs = mem_zalloc_array(subprog_cnt, sizeof(*facts->subprogs));
	if (!facts->insns || !facts->subprogs) {
		facts_free(facts);
		return NULL;
	}
	facts->subprog_cnt = subprog_cnt;
	return facts;
}

void facts_free(struct facts *facts)
{
	if (!facts)
		return;
	insns_free(facts->insns, facts->insn_cnt);
	mem_free(facts->subprogs);
	mem_free(facts->values);
	mem_free(facts);
}

const struct value_fact *facts_value(const struct facts *facts, u32 insn_idx, u32 regno)
{
	u32 lo = 0, hi = facts->value_cnt;

	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;
		const struct value_fact *f = &facts->values[mid];

		if (f->insn_idx == insn_idx && f->regno == regno)
			return f;
		if (f->insn_idx < insn_idx || (f->insn_idx == insn_idx && f->regno < regno))
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}
