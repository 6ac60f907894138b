/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Comparisons for one width: ranges that decide one, and what one teaches. scalar_cmp.c includes
 * this twice, with the names that range_tmpl.h describes, LOW(tnum): the bits of this width, and
 * SET_BITS(old, new): those bits replaced.
 *
 * decide_* give 1 (always), 0 (never) or -1. learn_* narrow both sides, knowing that the
 * comparison holds; @a and @b may be one object.
 */

static always_inline int CMP(decide_eq)(const struct scalar *a, const struct scalar *b)
{
	struct tnum ta = LOW(a->var_off), tb = LOW(b->var_off);

	if (tnum_is_const(ta) && tnum_is_const(tb)) {
		if (ta.value == tb.value)
			return 1;
		return 0;
	}
	if ((a->UMIN > b->UMAX) | (a->UMAX < b->UMIN) | (a->SMIN > b->SMAX) |
	    (a->SMAX < b->SMIN) || !tnum_overlap(ta, tb))
		return 0;
	return -1;
}

static always_inline int CMP(decide_set)(const struct scalar *a, const struct scalar *b)
{
	struct tnum ta = LOW(a->var_off), tb = LOW(b->var_off);
	bool swap = !tnum_is_const(tb);
	u64 ones = pick(swap, tb.value, ta.value);
	u64 may = pick(swap, tb.value | tb.mask, ta.value | ta.mask);
	u64 with = pick(swap, ta.value, tb.value);

	if (!tnum_is_const(ta) && !tnum_is_const(tb))
		return -1;
	if ((ones & with) != 0)
		return 1;
	if ((may & with) == 0)
		return 0;
	return -1;
}

static always_inline int CMP(decide_gt)(const struct scalar *a, const struct scalar *b)
{
	if (a->UMIN > b->UMAX)
		return 1;
	if (a->UMAX <= b->UMIN)
		return 0;
	return -1;
}

static always_inline int CMP(decide_ge)(const struct scalar *a, const struct scalar *b)
{
	if (a->UMIN >= b->UMAX)
		return 1;
	if (a->UMAX < b->UMIN)
		return 0;
	return -1;
}

static always_inline int CMP(decide_sgt)(const struct scalar *a, const struct scalar *b)
{
	if (a->SMIN > b->SMAX)
		return 1;
	if (a->SMAX <= b->SMIN)
		return 0;
	return -1;
}

static always_inline int CMP(decide_sge)(const struct scalar *a, const struct scalar *b)
{
	if (a->SMIN >= b->SMAX)
		return 1;
	if (a->SMAX < b->SMIN)
		return 0;
	return -1;
}

static always_inline void CMP(learn_eq)(struct scalar *a, struct scalar *b)
{
	struct tnum both = tnum_intersect(LOW(a->var_off), LOW(b->var_off));

	RAISE(a->UMIN, b->UMIN);
	LOWER(a->UMAX, b->UMAX);
	RAISE(a->SMIN, b->SMIN);
	LOWER(a->SMAX, b->SMAX);
	b->UMIN = a->UMIN;
	b->UMAX = a->UMAX;
	b->SMIN = a->SMIN;
	b->SMAX = a->SMAX;
	SET_BITS(a->var_off, both);
	SET_BITS(b->var_off, both);
}

/* Cuts @val off where it is an end of a range. An end that wraps makes the set larger: harmless. */
static always_inline void CMP(trim)(struct scalar *a, UWORD val)
{
	SWORD sval = (SWORD)val;

	a->UMIN = pick(a->UMIN == val, val + 1, a->UMIN);
	a->UMAX = pick(a->UMAX == val, val - 1, a->UMAX);
	a->SMIN = pick(a->SMIN == sval, (SWORD)(val + 1), a->SMIN);
	a->SMAX = pick(a->SMAX == sval, (SWORD)(val - 1), a->SMAX);
}

static always_inline void CMP(learn_ne)(struct scalar *a, struct scalar *b)
{
	if (tnum_is_const(LOW(b->var_off)))
		CMP(trim)(a, (UWORD)b->var_off.value);
	else if (tnum_is_const(LOW(a->var_off)))
		CMP(trim)(b, (UWORD)a->var_off.value);
}

/* a & val is not 0: tells a bit when val has only one. */
static always_inline void CMP(set_bit)(struct scalar *a, struct tnum val)
{
	if ((val.value != 0) & ((val.value & (val.value - 1)) == 0))
		SET_BITS(a->var_off, tnum_or(LOW(a->var_off), val));
}

static always_inline void CMP(learn_set)(struct scalar *a, struct scalar *b)
{
	struct tnum ta = LOW(a->var_off), tb = LOW(b->var_off);

	if (tnum_is_const(tb))
		CMP(set_bit)(a, tb);
	else if (tnum_is_const(ta))
		CMP(set_bit)(b, ta);
}

/* a & val is 0. The kernel forgets the ranges here, and they come back from the bits. */
static always_inline void CMP(clear_bits)(struct scalar *a, struct tnum val)
{
	scalar_forget64(a);
	scalar_forget32(a);
	SET_BITS(a->var_off, tnum_and(LOW(a->var_off), tnum_const(~val.value)));
}

static always_inline void CMP(learn_nset)(struct scalar *a, struct scalar *b)
{
	struct tnum ta = LOW(a->var_off), tb = LOW(b->var_off);

	if (tnum_is_const(tb))
		CMP(clear_bits)(a, tb);
	else if (tnum_is_const(ta))
		CMP(clear_bits)(b, ta);
}

static always_inline void CMP(learn_le)(struct scalar *a, struct scalar *b)
{
	LOWER(a->UMAX, b->UMAX);
	RAISE(b->UMIN, a->UMIN);
}

static always_inline void CMP(learn_lt)(struct scalar *a, struct scalar *b)
{
	LOWER(a->UMAX, b->UMAX - 1);
	RAISE(b->UMIN, a->UMIN + 1);
}

static always_inline void CMP(learn_sle)(struct scalar *a, struct scalar *b)
{
	LOWER(a->SMAX, b->SMAX);
	RAISE(b->SMIN, a->SMIN);
}

static always_inline void CMP(learn_slt)(struct scalar *a, struct scalar *b)
{
	LOWER(a->SMAX, (SWORD)((UWORD)b->SMAX - 1));
	RAISE(b->SMIN, (SWORD)((UWORD)a->SMIN + 1));
}

static inline int CMP(decide)(enum scalar_cmp cmp, const struct scalar *a, const struct scalar *b)
{
	switch (cmp) {
	case SCALAR_JEQ:
		return CMP(decide_eq)(a, b);
	case SCALAR_JNE:
		return decide_not(CMP(decide_eq)(a, b));
	case SCALAR_JSET:
		return CMP(decide_set)(a, b);
	case SCALAR_JNSET:
		return decide_not(CMP(decide_set)(a, b));
	case SCALAR_JGT:
		return CMP(decide_gt)(a, b);
	case SCALAR_JGE:
		return CMP(decide_ge)(a, b);
	case SCALAR_JLT:
		return decide_not(CMP(decide_ge)(a, b));
	case SCALAR_JLE:
		return decide_not(CMP(decide_gt)(a, b));
	case SCALAR_JSGT:
		return CMP(decide_sgt)(a, b);
	case SCALAR_JSGE:
		return CMP(decide_sge)(a, b);
	case SCALAR_JSLT:
		return decide_not(CMP(decide_sge)(a, b));
	case SCALAR_JSLE:
		return decide_not(CMP(decide_sgt)(a, b));
	}
	return -1;
}

static inline void CMP(learn)(enum scalar_cmp cmp, struct scalar *a, struct scalar *b)
{
	switch (cmp) {
	case SCALAR_JEQ:
		CMP(learn_eq)(a, b);
		break;
	case SCALAR_JNE:
		CMP(learn_ne)(a, b);
		break;
	case SCALAR_JSET:
		CMP(learn_set)(a, b);
		break;
	case SCALAR_JNSET:
		CMP(learn_nset)(a, b);
		break;
	case SCALAR_JGT:
		CMP(learn_lt)(b, a);
		break;
	case SCALAR_JGE:
		CMP(learn_le)(b, a);
		break;
	case SCALAR_JLT:
		CMP(learn_lt)(a, b);
		break;
	case SCALAR_JLE:
		CMP(learn_le)(a, b);
		break;
	case SCALAR_JSGT:
		CMP(learn_slt)(b, a);
		break;
	case SCALAR_JSGE:
		CMP(learn_sle)(b, a);
		break;
	case SCALAR_JSLT:
		CMP(learn_slt)(a, b);
		break;
	case SCALAR_JSLE:
		CMP(learn_sle)(a, b);
		break;
	}
}

#undef UWORD
#undef SWORD
#undef UMIN
#undef UMAX
#undef SMIN
#undef SMAX
#undef LOW
#undef SET_BITS
#undef CMP
