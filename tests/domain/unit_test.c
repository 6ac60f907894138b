/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scalar domain at its real width: examples, and random sets built around a random value, of
 * which each result must hold what the instruction computes.
 *
 *	unit_test [ROUNDS [SEED]]
 */
#include "tests/tap.h"
#include "verify/domain/scalar_int.h"

#include <stdlib.h>

static u64 rand_state;

static u64 rand_u64(void)
{
	u64 z = rand_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static unsigned int rand_below(unsigned int n)
{
	return (unsigned int)(rand_u64() % n);
}

/* Small, near a power of two or near the ends, or anything. */
static u64 rand_value(void)
{
	u64 v = (u64)1 << rand_below(64);

	switch (rand_below(6)) {
	case 0:
		return rand_below(20);
	case 1:
		return (u64)0 - rand_below(20);
	case 2:
		return v + rand_below(5) - 2;
	case 3:
		return (u64)0 - v + rand_below(5) - 2;
	case 4:
		return v - 1;
	default:
		return rand_u64() >> rand_below(64);
	}
}

/* --- the four functions of width.h, against their definitions -------------------------------- */

static u64 smear_slow(u64 v)
{
	u64 out = 0;
	int n;

	for (n = 63; n >= 0; n--) {
		if (v >> n)
			out |= (u64)1 << n;
	}
	return out;
}

static bool hooks_agree(u64 a, u64 b)
{
	__int128 product = (__int128)(s64)a * (s64)b;
	unsigned __int128 uproduct = (unsigned __int128)a * b;
	s64 product32 = (s64)(s32)a * (s32)b;
	u64 uproduct32 = (u64)(u32)a * (u32)b, u;
	s64 s;
	u32 u3;
	s32 s3;

	return u64_smear(a) == smear_slow(a) &&
	       (!a || ((a >> u64_ctz(a) & 1) && !(a << 1 << (63 - u64_ctz(a))))) &&
	       u64_mul_over(a, b, &u) == (uproduct >> 64 != 0) && u == (u64)uproduct &&
	       s64_mul_over((s64)a, (s64)b, &s) == (product != (s64)product) &&
	       s == (s64)product &&
	       u32_mul_over((u32)a, (u32)b, &u3) == (uproduct32 >> 32 != 0) &&
	       u3 == (u32)uproduct32 &&
	       s32_mul_over((s32)a, (s32)b, &s3) == (product32 != (s32)product32) &&
	       s3 == (s32)product32;
}

static void test_hooks(void)
{
	bool good = hooks_agree(0, 0) && hooks_agree(1, UINT64_MAX);
	unsigned int n;

	for (n = 0; n < 100000 && good; n++)
		good = hooks_agree(rand_value(), rand_value());
	tap_ok(good, "smear, ctz and the products are what they say");
}

/* --- random sets ----------------------------------------------------------------------------- */

static u64 between(u64 lo, u64 hi)
{
	u64 span = hi - lo;

	return lo + (span == UINT64_MAX ? rand_u64() : rand_u64() % (span + 1));
}

static u64 near_below(u64 floor, u64 x)
{
	u64 gap = rand_value() & 0xff;

	return rand_below(2) ? between(floor, x) : x - MIN(x - floor, gap);
}

static u64 near_above(u64 x, u64 ceiling)
{
	u64 gap = rand_value() & 0xff;

	return rand_below(2) ? between(x, ceiling) : x + MIN(ceiling - x, gap);
}

#define SIGN64 ((u64)1 << 63)
#define SIGN32 ((u32)1 << 31)

/* A random set that holds @x: each part random, or the whole. */
static struct scalar scalar_around(u64 x)
{
	struct scalar s = scalar_unknown();
	unsigned int parts = (unsigned int)rand_u64();
	u64 bias = x ^ SIGN64;
	u32 low = (u32)x, low_bias = low ^ SIGN32;

	if (!rand_below(6))
		return scalar_const(x);
	if (parts & 1)
		s.var_off = tnum_make(x, rand_u64() & (parts & 32 ? rand_u64() : ~0ULL) &
						 (UINT64_MAX >> rand_below(64)));
	if (parts & 2) {
		s.umin = near_below(0, x);
		s.umax = near_above(x, UINT64_MAX);
	}
	if (parts & 4) {
		s.smin = (s64)(near_below(0, bias) ^ SIGN64);
		s.smax = (s64)(near_above(bias, UINT64_MAX) ^ SIGN64);
	}
	if (parts & 8) {
		s.u32_min = (u32)near_below(0, low);
		s.u32_max = (u32)near_above(low, UINT32_MAX);
	}
	if (parts & 16) {
		s.s32_min = (s32)((u32)near_below(0, low_bias) ^ SIGN32);
		s.s32_max = (s32)((u32)near_above(low_bias, UINT32_MAX) ^ SIGN32);
	}
	if (!(parts & 64))
		scalar_sync(&s);
	return s;
}

static u64 compute64(enum scalar_op op, u64 x, u64 y)
{
	bool trap = (s64)x == INT64_MIN && (s64)y == -1;

	switch (op) {
	case SCALAR_ADD:
		return x + y;
	case SCALAR_SUB:
		return x - y;
	case SCALAR_MUL:
		return x * y;
	case SCALAR_DIV:
		return y ? x / y : 0;
	case SCALAR_SDIV:
		return !y ? 0 : trap ? x : (u64)((s64)x / (s64)y);
	case SCALAR_MOD:
		return y ? x % y : x;
	case SCALAR_SMOD:
		return !y ? x : trap ? 0 : (u64)((s64)x % (s64)y);
	case SCALAR_AND:
		return x & y;
	case SCALAR_OR:
		return x | y;
	case SCALAR_XOR:
		return x ^ y;
	case SCALAR_LSH:
		return x << (y & 63);
	case SCALAR_RSH:
		return x >> (y & 63);
	case SCALAR_ARSH:
		return (u64)((s64)x >> (y & 63));
	case SCALAR_NEG:
		return 0 - x;
	}
	return 0;
}

static u32 compute32(enum scalar_op op, u32 x, u32 y)
{
	u64 sx = (u64)(s64)(s32)x, sy = (u64)(s64)(s32)y;

	switch (op) {
	case SCALAR_SDIV:
	case SCALAR_SMOD:
		return (u32)compute64(op, sx, sy);
	case SCALAR_ARSH:
		return (u32)compute64(op, sx, y & 31);
	case SCALAR_LSH:
	case SCALAR_RSH:
		return (u32)compute64(op, x, y & 31);
	case SCALAR_ADD:
	case SCALAR_SUB:
	case SCALAR_MUL:
	case SCALAR_DIV:
	case SCALAR_MOD:
	case SCALAR_AND:
	case SCALAR_OR:
	case SCALAR_XOR:
	case SCALAR_NEG:
		break;
	}
	return (u32)compute64(op, x, y);
}

static bool compare(enum scalar_cmp cmp, bool is32, u64 x, u64 y)
{
	s64 sx = is32 ? (s32)(u32)x : (s64)x, sy = is32 ? (s32)(u32)y : (s64)y;

	if (is32) {
		x = (u32)x;
		y = (u32)y;
	}
	switch (cmp) {
	case SCALAR_JEQ:
		return x == y;
	case SCALAR_JNE:
		return x != y;
	case SCALAR_JSET:
		return x & y;
	case SCALAR_JNSET:
		return !(x & y);
	case SCALAR_JGT:
		return x > y;
	case SCALAR_JGE:
		return x >= y;
	case SCALAR_JLT:
		return x < y;
	case SCALAR_JLE:
		return x <= y;
	case SCALAR_JSGT:
		return sx > sy;
	case SCALAR_JSGE:
		return sx >= sy;
	case SCALAR_JSLT:
		return sx < sy;
	case SCALAR_JSLE:
		return sx <= sy;
	}
	return false;
}

/* Values that have much in common, so that branches are decided and equal sets meet. */
static void rand_pair(u64 *x, u64 *y)
{
	*x = rand_value();
	*y = rand_below(3) ? rand_value() : *x;
	if (!rand_below(4))
		*y = rand_below(70);
	if (!rand_below(4))
		*y = (*x & ~(u64)UINT32_MAX) | (u32)*y;
}

static bool alu_sound(enum scalar_op op, bool is32)
{
	struct scalar a, b, r, itself;
	u64 x, y;

	rand_pair(&x, &y);
	a = scalar_around(x);
	b = scalar_around(y);
	r = a;
	itself = a;
	if (is32) {
		scalar_alu32(op, &r, &b);
		scalar_alu32(op, &itself, &itself);
		scalar_alu32(op, &a, &(struct scalar){ a.var_off, a.smin, a.smax, a.umin, a.umax,
						       a.s32_min, a.s32_max, a.u32_min,
						       a.u32_max });
		y = compute32(op, (u32)x, (u32)y);
	} else {
		scalar_alu64(op, &r, &b);
		scalar_alu64(op, &itself, &itself);
		scalar_alu64(op, &a, &(struct scalar){ a.var_off, a.smin, a.smax, a.umin, a.umax,
						       a.s32_min, a.s32_max, a.u32_min,
						       a.u32_max });
		y = compute64(op, x, y);
	}
	return scalar_contains(&r, y) && scalar_sane(&r) && scalar_equal(&itself, &a);
}

static bool cmp_sound(enum scalar_cmp cmp, bool is32)
{
	struct scalar a, b;
	bool holds;
	int taken;
	u64 x, y;

	rand_pair(&x, &y);
	a = scalar_around(x);
	b = rand_below(8) ? scalar_around(y) : scalar_const(y);
	holds = compare(cmp, is32, x, y);
	taken = scalar_branch(cmp, is32, &a, &b);
	if (taken >= 0 && taken != holds)
		return false;
	if (holds != compare(scalar_cmp_flip(cmp), is32, y, x) ||
	    holds == compare(scalar_cmp_negate(cmp), is32, x, y))
		return false;
	if (!holds)
		cmp = scalar_cmp_negate(cmp);
	if (x == y && !rand_below(4)) {
		scalar_refine(cmp, is32, &a, &a);
		return scalar_contains(&a, x);
	}
	scalar_refine(cmp, is32, &a, &b);
	return scalar_contains(&a, x) && scalar_contains(&b, y) && scalar_sane(&a) &&
	       scalar_sane(&b);
}

static bool casts_sound(unsigned int bytes)
{
	u64 x = rand_value(), up = 64 - bytes * 8;
	struct scalar s = scalar_around(x), z = s, e = s, e32 = s, w = s;
	u64 extended = (u64)((s64)(x << up) >> up);

	scalar_zext(&z, bytes);
	scalar_sext(&e, bytes);
	if (bytes < 4)
		scalar_sext32(&e32, bytes);
	else
		scalar_zext(&e32, 4);
	scalar_bswap(&w, bytes * 16);
	return scalar_contains(&z, x << up >> up) && scalar_contains(&e, extended) &&
	       scalar_contains(&e32, (u32)extended) &&
	       scalar_contains(&w, __builtin_bswap64(x) >> (64 - bytes * 16));
}

static bool sets_sound(void)
{
	struct scalar a, b, both, either, wide, zero, fork;
	u64 x, y;

	rand_pair(&x, &y);
	a = scalar_around(x);
	b = scalar_around(y);
	either = a;
	wide = a;
	scalar_union(&either, &b);
	scalar_widen(&wide, &b);
	if (!scalar_contains(&either, x) || !scalar_contains(&either, y) ||
	    !scalar_includes(&wide, &a) || !scalar_includes(&wide, &b) ||
	    (scalar_includes(&a, &b) && !scalar_contains(&a, y)))
		return false;
	both = a;
	scalar_intersect(&both, &b);
	if (scalar_contains(&b, x) && !scalar_contains(&both, x))
		return false;
	fork = a;
	return !scalar_fork(&fork, &zero) || scalar_contains(&fork, x) || scalar_contains(&zero, x);
}

static void test_random(unsigned int rounds)
{
	bool alu = true, cmp = true, casts = true, sets = true;
	unsigned int n, op;

	for (n = 0; n < rounds; n++) {
		for (op = 0; op <= SCALAR_NEG; op++)
			alu &= alu_sound((enum scalar_op)op, n & 1);
		for (op = 0; op <= SCALAR_JSLE; op++)
			cmp &= cmp_sound((enum scalar_cmp)op, n & 1);
		casts &= casts_sound(1);
		casts &= casts_sound(2);
		casts &= casts_sound(4);
		sets &= sets_sound();
	}
	tap_ok(alu, "arithmetic holds what is computed, of another and of itself");
	tap_ok(cmp, "branches decide and refine for the values that take them");
	tap_ok(casts, "casts and swaps hold what is computed");
	tap_ok(sets, "union, widening, intersection, inclusion and fork");
}

/* --- examples -------------------------------------------------------------------------------- */

static void test_sets(void)
{
	struct scalar s = scalar_unknown(), c = scalar_const(7), r = scalar_urange(3, 9), zero;

	tap_ok(scalar_is_unknown(&s) && !scalar_is_unknown(&c), "unknown");
	tap_ok(scalar_is_const(&c) && scalar_is_const32(&c) && !scalar_is_const(&r), "const");
	tap_ok(r.smin == 3 && r.smax == 9 && r.u32_max == 9 && r.var_off.mask == 15,
	       "a range is known in all parts");
	r = scalar_srange(-5, 5);
	tap_ok(r.s32_min == -5 && r.s32_max == 5 && r.umax == UINT64_MAX, "a signed range");
	tap_ok(scalar_includes(&s, &r) && !scalar_includes(&r, &s), "inclusion");
	r = scalar_srange(-1, 0);
	tap_ok(scalar_fork(&r, &zero) && r.umin == UINT64_MAX && zero.umax == 0, "-1 or 0 forks");
	scalar_set_unknown(&r);
	r.s32_min = -1;
	r.s32_max = 0;
	tap_ok(scalar_fork(&r, &zero) && r.u32_min == UINT32_MAX && zero.u32_max == 0 &&
		       !scalar_is_const(&r),
	       "a low half that is -1 or 0 forks");
	scalar_zext(&r, 4);
	r.u32_min = 0;
	r.s32_min = -1;
	r.s32_max = 0;
	r.var_off = tnum_make(0, UINT32_MAX);
	tap_ok(scalar_fork(&r, &zero) && r.umin == UINT32_MAX && zero.umax == 0,
	       "and is known then, where the upper half is");
}

static void test_sane(void)
{
	struct scalar s = scalar_const(1), good = s;

	tap_ok(scalar_sane(&s), "a constant is sane");
	s.umin = 2;
	tap_ok(!scalar_sane(&s), "an empty range is not");
	s = good;
	s.umax = 2;
	tap_ok(!scalar_sane(&s), "a constant with a wider range is not");
	s = scalar_unknown();
	s.var_off = tnum_make(1, (u64)UINT32_MAX << 32);
	tap_ok(!scalar_sane(&s), "nor one of the low half");
	s = scalar_unknown();
	s.smin = 1;
	s.smax = 0;
	tap_ok(!scalar_sane(&s), "an empty signed range is not");
	s = scalar_unknown();
	s.u32_min = 1;
	s.u32_max = 0;
	tap_ok(!scalar_sane(&s), "nor one of the low half, unsigned");
	s = scalar_unknown();
	s.s32_min = 1;
	s.s32_max = 0;
	tap_ok(!scalar_sane(&s), "or signed");
}

static void test_tnums(void)
{
	struct tnum a = tnum_make(0x10, 0x0f);

	tap_ok(tnum_is_aligned(tnum_make(0x10, 0xf0), 16) && !tnum_is_aligned(a, 16) &&
		       tnum_is_aligned(a, 0),
	       "alignment");
	tap_ok(tnum_equals_const(tnum_const(5), 5) && !tnum_equals_const(a, 0x10), "constants");
	tap_ok(tnum_in(a, tnum_const(0x15)) && !tnum_in(a, tnum_const(0x25)) &&
		       !tnum_in(tnum_const(0x15), a),
	       "inclusion of bits");
	tap_eq(tnum_next(tnum_make(1, 0x50), 1), 0x11, "the next value of bits");
	tap_eq(tnum_next(tnum_make(1, 0x50), 0x12), 0x41, "the next value past a carry");
	tap_eq(tnum_mul(tnum_const(6), tnum_const(7)).value, 42, "a product");
}

/* What Linux 6.18 prints, of the cases that its own history is about. */
static void test_kernel(void)
{
	struct scalar s = scalar_unknown(), zero = scalar_const(0), c = scalar_const(32);

	scalar_zext(&s, 1);
	scalar_alu64(SCALAR_ADD, &s, &c);
	tap_ok(s.umin == 32 && s.umax == 287 && s.var_off.mask == 0x1ff, "u8 + 32");
	s = scalar_unknown();
	scalar_alu32(SCALAR_DIV, &s, &c);
	tap_ok(scalar_is_unknown(&s), "quotients are unknown, in 32 bits too");
	s = scalar_srange(-1, 1);
	scalar_alu64(SCALAR_LSH, &s, &c);
	tap_ok(s.smin == -((s64)1 << 32) && s.smax == (s64)1 << 32, "<< 32 keeps the low signs");
	s = scalar_unknown();
	scalar_refine(SCALAR_JNE, false, &s, &zero);
	tap_ok(s.umin == 1 && s.smin == INT64_MIN, "!= 0 cuts the end off");
	s = scalar_unknown();
	zero = scalar_const(1);
	scalar_refine(SCALAR_JSET, true, &s, &zero);
	tap_ok(s.var_off.value == 1 && s.umin == 1, "& 1 sets the bit");
	s = scalar_const(0x1122);
	scalar_bswap(&s, 16);
	tap_eq(s.umin, 0x2211, "a swapped constant");
	s = scalar_unknown();
	s.var_off = tnum_make(0, 0x40000000);
	scalar_sync(&s);
	s.umin = 1;
	scalar_sync(&s);
	tap_eq(s.umin, 0x40000000, "the only value that bits and range share");
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 0) : 30000;
	u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;

	rand_state = seed;
	tap_diag("%u rounds, seed %llu", rounds, (unsigned long long)seed);
	test_hooks();
	test_sets();
	test_sane();
	test_tnums();
	test_kernel();
	test_random(rounds);
	return tap_done();
}
