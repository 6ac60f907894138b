/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls of helpers that something better can stand in for (do_misc_fixups: map_gen_lookup and the
 * helpers that JITs inline): code of the map's type where the map is known, intrinsics else.
 */
#include "map/call.h"
#include "map/map.h"
#include "spec/helper.h"
#include "spec/intrinsics.h"
#include "xlate/xlate_int.h"

static bool is_map_call(s32 id, enum map_call_kind *ret_kind)
{
	switch (id) {
	case HELPER_map_lookup_elem:
		*ret_kind = MAP_CALL_LOOKUP;
		return true;
	case HELPER_map_update_elem:
		*ret_kind = MAP_CALL_UPDATE;
		return true;
	case HELPER_map_delete_elem:
		*ret_kind = MAP_CALL_DELETE;
		return true;
	}
	return false;
}

/* False: it is the template of inner maps, or nobody's. */
static bool is_own_map(const struct prog *prog, const struct map *map)
{
	for (u32 i = 0; i < prog->map_cnt; i++)
		if (prog->maps[i] == map)
			return true;
	return false;
}

static bool map_code_of(const struct xl *x, s32 id, struct map_code *code)
{
	const struct insn_facts *f = &x->facts->insns[x->idx];
	struct map_call call = {
		.mask = !x->facts->bypass_spec_v1 || f->map_unpriv,
		.key_known = f->key_state == FACT_KEY_CONST,
		.key = (u32)f->key,
		.key_exists = f->ret_not_null,
	};

	if (f->map_state != FACT_MAP_ONE || !is_map_call(id, &call.kind))
		return false;
	call.known = is_own_map(x->prog, f->map);
	map_call_insns(f->map, &call, code);
	return code->cnt > 0;
}

bool xl_call(struct xl *x)
{
	s32 id = x->prog->insns[x->idx].imm;
	struct map_code code;

	if (x->opts->no_inline || x->opts->blind)
		return false;
	if (id == HELPER_get_smp_processor_id) {
		xl_op(x, ISA_CALL_HELPER, 0, 0, (s32)INTRINSIC_CPU_SLOT);
		return true;
	}
	if (!map_code_of(x, id, &code))
		return false;
	for (u32 i = 0; i < code.cnt; i++) {
		x->marks |= XLATE_ADDED;
		xl_emit(x, code.insns[i], XL_NO_TARGET);
	}
	return true;
}
