/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers: the table of base types and the makers (mark_reg_unknown, __mark_reg_known, …). */
#include "verify/state/reg.h"

#include <stdio.h>
#include <string.h>

#include "btf/fields.h"
#include "map/map.h"
#include "spec/maptype.h"
#include "verify/state/env.h"

struct type_info {
	const char *text;
	u32 flags;
};

static const struct type_info types[REG_BASE_CNT] = {
#define REG_TYPE(id, text, flags) [REG_##id] = { text, flags },
#include "verify/state/regtypes.def"
#undef REG_TYPE
};

u32 reg_type_flags(u32 type)
{
	return types[reg_base(type)].flags;
}

const char *reg_type_text(u32 type, char buf[REG_TYPE_TEXT_BYTES])
{
	const char *null = "";

	if (type & REG_MAYBE_NULL)
		null = reg_base(type) == REG_BTF_ID ? "or_null_" : "_or_null";
	snprintf(buf, REG_TYPE_TEXT_BYTES, "%s%s%s%s%s%s%s%s%s",
		 type & REG_RDONLY ? "rdonly_" : "", type & REG_RINGBUF ? "ringbuf_" : "",
		 type & REG_USER ? "user_" : "", type & REG_PERCPU ? "percpu_" : "",
		 type & REG_RCU ? "rcu_" : "", type & REG_UNTRUSTED ? "untrusted_" : "",
		 type & REG_TRUSTED ? "trusted_" : "", types[reg_base(type)].text, null);
	return buf;
}

/* All of a register that makers drop; what it is precise and which half defined it stay. */
static void forget(struct reg *reg)
{
	reg->off = 0;
	reg->raw[0] = reg->raw[1] = 0;
	reg->id = 0;
	reg->ref_obj_id = 0;
}

void reg_mark_unknown_imprecise(struct reg *reg)
{
	forget(reg);
	reg->type = REG_SCALAR;
	reg->s = scalar_unknown();
	reg->frameno = 0;
	reg->precise = false;
}

void reg_mark_unknown(const struct env *env, struct reg *reg)
{
	reg_mark_unknown_imprecise(reg);
	reg->precise = !env->bpf_capable;
}

void reg_mark_not_init(struct reg *reg)
{
	reg_mark_unknown_imprecise(reg);
	reg->type = REG_NOT_INIT;
}

void reg_mark_const(struct reg *reg, u64 value)
{
	forget(reg);
	reg->type = REG_SCALAR;
	reg->s = scalar_const(value);
}

void reg_mark_known_zero(struct reg *reg)
{
	forget(reg);
	reg->s = scalar_const(0);
}

void reg_mark_const_zero(const struct env *env, struct reg *reg)
{
	reg_mark_const(reg, 0);
	reg->precise = !env->bpf_capable;
}

void reg_mark_ptr(struct reg *reg, u32 type)
{
	reg_mark_known_zero(reg);
	reg->type = type;
}

/* mark_ptr_not_null_reg() */
void reg_mark_not_null(struct env *env, struct reg *reg)
{
	const struct map *map = reg->map;

	(void)env;
	if (reg_base(reg->type) != REG_MAP_VALUE) {
		reg->type &= ~(u32)REG_MAYBE_NULL;
		return;
	}
	switch ((enum map_lookup_gives)map_type_info(map->attr.type)->lookup) {
	case LOOKUP_VALUE:
		reg->type = REG_MAP_VALUE;
		break;
	case LOOKUP_MAP:
		reg->type = REG_MAP_PTR;
		reg->map = map->inner_meta;
		/* What its timers are bound to must be this very map: each lookup has its id. */
		if (btf_fields_have(map->inner_meta->fields,
				    (u32)(FIELD_TIMER | FIELD_WORKQUEUE | FIELD_TASK_WORK)))
			reg->map_uid = reg->id;
		break;
	case LOOKUP_SOCKET:
		reg->type = REG_SOCKET;
		break;
	case LOOKUP_XDP_SOCK:
		reg->type = REG_XDP_SOCK;
		break;
	}
}
