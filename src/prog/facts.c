/* SPDX-License-Identifier: BSD-2-Clause */
/* Making and freeing of facts: three blocks of base/mem.h. */
#include "prog/facts.h"

#include "base/mem.h"

struct facts *facts_new(u32 insn_cnt, u32 subprog_cnt)
{
	struct facts *facts = mem_zalloc(sizeof(*facts));

	if (!facts)
		return NULL;
	facts->insns = mem_zalloc_array(insn_cnt, sizeof(*facts->insns));
	facts->subprogs = mem_zalloc_array(subprog_cnt, sizeof(*facts->subprogs));
	if (!facts->insns || !facts->subprogs) {
		facts_free(facts);
		return NULL;
	}
	facts->insn_cnt = insn_cnt;
	facts->subprog_cnt = subprog_cnt;
	return facts;
}

void facts_free(struct facts *facts)
{
	if (!facts)
		return;
	mem_free(facts->insns);
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
