/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The types of base/types.h and verify/domain/width.h as terms of z3, so that the shipping source
 * of the scalar domain, included after this, computes formulas. C++ for its operators only.
 *
 * - Word<64, false> is u64 and so on. pick() is an if-then-else.
 * - Products are not bit-blasted: the mul hooks give fresh terms here; prove_int.cpp proves them.
 */
#ifndef SKEP_TESTS_DOMAIN_SMT_H
#define SKEP_TESTS_DOMAIN_SMT_H

#include "smt_bool.h"

template <unsigned BITS, raw_bool SIGNED> struct Word {
	Z3_ast t;

	Word() : t(nullptr) {}
	struct Term {};
	Word(Term, Z3_ast a) : t(a) {}

	template <class T, class = typename std::enable_if<std::is_integral<T>::value>::type>
	Word(T v)
	{
		Z3_sort sort = Z3_mk_bv_sort(smt, BITS);

		if (std::is_signed<T>::value)
			t = Z3_mk_int64(smt, (int64_t)v, sort);
		else
			t = Z3_mk_unsigned_int64(smt, (uint64_t)v, sort);
	}

	template <unsigned B, raw_bool S> explicit Word(const Word<B, S> &o)
	{
		if (B > BITS)
			t = Z3_mk_extract(smt, BITS - 1, 0, o.t);
		else if (B == BITS)
			t = o.t;
		else
			t = S ? Z3_mk_sign_ext(smt, BITS - B, o.t) :
				Z3_mk_zero_ext(smt, BITS - B, o.t);
	}

	static Word make(Z3_ast a) { return Word(Term(), a); }
	static Word fresh(const char *name)
	{
		return make(smt_fresh(name, Z3_mk_bv_sort(smt, BITS)));
	}

	friend Word operator+(Word a, Word b) { return make(Z3_mk_bvadd(smt, a.t, b.t)); }
	friend Word operator-(Word a, Word b) { return make(Z3_mk_bvsub(smt, a.t, b.t)); }
	friend Word operator&(Word a, Word b) { return make(Z3_mk_bvand(smt, a.t, b.t)); }
	friend Word operator|(Word a, Word b) { return make(Z3_mk_bvor(smt, a.t, b.t)); }
	friend Word operator^(Word a, Word b) { return make(Z3_mk_bvxor(smt, a.t, b.t)); }
	friend Word operator~(Word a) { return make(Z3_mk_bvnot(smt, a.t)); }
	friend Word operator<<(Word a, Word b) { return make(Z3_mk_bvshl(smt, a.t, b.t)); }
	friend Word operator>>(Word a, Word b)
	{
		return make(SIGNED ? Z3_mk_bvashr(smt, a.t, b.t) : Z3_mk_bvlshr(smt, a.t, b.t));
	}
	friend Bool operator==(Word a, Word b) { return bool_of(Z3_mk_eq(smt, a.t, b.t)); }
	friend Bool operator!=(Word a, Word b) { return !(a == b); }
	/*
	 * An if-then-else moves out of a comparison, so that the comparisons left are those that
	 * were assumed; a < b is spelt not b <= a for the same reason.
	 */
	friend Bool operator<=(Word a, Word b)
	{
		Z3_ast part[3];

		if (smt_is_ite(a.t, part))
			return bool_pick(part[0], make(part[1]) <= b, make(part[2]) <= b);
		if (smt_is_ite(b.t, part))
			return bool_pick(part[0], a <= make(part[1]), a <= make(part[2]));
		return bool_of(SIGNED ? Z3_mk_bvsle(smt, a.t, b.t) : Z3_mk_bvule(smt, a.t, b.t));
	}
	friend Bool operator<(Word a, Word b) { return !(b <= a); }
	friend Bool operator>(Word a, Word b) { return b < a; }
	friend Bool operator>=(Word a, Word b) { return b <= a; }
};

template <unsigned B, raw_bool S> static inline Word<B, S> pick(Bool c, Word<B, S> a, Word<B, S> b)
{
	return Word<B, S>::make(Z3_mk_ite(smt, c.t, a.t, b.t));
}

typedef Word<64, false> u64;
typedef Word<64, true> s64;
typedef Word<32, false> u32;
typedef Word<32, true> s32;

#define SKEP_BASE_TYPES_H
#define SKEP_VERIFY_DOMAIN_WIDTH_H
#define always_inline inline
#define must_check
#define U64_BITS 64u
#define U32_BITS 32u
#define U64_MAX	 (u64(UINT64_MAX))
#define S64_MIN	 (s64(INT64_MIN))
#define S64_MAX	 (s64(INT64_MAX))
#define U32_MAX	 (u32(UINT32_MAX))
#define S32_MIN	 (s32(INT32_MIN))
#define S32_MAX	 (s32(INT32_MAX))

static inline u64 u64_smear(u64 v)
{
	for (unsigned n = 1; n < 64; n *= 2)
		v = v | (v >> n);
	return v;
}

/* Any number of zero bits at the low end: less than what the source is promised. */
static u64 *last_ctz;

static inline u64 u64_ctz(u64 v)
{
	u64 cnt = u64::fresh("ctz");

	assume((cnt < 64) & ((v & ((u64(1) << cnt) - 1)) == 0));
	if (last_ctz)
		*last_ctz = cnt;
	return cnt;
}

template <class T> static inline Bool mul_over_any(T *res)
{
	*res = T::fresh("product");
	return bool_of(smt_fresh("over", Z3_mk_bool_sort(smt)));
}

static inline Bool u64_mul_over(u64, u64, u64 *res)
{
	return mul_over_any(res);
}

static inline Bool s64_mul_over(s64, s64, s64 *res)
{
	return mul_over_any(res);
}

static inline Bool u32_mul_over(u32, u32, u32 *res)
{
	return mul_over_any(res);
}

static inline Bool s32_mul_over(s32, s32, s32 *res)
{
	return mul_over_any(res);
}

#endif
