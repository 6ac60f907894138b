/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ranges under arithmetic, for one width: scalar_alu.c includes this twice, with
 *
 *	UWORD, SWORD			the types
 *	UMIN, UMAX, SMIN, SMAX		the members of struct scalar
 *	UWORD_MAX, SWORD_MIN, SWORD_MAX	their ends
 *	RANGE(name)			name with the width
 *	UMUL_OVER, SMUL_OVER		products of width.h
 *
 * and takes them back after each. Mirrors scalar_min_max_* and scalar32_min_max_* of Linux 6.18.
 * @d and @s may be one object: everything is read before anything is written.
 */

static always_inline void RANGE(set_signed)(struct scalar *d, bool lost, SWORD min, SWORD max)
{
	d->SMIN = pick(lost, SWORD_MIN, min);
	d->SMAX = pick(lost, SWORD_MAX, max);
}

static always_inline void RANGE(set_unsigned)(struct scalar *d, bool lost, UWORD min, UWORD max)
{
	d->UMIN = pick(lost, (UWORD)0, min);
	d->UMAX = pick(lost, UWORD_MAX, max);
}

/* True when @sum, a + b modulo the width, is not the sum of the signed numbers. */
static always_inline bool RANGE(sum_over)(UWORD a, UWORD b, UWORD sum)
{
	return (SWORD)((sum ^ a) & (sum ^ b)) < 0;
}

static always_inline bool RANGE(diff_over)(UWORD a, UWORD b, UWORD diff)
{
	return (SWORD)((a ^ b) & (a ^ diff)) < 0;
}

/* Unsigned: when both ends wrap, all values do, by the same amount. */
static always_inline void RANGE(add)(struct scalar *d, const struct scalar *s)
{
	UWORD umin = d->UMIN + s->UMIN, umax = d->UMAX + s->UMAX;
	UWORD smin = (UWORD)d->SMIN + (UWORD)s->SMIN, smax = (UWORD)d->SMAX + (UWORD)s->SMAX;
	bool ulost = (umin >= s->UMIN) & (umax < s->UMAX);
	bool slost = RANGE(sum_over)((UWORD)d->SMIN, (UWORD)s->SMIN, smin) ||
		     RANGE(sum_over)((UWORD)d->SMAX, (UWORD)s->SMAX, smax);

	RANGE(set_unsigned)(d, ulost, umin, umax);
	RANGE(set_signed)(d, slost, (SWORD)smin, (SWORD)smax);
}

static always_inline void RANGE(sub)(struct scalar *d, const struct scalar *s)
{
	UWORD umin = d->UMIN - s->UMAX, umax = d->UMAX - s->UMIN;
	UWORD smin = (UWORD)d->SMIN - (UWORD)s->SMAX, smax = (UWORD)d->SMAX - (UWORD)s->SMIN;
	bool ulost = (d->UMIN < s->UMAX) & (d->UMAX >= s->UMIN);
	bool slost = RANGE(diff_over)((UWORD)d->SMIN, (UWORD)s->SMAX, smin) ||
		     RANGE(diff_over)((UWORD)d->SMAX, (UWORD)s->SMIN, smax);

	RANGE(set_unsigned)(d, ulost, umin, umax);
	RANGE(set_signed)(d, slost, (SWORD)smin, (SWORD)smax);
}

/* The product is monotonic in each factor as long as none wraps. */
static always_inline void RANGE(umul)(struct scalar *d, const struct scalar *s)
{
	UWORD min, max;
	bool over_min = UMUL_OVER(d->UMIN, s->UMIN, &min);
	bool over_max = UMUL_OVER(d->UMAX, s->UMAX, &max);

	RANGE(set_unsigned)(d, over_min | over_max, min, max);
}

/* One of the four products of ends is the least, one the greatest. */
static always_inline void RANGE(smul)(struct scalar *d, const struct scalar *s)
{
	SWORD ac, ad, bc, bd, min, max;
	bool over_ac = SMUL_OVER(d->SMIN, s->SMIN, &ac), over_ad = SMUL_OVER(d->SMIN, s->SMAX, &ad);
	bool over_bc = SMUL_OVER(d->SMAX, s->SMIN, &bc), over_bd = SMUL_OVER(d->SMAX, s->SMAX, &bd);

	min = ac;
	LOWER(min, ad);
	LOWER(min, bc);
	LOWER(min, bd);
	max = ac;
	RAISE(max, ad);
	RAISE(max, bc);
	RAISE(max, bd);
	RANGE(set_signed)(d, over_ac | over_ad | over_bc | over_bd, min, max);
}

/* The unsigned range is known; the signed is the same where that does not cross the sign. */
static always_inline void RANGE(signed_as_unsigned)(struct scalar *d)
{
	bool crosses = (SWORD)d->UMIN > (SWORD)d->UMAX;

	RANGE(set_signed)(d, crosses, (SWORD)d->UMIN, (SWORD)d->UMAX);
}

/* The bits of the result are in d->var_off already, here and in the next two. */
static always_inline void RANGE(and)(struct scalar *d, const struct scalar *s)
{
	d->UMIN = (UWORD)d->var_off.value;
	LOWER(d->UMAX, s->UMAX);
	RANGE(signed_as_unsigned)(d);
}

static always_inline void RANGE(or)(struct scalar *d, const struct scalar *s)
{
	RAISE(d->UMIN, s->UMIN);
	d->UMAX = (UWORD)(d->var_off.value | d->var_off.mask);
	RANGE(signed_as_unsigned)(d);
}

static always_inline void RANGE(xor)(struct scalar *d)
{
	d->UMIN = (UWORD)d->var_off.value;
	d->UMAX = (UWORD)(d->var_off.value | d->var_off.mask);
	RANGE(signed_as_unsigned)(d);
}

/* @count is below the width, here and in the next two. Signs are lost but for what bits tell. */
static always_inline void RANGE(lsh)(struct scalar *d, UWORD count)
{
	bool lost = d->UMAX > ((UWORD)1 << (UWORD)(UWORD_BITS - 1 - count));

	RANGE(set_unsigned)(d, lost, d->UMIN << count, d->UMAX << count);
	d->SMIN = SWORD_MIN;
	d->SMAX = SWORD_MAX;
}

static always_inline void RANGE(rsh)(struct scalar *d, UWORD count)
{
	d->UMIN = d->UMIN >> count;
	d->UMAX = d->UMAX >> count;
	d->SMIN = SWORD_MIN;
	d->SMAX = SWORD_MAX;
}

static always_inline void RANGE(arsh)(struct scalar *d, UWORD count)
{
	d->SMIN = d->SMIN >> (SWORD)count;
	d->SMAX = d->SMAX >> (SWORD)count;
	d->UMIN = 0;
	d->UMAX = UWORD_MAX;
}

#undef UWORD
#undef SWORD
#undef UMIN
#undef UMAX
#undef SMIN
#undef SMAX
#undef UWORD_MAX
#undef UWORD_BITS
#undef SWORD_MIN
#undef SWORD_MAX
#undef RANGE
#undef UMUL_OVER
#undef SMUL_OVER
