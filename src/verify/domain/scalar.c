/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scalars as sets: making one, asking what is in it, comparing two, joining and cutting. What the
 * parts say of each other is sync.c.
 */
#include "verify/domain/scalar_int.h"

struct scalar scalar_urange(u64 min, u64 max)
{
	struct scalar s = scalar_unknown();

	s.umin = min;
	s.umax = max;
	scalar_sync(&s);
	return s;
}

struct scalar scalar_srange(s64 min, s64 max)
{
	struct scalar s = scalar_unknown();

	s.smin = min;
	s.smax = max;
	scalar_sync(&s);
	return s;
}

bool scalar_is_unknown(const struct scalar *s)
{
	return tnum_is_unknown(s->var_off) & (s->umin == 0) & (s->umax == U64_MAX) &
	       (s->smin == S64_MIN) & (s->smax == S64_MAX) & (s->u32_min == 0) &
	       (s->u32_max == U32_MAX) & (s->s32_min == S32_MIN) & (s->s32_max == S32_MAX);
}

bool scalar_includes(const struct scalar *a, const struct scalar *b)
{
	return (a->umin <= b->umin) & (a->umax >= b->umax) & (a->smin <= b->smin) &
	       (a->smax >= b->smax) & (a->u32_min <= b->u32_min) & (a->u32_max >= b->u32_max) &
	       (a->s32_min <= b->s32_min) & (a->s32_max >= b->s32_max) &&
	       tnum_in(a->var_off, b->var_off);
}

bool scalar_equal(const struct scalar *a, const struct scalar *b)
{
	return (a->var_off.value == b->var_off.value) & (a->var_off.mask == b->var_off.mask) &
	       (a->umin == b->umin) & (a->umax == b->umax) & (a->smin == b->smin) &
	       (a->smax == b->smax) & (a->u32_min == b->u32_min) & (a->u32_max == b->u32_max) &
	       (a->s32_min == b->s32_min) & (a->s32_max == b->s32_max);
}

void scalar_intersect(struct scalar *a, const struct scalar *b)
{
	RAISE(a->umin, b->umin);
	LOWER(a->umax, b->umax);
	RAISE(a->smin, b->smin);
	LOWER(a->smax, b->smax);
	RAISE(a->u32_min, b->u32_min);
	LOWER(a->u32_max, b->u32_max);
	RAISE(a->s32_min, b->s32_min);
	LOWER(a->s32_max, b->s32_max);
	a->var_off = tnum_intersect(a->var_off, b->var_off);
	scalar_sync(a);
}

/* The parts of a union are exact unions already: nothing to learn that is worth a sync. */
void scalar_union(struct scalar *a, const struct scalar *b)
{
	LOWER(a->umin, b->umin);
	RAISE(a->umax, b->umax);
	LOWER(a->smin, b->smin);
	RAISE(a->smax, b->smax);
	LOWER(a->u32_min, b->u32_min);
	RAISE(a->u32_max, b->u32_max);
	LOWER(a->s32_min, b->s32_min);
	RAISE(a->s32_max, b->s32_max);
	a->var_off = tnum_union(a->var_off, b->var_off);
}

/*
 * Not synced: a bound that is gone stays gone, so that no chain of widenings has more than nine
 * links.
 */
void scalar_widen(struct scalar *old, const struct scalar *cur)
{
	bool in = tnum_in(old->var_off, cur->var_off);

	old->umin = pick(cur->umin < old->umin, (u64)0, old->umin);
	old->umax = pick(cur->umax > old->umax, U64_MAX, old->umax);
	old->smin = pick(cur->smin < old->smin, S64_MIN, old->smin);
	old->smax = pick(cur->smax > old->smax, S64_MAX, old->smax);
	old->u32_min = pick(cur->u32_min < old->u32_min, (u32)0, old->u32_min);
	old->u32_max = pick(cur->u32_max > old->u32_max, U32_MAX, old->u32_max);
	old->s32_min = pick(cur->s32_min < old->s32_min, S32_MIN, old->s32_min);
	old->s32_max = pick(cur->s32_max > old->s32_max, S32_MAX, old->s32_max);
	old->var_off.value = pick(in, old->var_off.value, (u64)0);
	old->var_off.mask = pick(in, old->var_off.mask, U64_MAX);
}
