/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The obligations about products, which do not finish as bits: the same source with words that are
 * integers. Comparisons, pick() and the mul hooks have their meaning; nothing else of the source
 * may run here, and abort()s. That products are monotonic is a lemma of its own, whose instances
 * the ranges are given, so that what is left is linear.
 */
#include "prove.h"

/* 2^bits */
static Z3_ast int_power(unsigned bits)
{
	std::string digits;

	digits = bits == 64 ? "18446744073709551616" : bits == 63 ? "9223372036854775808" :
		 bits == 32 ? "4294967296" : "2147483648";
	return Z3_mk_numeral(smt, digits.c_str(), Z3_mk_int_sort(smt));
}

/* A number without end. */
struct Int {
	Z3_ast t;

	Int() : t(nullptr) {}
	Int(int v) : t(Z3_mk_int(smt, v, Z3_mk_int_sort(smt))) {}
	explicit Int(Z3_ast a) : t(a) {}
	static Int fresh(const char *name) { return Int(smt_fresh(name, Z3_mk_int_sort(smt))); }
};

static Int operator+(Int a, Int b)
{
	Z3_ast args[2] = { a.t, b.t };

	return Int(Z3_mk_add(smt, 2, args));
}

static Int operator-(Int a, Int b)
{
	Z3_ast args[2] = { a.t, b.t };

	return Int(Z3_mk_sub(smt, 2, args));
}

static Int operator*(Int a, Int b)
{
	Z3_ast args[2] = { a.t, b.t };

	return Int(Z3_mk_mul(smt, 2, args));
}

/* As in smt.h, an if-then-else moves out of a comparison. */
static Bool operator<=(Int a, Int b)
{
	Z3_ast part[3];

	if (smt_is_ite(a.t, part))
		return bool_pick(part[0], Int(part[1]) <= b, Int(part[2]) <= b);
	if (smt_is_ite(b.t, part))
		return bool_pick(part[0], a <= Int(part[1]), a <= Int(part[2]));
	return bool_of(Z3_mk_le(smt, a.t, b.t));
}

static Bool operator<(Int a, Int b)
{
	return !(b <= a);
}

static Bool operator==(Int a, Int b)
{
	return bool_of(Z3_mk_eq(smt, a.t, b.t));
}

/* The product as a name: all that is known of it is what "lemma monotonic" says. */
static Int product(Int a, Int b)
{
	Z3_sort sort = Z3_mk_int_sort(smt), domain[2] = { sort, sort };
	Z3_func_decl name = Z3_mk_func_decl(smt, Z3_mk_string_symbol(smt, "product"), 2, domain,
					    sort);
	Z3_ast zero = Z3_mk_int(smt, 0, sort), args[2] = { a.t, b.t };

	if (a.t == zero || b.t == zero)
		return Int(0);
	if (Z3_get_ast_id(smt, a.t) > Z3_get_ast_id(smt, b.t)) {
		args[0] = b.t;
		args[1] = a.t;
	}
	return Int(Z3_mk_app(smt, name, 2, args));
}

[[noreturn]] static void not_here(void)
{
	fprintf(stderr, "prove: an operation without meaning on integers was run\n");
	abort();
}

template <unsigned BITS, raw_bool SIGNED> struct IntWord {
	Int v;

	IntWord() {}
	explicit IntWord(Int i) : v(i) {}
	template <class T, class = typename std::enable_if<std::is_integral<T>::value>::type>
	IntWord(T n) : v((int)n)
	{
	}
	template <unsigned B, raw_bool S> explicit IntWord(const IntWord<B, S> &) { not_here(); }

	static Int least(void) { return SIGNED ? Int(0) - Int(int_power(BITS - 1)) : Int(0); }
	static Int most(void) { return Int(int_power(SIGNED ? BITS - 1 : BITS)) - Int(1); }
	static IntWord fresh(const char *name)
	{
		IntWord w(Int::fresh(name));

		assume((least() <= w.v) & (w.v <= most()));
		return w;
	}

	friend IntWord operator+(IntWord, IntWord) { not_here(); }
	friend IntWord operator-(IntWord, IntWord) { not_here(); }
	friend IntWord operator&(IntWord, IntWord) { not_here(); }
	friend IntWord operator|(IntWord, IntWord) { not_here(); }
	friend IntWord operator^(IntWord, IntWord) { not_here(); }
	friend IntWord operator~(IntWord) { not_here(); }
	friend IntWord operator<<(IntWord, IntWord) { not_here(); }
	friend IntWord operator>>(IntWord, IntWord) { not_here(); }
	friend Bool operator==(IntWord a, IntWord b) { return a.v == b.v; }
	friend Bool operator!=(IntWord a, IntWord b) { return !(a.v == b.v); }
	friend Bool operator<(IntWord a, IntWord b) { return a.v < b.v; }
	friend Bool operator<=(IntWord a, IntWord b) { return a.v <= b.v; }
	friend Bool operator>(IntWord a, IntWord b) { return b.v < a.v; }
	friend Bool operator>=(IntWord a, IntWord b) { return b.v <= a.v; }
};

template <unsigned B, raw_bool S> static inline IntWord<B, S> pick(Bool c, IntWord<B, S> a,
								    IntWord<B, S> b)
{
	return IntWord<B, S>(Int(Z3_mk_ite(smt, c.t, a.v.t, b.v.t)));
}

typedef IntWord<64, false> u64;
typedef IntWord<64, true> s64;
typedef IntWord<32, false> u32;
typedef IntWord<32, true> s32;

#define SKEP_BASE_TYPES_H
#define SKEP_VERIFY_DOMAIN_WIDTH_H
#define always_inline inline
#define U64_BITS 64u
#define U32_BITS 32u
#define U64_MAX	 (u64(u64::most()))
#define S64_MIN	 (s64(s64::least()))
#define S64_MAX	 (s64(s64::most()))
#define U32_MAX	 (u32(u32::most()))
#define S32_MIN	 (s32(s32::least()))
#define S32_MAX	 (s32(s32::most()))

static inline u64 u64_smear(u64)
{
	not_here();
}

/* When it does not fit the product is anything. */
template <class W> static Bool mul_over(W a, W b, W *res)
{
	Int exact = product(a.v, b.v);
	Bool fits = (W::least() <= exact) & (exact <= W::most());

	*res = W::fresh("wrapped");
	assume(implies(fits, res->v == exact));
	return !fits;
}

static inline Bool u64_mul_over(u64 a, u64 b, u64 *res)
{
	return mul_over(a, b, res);
}

static inline Bool s64_mul_over(s64 a, s64 b, s64 *res)
{
	return mul_over(a, b, res);
}

static inline Bool u32_mul_over(u32 a, u32 b, u32 *res)
{
	return mul_over(a, b, res);
}

static inline Bool s32_mul_over(s32 a, s32 b, s32 *res)
{
	return mul_over(a, b, res);
}

#define bool Bool
namespace integers
{
#include "verify/domain/ranges.h"
}
using namespace integers;

/* An instance of "lemma monotonic". */
static Bool monotonic(Int less, Int more, Int by)
{
	Int low = product(less, by), high = product(more, by);

	return implies((less <= more) & (Int(0) <= by), low <= high) &
	       implies((less <= more) & (by <= Int(0)), high <= low);
}

/* The result of a machine's product: within the width, and off by a multiple of its size. */
template <class W> static W wrapped_product(Int x, Int y, unsigned bits)
{
	W r = W::fresh("r");
	Int times = Int::fresh("times");

	assume(r.v == product(x, y) - times * Int(int_power(bits)));
	return r;
}

template <class W> static void assume_corners(W x, W y, W x0, W x1, W y0, W y1)
{
	W xs[3] = { x, x0, x1 }, ys[3] = { y, y0, y1 };

	assume((x0 <= x) & (x <= x1) & (y0 <= y) & (y <= y1));
	assume(monotonic(Int(0), x.v, y.v) & monotonic(Int(0), x0.v, y0.v));
	for (W by : ys)
		assume(monotonic(x0.v, x.v, by.v) & monotonic(x.v, x1.v, by.v));
	for (W by : xs)
		assume(monotonic(y0.v, y.v, by.v) & monotonic(y.v, y1.v, by.v));
}

/* What the ranges of @d say after the product, of values of one width. */
#define MUL_HOLDS(W, lo, hi, bits, function)                                                       \
	[] {                                                                                       \
		struct scalar d, s;                                                                \
		W x = W::fresh("x"), y = W::fresh("y"), r;                                         \
                                                                                                   \
		d.lo = W::fresh("d.min");                                                          \
		d.hi = W::fresh("d.max");                                                          \
		s.lo = W::fresh("s.min");                                                          \
		s.hi = W::fresh("s.max");                                                          \
		assume_corners(x, y, d.lo, d.hi, s.lo, s.hi);                                      \
		r = wrapped_product<W>(x.v, y.v, bits);                                            \
		function(&d, &s);                                                                  \
		return (d.lo <= r) & (r <= d.hi);                                                  \
	}

/* tnum_mul(): both steps keep p + x * y modulo 2^64. @k: 2 to the count of the skip. */
static Bool skip_lemma(void)
{
	Int x1 = Int::fresh("x1"), y = Int::fresh("y"), k = Int::fresh("k"), q = Int::fresh("q");
	Int size(int_power(64));

	return (k * x1) * y == x1 * (k * y - q * size) + (q * x1) * size;
}

static Bool step_lemma(void)
{
	Int p = Int::fresh("p"), x1 = Int::fresh("x1"), y = Int::fresh("y");

	return p + (x1 + Int(1)) * y == (p + y) + x1 * y;
}

/* more - less is not negative, so its product with by has by's sign. */
static Bool monotonic_lemma(void)
{
	Int less = Int::fresh("less"), gap = Int::fresh("gap"), by = Int::fresh("by");
	Int more = less + gap;

	return (more * by == less * by + gap * by) &
	       implies((Int(0) <= gap) & (Int(0) <= by), Int(0) <= gap * by) &
	       implies((Int(0) <= gap) & (by <= Int(0)), gap * by <= Int(0));
}

void obligations_int(Obligations &all)
{
	all.push_back(Obligation{ "lemma monotonic", nullptr, 1, monotonic_lemma });
	all.push_back(Obligation{ "lemma mul skip", nullptr, 1, skip_lemma });
	all.push_back(Obligation{ "lemma mul step", nullptr, 1, step_lemma });
	all.push_back(Obligation{ "mul range u64", "QF_UFLIA", 1,
				  MUL_HOLDS(u64, umin, umax, 64, range64_umul) });
	all.push_back(Obligation{ "mul range s64", "QF_UFLIA", 1,
				  MUL_HOLDS(s64, smin, smax, 64, range64_smul) });
	all.push_back(Obligation{ "mul range u32", "QF_UFLIA", 1,
				  MUL_HOLDS(u32, u32_min, u32_max, 32, range32_umul) });
	all.push_back(Obligation{ "mul range s32", "QF_UFLIA", 1,
				  MUL_HOLDS(s32, s32_min, s32_max, 32, range32_smul) });
}
