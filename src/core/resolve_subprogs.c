/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where each function of a program starts and ends. The first function starts at 0; every target
 * of a bpf-to-bpf call or of a function pointer starts another. isa_check has made sure that the
 * targets exist and that no jump leaves its function, so a function is [start, end).
 */
#include "base/err.h"
#include "base/mem.h"
#include "core/resolve.h"
#include "isa/isa.h"

#define SUBPROGS_MAX ((u32)LIMIT_SUBPROGS)

static int mark_starts(const struct prog *prog, const struct prog_load_attr *attr, u8 *starts)
{
	enum isa_op op = ISA_INVALID;

	for (u32 i = 0; i < prog->insn_cnt; i += isa_words(op)) {
		s64 target = 0;

		op = isa_decode(&prog->insns[i]);
		if (op == ISA_LDDW_FUNC)
			target = (s64)i + prog->insns[i].imm + 1;
		else if (op != ISA_CALL_SUBPROG || !isa_target(&prog->insns[i], op, i, &target))
			continue;
		if (target < 0 || target >= prog->insn_cnt) {
			load_log(attr, "call to invalid destination");
			return -EINVAL;
		}
		starts[target] = 1;
	}
	starts[0] = 1;
	return 0;
}

static int fill_subprogs(struct prog *prog, const struct prog_load_attr *attr, const u8 *starts)
{
	u32 cnt = 0;

	for (u32 i = 0; i < prog->insn_cnt; i++)
		cnt += starts[i];
	if (cnt > SUBPROGS_MAX) {
		load_log(attr, "too many subprograms");
		return -E2BIG;
	}
	prog->subprogs = mem_zalloc_array(cnt, sizeof(*prog->subprogs));
	if (!prog->subprogs)
		return -ENOMEM;
	for (u32 i = 0; i < prog->insn_cnt; i++)
		if (starts[i])
			prog->subprogs[prog->subprog_cnt++].start = i;
	for (u32 s = 0; s < cnt; s++)
		prog->subprogs[s].end = s + 1 < cnt ? prog->subprogs[s + 1].start : prog->insn_cnt;
	return 0;
}

int resolve_subprogs(struct prog *prog, const struct prog_load_attr *attr)
{
	u8 *starts = mem_zalloc(prog->insn_cnt);
	int err;

	if (!starts)
		return -ENOMEM;
	err = mark_starts(prog, attr, starts);
	if (!err)
		err = fill_subprogs(prog, attr, starts);
	mem_free(starts);
	return err;
}
