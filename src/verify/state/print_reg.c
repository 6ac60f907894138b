/* SPDX-License-Identifier: BSD-2-Clause */
/* One register as text (print_reg_state, print_scalar_ranges): "map_value(map=cnt,ks=4,vs=8)". */
#include <assert.h>
#include <string.h>

#include "btf/btf.h"
#include "map/map.h"
#include "verify/state/print.h"
#include "verify/state/print_int.h"

/* Numbers beyond 16 bits are printed in hexadecimal. */
static bool is_unum_decimal(u64 n)
{
	return n <= UINT16_MAX;
}

static bool is_snum_decimal(s64 n)
{
	return n >= INT16_MIN && n <= INT16_MAX;
}

static void put_unum(struct str *out, u64 n)
{
	str_addf(out, is_unum_decimal(n) ? "%llu" : "%#llx", (unsigned long long)n);
}

static void put_snum(struct str *out, s64 n)
{
	str_addf(out, is_snum_decimal(n) ? "%lld" : "%#llx", (long long)n);
}

/* A list in parentheses: what stands before the next entry. */
static void put_sep(struct str *out, bool *first)
{
	if (!*first)
		str_add_char(out, ',');
	*first = false;
}

struct bound {
	const char *name;
	u64 val;
	bool is_signed, omit;
};

static u64 s32_bound(s32 v)
{
	return is_snum_decimal(v) ? (u64)(s64)v : (u32)v;
}

/* Bounds that are equal share one number: "smax=umax=smax32=umax32=100". */
static void put_ranges(struct str *out, const struct scalar *s, bool *first)
{
	struct bound bounds[] = {
		{ "smin", (u64)s->smin, true, s->smin == INT64_MIN },
		{ "smax", (u64)s->smax, true, s->smax == INT64_MAX },
		{ "umin", s->umin, false, s->umin == 0 },
		{ "umax", s->umax, false, s->umax == UINT64_MAX },
		{ "smin32", s32_bound(s->s32_min), true, s->s32_min == INT32_MIN },
		{ "smax32", s32_bound(s->s32_max), true, s->s32_max == INT32_MAX },
		{ "umin32", s->u32_min, false, s->u32_min == 0 },
		{ "umax32", s->u32_max, false, s->u32_max == UINT32_MAX },
	};

	for (u32 i = 0; i < ARRAY_SIZE(bounds); i++) {
		const struct bound *b = &bounds[i];
		bool neg = b->is_signed && (s64)b->val < 0;

		if (b->omit)
			continue;
		put_sep(out, first);
		str_addf(out, "%s=", b->name);
		for (u32 j = i + 2; j < ARRAY_SIZE(bounds); j += 2) {
			struct bound *o = &bounds[j];

			if (o->omit || o->val != b->val ||
			    (o->is_signed && (s64)o->val < 0) != neg)
				continue;
			o->omit = true;
			str_addf(out, "%s=", o->name);
		}
		if (b->is_signed)
			put_snum(out, (s64)b->val);
		else
			put_unum(out, b->val);
	}
}

static void put_value(struct str *out, const struct reg *reg, bool *first)
{
	const struct tnum *t = &reg->s.var_off;

	if (tnum_is_const(*t)) {
		if (!t->value)
			return;
		put_sep(out, first);
		str_add(out, "imm=");
		put_snum(out, (s64)t->value);
		return;
	}
	put_ranges(out, &reg->s, first);
	if (tnum_is_unknown(*t))
		return;
	put_sep(out, first);
	str_addf(out, "var_off=(0x%llx; 0x%llx)", (unsigned long long)t->value,
		 (unsigned long long)t->mask);
}

static void put_map(struct str *out, const struct map_attr *attr, bool *first)
{
	if (attr->name[0]) {
		put_sep(out, first);
		str_addf(out, "map=%s", attr->name);
	}
	put_sep(out, first);
	str_addf(out, "ks=%u,vs=%u", attr->key_size_bytes, attr->value_size_bytes);
}

static void put_target(struct str *out, const struct reg *reg, bool *first)
{
	enum reg_base base = reg_base(reg->type);

	if (base == REG_MAP_PTR || base == REG_MAP_VALUE || base == REG_MAP_KEY)
		put_map(out, &reg->map->attr, first);
	if (reg->type != REG_SCALAR && reg->off) {
		put_sep(out, first);
		str_add(out, "off=");
		put_snum(out, reg->off);
	}
	if (reg_type_flags(reg->type) & RT_PACKET) {
		put_sep(out, first);
		str_add(out, "r=");
		put_unum(out, (u64)(s64)reg->range);
	}
	if (base == REG_MEM) {
		put_sep(out, first);
		str_add(out, "sz=");
		put_unum(out, reg->mem_size_bytes);
	}
	if (base == REG_DYNPTR) {
		put_sep(out, first);
		str_addf(out, "type=%s", print_dynptr_type(reg->dynptr_type));
	}
}

const char *print_dynptr_type(u32 type)
{
	static const char *const names[] = {
		[DYNPTR_NONE] = "<invalid>", [DYNPTR_LOCAL] = "local",
		[DYNPTR_RINGBUF] = "ringbuf", [DYNPTR_SKB] = "skb", [DYNPTR_XDP] = "xdp",
	};

	assert(type < ARRAY_SIZE(names));
	return names[type];
}

void print_reg(struct str *out, const struct frame *frame, const struct reg *reg)
{
	char type[REG_TYPE_TEXT_BYTES];
	bool first = true;

	if (reg->type == REG_SCALAR && reg->precise)
		str_add_char(out, 'P');
	if (reg_is_const(reg)) {
		put_snum(out, (s64)reg->s.var_off.value);
		return;
	}
	str_add(out, reg_type_text(reg->type, type));
	if (reg->type == REG_ARENA)
		return;
	if (reg->type == REG_STACK) {
		if (frame->frameno != reg->frameno)
			str_addf(out, "[%u]", reg->frameno);
		if (tnum_is_const(reg->s.var_off)) {
			put_snum(out, (s64)(reg->s.var_off.value + (u64)(s64)reg->off));
			return;
		}
	}
	if (reg_base(reg->type) == REG_BTF_ID && reg->btf)
		str_add(out, btf_type_name(reg->btf,
					   btf_type_by_id(reg->btf, reg->btf_id)));
	str_add_char(out, '(');
	if (reg->id) {
		put_sep(out, &first);
		str_addf(out, "id=%u", reg->id & ~REG_ADD_CONST);
	}
	if (reg->id & REG_ADD_CONST)
		str_addf(out, "%+d", reg->off);
	if (reg->ref_obj_id) {
		put_sep(out, &first);
		str_addf(out, "ref_obj_id=%u", reg->ref_obj_id);
	}
	if (reg->type & REG_NON_OWN_REF) {
		put_sep(out, &first);
		str_add(out, "non_own_ref");
	}
	put_target(out, reg, &first);
	put_value(out, reg, &first);
	str_add_char(out, ')');
}

void print_reg_text(struct env *env, const struct reg *reg, char *buf, size_t size_bytes)
{
	struct str s = STR_INIT;

	print_reg(&s, state_frame(env->cur), reg);
	if (size_bytes) {
		size_t n = MIN(s.len, size_bytes - 1);

		if (n)
			memcpy(buf, str_c(&s), n);
		buf[n] = '\0';
	}
	str_fini(&s);
}
