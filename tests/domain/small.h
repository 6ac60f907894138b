/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The types of base/types.h and verify/domain/width.h as small numbers, so that the shipping source
 * of the scalar domain, included after this, can be exhausted. SMALL_BITS is the width of u64,
 * half of it that of u32. C++ for its operators only.
 */
#ifndef SKEP_TESTS_DOMAIN_SMALL_H
#define SKEP_TESTS_DOMAIN_SMALL_H

#include <cstddef>
#include <cstdint>
#include <type_traits>

template <unsigned BITS, bool SIGNED> struct Num {
	int32_t v; /* sign- or zero-extended */

	Num() {}
	template <class T, class = typename std::enable_if<std::is_integral<T>::value>::type>
	constexpr Num(T n) : v(wrap((int32_t)n))
	{
	}
	template <unsigned B, bool S> explicit constexpr Num(const Num<B, S> &o) : v(wrap(o.v)) {}

	static constexpr int32_t wrap(int32_t n)
	{
		return SIGNED ? (int32_t)((uint32_t)n << (32 - BITS)) >> (32 - BITS) :
				n & (int32_t)((1u << BITS) - 1);
	}
	/* A count at or above the width never comes from source that keeps C's rules. */
	static constexpr unsigned count(Num n) { return (unsigned)n.v & 31; }

	friend constexpr Num operator+(Num a, Num b) { return Num(a.v + b.v); }
	friend constexpr Num operator-(Num a, Num b) { return Num(a.v - b.v); }
	friend constexpr Num operator*(Num a, Num b) { return Num(a.v * b.v); }
	friend constexpr Num operator&(Num a, Num b) { return Num(a.v & b.v); }
	friend constexpr Num operator|(Num a, Num b) { return Num(a.v | b.v); }
	friend constexpr Num operator^(Num a, Num b) { return Num(a.v ^ b.v); }
	friend constexpr Num operator~(Num a) { return Num(~a.v); }
	friend constexpr Num operator<<(Num a, Num n) { return Num(a.v << count(n)); }
	friend constexpr Num operator>>(Num a, Num n) { return Num(a.v >> count(n)); }
	friend constexpr bool operator==(Num a, Num b) { return a.v == b.v; }
	friend constexpr bool operator!=(Num a, Num b) { return a.v != b.v; }
	friend constexpr bool operator<(Num a, Num b) { return a.v < b.v; }
	friend constexpr bool operator<=(Num a, Num b) { return a.v <= b.v; }
	friend constexpr bool operator>(Num a, Num b) { return a.v > b.v; }
	friend constexpr bool operator>=(Num a, Num b) { return a.v >= b.v; }
};

typedef Num<SMALL_BITS, false> u64;
typedef Num<SMALL_BITS, true> s64;
typedef Num<SMALL_BITS / 2, false> u32;
typedef Num<SMALL_BITS / 2, true> s32;

#define SKEP_BASE_TYPES_H
#define SKEP_VERIFY_DOMAIN_WIDTH_H
#define always_inline inline
#define U64_BITS ((unsigned)SMALL_BITS)
#define U32_BITS ((unsigned)SMALL_BITS / 2)
#define U64_MAX	 (~u64(0))
#define S64_MIN	 (s64(1 << (SMALL_BITS - 1)))
#define S64_MAX	 (~S64_MIN)
#define U32_MAX	 (~u32(0))
#define S32_MIN	 (s32(1 << (SMALL_BITS / 2 - 1)))
#define S32_MAX	 (~S32_MIN)

#define pick(cond, a, b) ((cond) ? (a) : (b))

static inline u64 u64_smear(u64 v)
{
	for (unsigned n = 1; n < SMALL_BITS; n *= 2)
		v = v | (v >> n);
	return v;
}

static inline u64 u64_ctz(u64 v)
{
	return u64(__builtin_ctz((unsigned)v.v));
}

template <class N> static inline bool mul_over(N a, N b, N *res)
{
	*res = a * b;
	return res->v != a.v * b.v;
}

#define u64_mul_over mul_over
#define s64_mul_over mul_over
#define u32_mul_over mul_over
#define s32_mul_over mul_over

#endif
