/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The obligations that are about bits: the source of verify/domain as terms of 64 bits.
 *
 * Whole functions are proved by parts: scalar_sync() is a list of steps, each sound by itself, so
 * whoever ends in it is proved up to there; tnum_mul() is an induction over its two steps; the
 * ranges of products are in prove_int.cpp. Where others call those, contract_*() below stand in:
 * they give anything that is allowed by what is proved of the originals.
 */
#include "prove.h"
#include "smt.h"

#define bool Bool

namespace bits
{
/* The headers, with the ranges of products under another name. */
#define range64_umul range64_umul_real
#define range64_smul range64_smul_real
#define range32_umul range32_umul_real
#define range32_smul range32_smul_real
#include "verify/domain/ranges.h"
#undef range64_umul
#undef range64_smul
#undef range32_umul
#undef range32_smul

#include "verify/domain/tnum.c"

static u64 probe; /* the value that the contracts below are about */
static raw_bool probe_split;
static u64 contract_tnum_next(struct tnum a, u64 v);
#define tnum_next contract_tnum_next
#include "verify/domain/sync.c"
#undef tnum_next

enum part { PART_BITS, PART_U64, PART_S64, PART_U32, PART_S32, PART_CNT };
static const char *const part_names[] = { "bits", "u64", "s64", "u32", "s32" };

static Bool in_tnum(struct tnum t, u64 v)
{
	return (v & ~t.mask) == t.value;
}

static Bool in_part(unsigned part, const struct scalar &s, u64 v)
{
	s64 sv = s64(v);
	u32 low = u32(v);
	s32 slow = s32(low);

	switch (part) {
	case PART_BITS:
		return in_tnum(s.var_off, v);
	case PART_U64:
		return (s.umin <= v) & (v <= s.umax);
	case PART_S64:
		return (s.smin <= sv) & (sv <= s.smax);
	case PART_U32:
		return (s.u32_min <= low) & (low <= s.u32_max);
	default:
		return (s.s32_min <= slow) & (slow <= s.s32_max);
	}
}

static Bool in_all(const struct scalar &s, u64 v)
{
	Bool all = in_part(PART_BITS, s, v);

	for (unsigned part = PART_U64; part < PART_CNT; part++)
		all = all & in_part(part, s, v);
	return all;
}

static Bool well_formed(struct tnum t)
{
	return (t.value & t.mask) == 0;
}

static struct tnum fresh_tnum(const char *name)
{
	struct tnum t;
	std::string n = name;

	t.value = u64::fresh((n + ".value").c_str());
	t.mask = u64::fresh((n + ".mask").c_str());
	assume(well_formed(t));
	return t;
}

static struct scalar fresh_scalar(const char *name)
{
	struct scalar s;
	std::string n = name;

	s.var_off = fresh_tnum(name);
	s.umin = u64::fresh((n + ".umin").c_str());
	s.umax = u64::fresh((n + ".umax").c_str());
	s.smin = s64::fresh((n + ".smin").c_str());
	s.smax = s64::fresh((n + ".smax").c_str());
	s.u32_min = u32::fresh((n + ".u32_min").c_str());
	s.u32_max = u32::fresh((n + ".u32_max").c_str());
	s.s32_min = s32::fresh((n + ".s32_min").c_str());
	s.s32_max = s32::fresh((n + ".s32_max").c_str());
	return s;
}

/* A scalar that holds @v. */
static struct scalar fresh_holding(const char *name, u64 v)
{
	struct scalar s = fresh_scalar(name);

	assume(in_all(s, v));
	return s;
}

/* What "tnum next" proves, for the value that matters. */
static Bool next_promise(struct tnum a, u64 v, u64 next, u64 x)
{
	u64 most = a.value | a.mask;

	return in_tnum(a, next) & implies(v < most, v < next) & implies(v >= most, next == most) &
	       implies(in_tnum(a, x) & (v < x), next <= x);
}

static u64 contract_tnum_next(struct tnum a, u64 v)
{
	u64 next = u64::fresh("next");

	/* True of any two numbers; each side becomes a question of its own. */
	if (probe_split) {
		assume((probe < v) | (probe == v) | (v < probe));
		assume((probe < next) | (probe == next) | (next < probe));
	}
	assume(next_promise(a, v, next, probe));
	return next;
}

/* The product of the two values that a multiplication is about, and of their low halves. */
static u64 product64;
static u32 product32;
static raw_bool product_is32;

static void products_begin(raw_bool is32)
{
	product64 = u64::fresh("product64");
	product32 = u32(product64);
	product_is32 = is32;
}

static struct tnum contract_tnum_mul(struct tnum, struct tnum)
{
	struct tnum t = fresh_tnum("mul");
	u64 exact = product_is32 ? u64::fresh("low_product") : product64;

	/* The low half of a product is that of the product of the low halves. */
	assume((u32(exact) == product32) & in_tnum(t, exact));
	return t;
}

static void contract_range64_umul(struct scalar *d, const struct scalar *)
{
	d->umin = u64::fresh("mul.umin");
	d->umax = u64::fresh("mul.umax");
	assume((d->umin <= product64) & (product64 <= d->umax));
}

static void contract_range64_smul(struct scalar *d, const struct scalar *)
{
	d->smin = s64::fresh("mul.smin");
	d->smax = s64::fresh("mul.smax");
	assume((d->smin <= s64(product64)) & (s64(product64) <= d->smax));
}

static void contract_range32_umul(struct scalar *d, const struct scalar *)
{
	d->u32_min = u32::fresh("mul.u32_min");
	d->u32_max = u32::fresh("mul.u32_max");
	assume((d->u32_min <= product32) & (product32 <= d->u32_max));
}

static void contract_range32_smul(struct scalar *d, const struct scalar *)
{
	d->s32_min = s32::fresh("mul.s32_min");
	d->s32_max = s32::fresh("mul.s32_max");
	assume((d->s32_min <= s32(product32)) & (s32(product32) <= d->s32_max));
}

/* Keeps every value, so it may as well do nothing. */
static void contract_scalar_sync(struct scalar *)
{
}

#define tnum_mul     contract_tnum_mul
#define tnum_mul32   contract_tnum_mul
#define range64_umul contract_range64_umul
#define range64_smul contract_range64_smul
#define range32_umul contract_range32_umul
#define range32_smul contract_range32_smul
#define scalar_sync  contract_scalar_sync
#include "verify/domain/scalar.c"
#include "verify/domain/scalar_alu.c"
#include "verify/domain/scalar_cast.c"
#include "verify/domain/scalar_cmp.c"
#undef tnum_mul
#undef tnum_mul32
#undef scalar_sync
} /* namespace bits */

using namespace bits;

typedef std::function<Bool()> Run;

static void add(Obligations &all, const std::string &name, Run run)
{
	all.push_back(Obligation{ name, "QF_BV", 1, run });
}

/* --- arithmetic ------------------------------------------------------------------------------ */

struct OpName {
	enum scalar_op op;
	const char *name;
};

static const OpName ops[] = {
	{ SCALAR_ADD, "add" },	 { SCALAR_SUB, "sub" },	  { SCALAR_MUL, "mul" },
	{ SCALAR_DIV, "div" },	 { SCALAR_SDIV, "sdiv" }, { SCALAR_MOD, "mod" },
	{ SCALAR_SMOD, "smod" }, { SCALAR_AND, "and" },	  { SCALAR_OR, "or" },
	{ SCALAR_XOR, "xor" },	 { SCALAR_LSH, "lsh" },	  { SCALAR_RSH, "rsh" },
	{ SCALAR_ARSH, "arsh" }, { SCALAR_NEG, "neg" },
};

template <class U> static U divide(enum scalar_op op, U x, U y)
{
	U zero = 0, by_zero = op == SCALAR_DIV || op == SCALAR_SDIV ? zero : x, result;

	if (op == SCALAR_DIV)
		result = U::make(Z3_mk_bvudiv(smt, x.t, y.t));
	else if (op == SCALAR_SDIV)
		result = U::make(Z3_mk_bvsdiv(smt, x.t, y.t));
	else if (op == SCALAR_MOD)
		result = U::make(Z3_mk_bvurem(smt, x.t, y.t));
	else
		result = U::make(Z3_mk_bvsrem(smt, x.t, y.t));
	return pick(y == zero, by_zero, result);
}

/* What the instruction computes (RFC 9669, 4.1), in either width. */
template <class U, class S> static U compute(enum scalar_op op, U x, U y, U product, unsigned width)
{
	U count = y & U(width - 1);

	switch (op) {
	case SCALAR_ADD:
		return x + y;
	case SCALAR_SUB:
		return x - y;
	case SCALAR_MUL:
		return product;
	case SCALAR_DIV:
	case SCALAR_SDIV:
	case SCALAR_MOD:
	case SCALAR_SMOD:
		return divide(op, x, y);
	case SCALAR_AND:
		return x & y;
	case SCALAR_OR:
		return x | y;
	case SCALAR_XOR:
		return x ^ y;
	case SCALAR_LSH:
		return x << count;
	case SCALAR_RSH:
		return x >> count;
	case SCALAR_ARSH:
		return U(S(x) >> S(count));
	case SCALAR_NEG:
		return U(0) - x;
	}
	abort();
}

static u64 compute_alu(enum scalar_op op, raw_bool is32, u64 x, u64 y)
{
	if (is32)
		return u64(compute<u32, s32>(op, u32(x), u32(y), product32, 32));
	return compute<u64, s64>(op, x, y, product64, 64);
}

static Bool alu_holds(enum scalar_op op, raw_bool is32, raw_bool alias, unsigned part)
{
	u64 x = u64::fresh("x"), y = alias ? x : u64::fresh("y");
	struct scalar dst = fresh_holding("dst", x);
	struct scalar src = alias ? dst : fresh_holding("src", y);
	struct scalar result = dst;
	const struct scalar *from = alias ? &result : &src;

	products_begin(is32);
	if (is32)
		scalar_alu32(op, &result, from);
	else
		scalar_alu64(op, &result, from);
	return in_part(part, result, compute_alu(op, is32, x, y)) & well_formed(result.var_off);
}

static void add_alu(Obligations &all)
{
	for (const OpName &o : ops) {
		for (int is32 = 0; is32 < 2; is32++) {
			for (unsigned part = 0; part < PART_CNT; part++) {
				std::string name = std::string(is32 ? "alu32 " : "alu64 ") + o.name;

				add(all, name + " " + part_names[part],
				    [=] { return alu_holds(o.op, is32, false, part); });
				add(all, name + " itself " + part_names[part],
				    [=] { return alu_holds(o.op, is32, true, part); });
			}
		}
	}
}

/* --- comparisons ----------------------------------------------------------------------------- */

struct CmpName {
	enum scalar_cmp cmp;
	const char *name;
};

static const CmpName cmps[] = {
	{ SCALAR_JEQ, "jeq" },	 { SCALAR_JNE, "jne" },	  { SCALAR_JSET, "jset" },
	{ SCALAR_JNSET, "jnset" }, { SCALAR_JGT, "jgt" },	  { SCALAR_JGE, "jge" },
	{ SCALAR_JLT, "jlt" },	 { SCALAR_JLE, "jle" },	  { SCALAR_JSGT, "jsgt" },
	{ SCALAR_JSGE, "jsge" }, { SCALAR_JSLT, "jslt" }, { SCALAR_JSLE, "jsle" },
};

template <class U, class S> static Bool compare(enum scalar_cmp cmp, U x, U y)
{
	switch (cmp) {
	case SCALAR_JEQ:
		return x == y;
	case SCALAR_JNE:
		return x != y;
	case SCALAR_JSET:
		return (x & y) != 0;
	case SCALAR_JNSET:
		return (x & y) == 0;
	case SCALAR_JGT:
		return x > y;
	case SCALAR_JGE:
		return x >= y;
	case SCALAR_JLT:
		return x < y;
	case SCALAR_JLE:
		return x <= y;
	case SCALAR_JSGT:
		return S(x) > S(y);
	case SCALAR_JSGE:
		return S(x) >= S(y);
	case SCALAR_JSLT:
		return S(x) < S(y);
	case SCALAR_JSLE:
		return S(x) <= S(y);
	}
	abort();
}

static Bool compare_jmp(enum scalar_cmp cmp, raw_bool is32, u64 x, u64 y)
{
	if (is32)
		return compare<u32, s32>(cmp, u32(x), u32(y));
	return compare<u64, s64>(cmp, x, y);
}

static Bool branch_holds(enum scalar_cmp cmp, raw_bool is32, int wanted)
{
	u64 x = u64::fresh("x"), y = u64::fresh("y");
	struct scalar a = fresh_holding("a", x), b = fresh_holding("b", y);
	int taken = scalar_branch(cmp, is32, &a, &b);

	if (taken != wanted)
		return true;
	return wanted ? compare_jmp(cmp, is32, x, y) : !compare_jmp(cmp, is32, x, y);
}

static Bool refine_holds(enum scalar_cmp cmp, raw_bool is32, raw_bool second)
{
	u64 x = u64::fresh("x"), y = u64::fresh("y");
	struct scalar a = fresh_holding("a", x), b = fresh_holding("b", y);

	assume(compare_jmp(cmp, is32, x, y));
	scalar_refine(cmp, is32, &a, &b);
	return second ? in_all(b, y) & well_formed(b.var_off) : in_all(a, x) & well_formed(a.var_off);
}

/* A register compared with itself; x > x assumes what cannot be, hence the second value. */
static Bool refine_itself_holds(enum scalar_cmp cmp, raw_bool is32)
{
	u64 x = u64::fresh("x"), other = u64::fresh("other");
	struct scalar a = fresh_holding("a", x);
	Bool holds = compare_jmp(cmp, is32, x, x);

	scalar_refine(cmp, is32, &a, &a);
	return implies(holds, in_all(a, x)) & (other == other);
}

static Bool negate_holds(enum scalar_cmp cmp, raw_bool is32)
{
	u64 x = u64::fresh("x"), y = u64::fresh("y");

	return compare_jmp(cmp, is32, x, y) != compare_jmp(scalar_cmp_negate(cmp), is32, x, y);
}

static Bool flip_holds(enum scalar_cmp cmp, raw_bool is32)
{
	u64 x = u64::fresh("x"), y = u64::fresh("y");

	return compare_jmp(cmp, is32, x, y) == compare_jmp(scalar_cmp_flip(cmp), is32, y, x);
}

static void add_cmp(Obligations &all)
{
	for (const CmpName &c : cmps) {
		for (int is32 = 0; is32 < 2; is32++) {
			std::string name = std::string(c.name) + (is32 ? "32" : "64");

			add(all, "branch " + name + " always",
			    [=] { return branch_holds(c.cmp, is32, 1); });
			add(all, "branch " + name + " never",
			    [=] { return branch_holds(c.cmp, is32, 0); });
			add(all, "refine " + name + " first",
			    [=] { return refine_holds(c.cmp, is32, false); });
			add(all, "refine " + name + " second",
			    [=] { return refine_holds(c.cmp, is32, true); });
			add(all, "refine " + name + " itself",
			    [=] { return refine_itself_holds(c.cmp, is32); });
			add(all, "negate " + name, [=] { return negate_holds(c.cmp, is32); });
			add(all, "flip " + name, [=] { return flip_holds(c.cmp, is32); });
		}
	}
}

/* --- sync ------------------------------------------------------------------------------------ */

static Bool step_holds(void (*step)(struct scalar *))
{
	u64 x = u64::fresh("x");
	struct scalar s = fresh_holding("s", x);

	probe = x;
	probe_split = true;
	step(&s);
	return in_all(s, x) & well_formed(s.var_off);
}

/* What scalar_sync() ends in makes a set that holds a value sane. */
static Bool sane_holds(void)
{
	u64 x = u64::fresh("x");
	struct scalar s = fresh_holding("s", x);

	probe = x;
	probe_split = false;
#define STEP_OF(name) name(&s);
	SCALAR_BITS_STEPS(STEP_OF)
	return scalar_sane(&s);
}

/* The short cut before the steps. */
static Bool const_holds(void)
{
	u64 x = u64::fresh("x");
	struct scalar s = fresh_holding("s", x);

	if (bits_are_const(&s))
		return in_all(s, x) & scalar_sane(&s);
	return in_all(s, x);
}

static void add_sync(Obligations &all)
{
	add(all, "sync bits_are_const", [] { return const_holds(); });
#define ADD_STEP(name) add(all, "sync " #name, [] { return step_holds(name); });
	SCALAR_BITS_STEPS(ADD_STEP)
	SCALAR_DEDUCE_STEPS(ADD_STEP)
	SCALAR_RANGE_STEPS(ADD_STEP)
	add(all, "sync ends sane", [] { return sane_holds(); });
}

/* --- moves ----------------------------------------------------------------------------------- */

static u64 sign_extend(u64 x, unsigned bits)
{
	return u64((s64(x << u64(64 - bits))) >> s64(64 - bits));
}

static u64 cast_value(const std::string &how, u64 x, unsigned bytes)
{
	unsigned bits = bytes * 8;
	u64 swapped = 0;

	if (how == "zext")
		return x & (U64_MAX >> u64(64 - bits));
	if (how == "sext")
		return sign_extend(x, bits);
	if (how == "sext32")
		return u64(u32(sign_extend(x, bits)));
	for (unsigned n = 0; n < bytes; n++)
		swapped = swapped | (((x >> u64(8 * n)) & 255) << u64(bits - 8 - 8 * n));
	return swapped;
}

static Bool cast_holds(const std::string &how, unsigned bytes, unsigned part)
{
	u64 x = u64::fresh("x");
	struct scalar s = fresh_holding("s", x);

	if (how == "zext")
		scalar_zext(&s, bytes);
	else if (how == "sext")
		scalar_sext(&s, bytes);
	else if (how == "sext32")
		scalar_sext32(&s, bytes);
	else
		scalar_bswap(&s, bytes * 8);
	return in_part(part, s, cast_value(how, x, bytes)) & well_formed(s.var_off);
}

static void add_casts(Obligations &all)
{
	static const struct {
		const char *how;
		unsigned bytes;
	} casts[] = {
		{ "zext", 1 },	 { "zext", 2 },	  { "zext", 4 },  { "sext", 1 },
		{ "sext", 2 },	 { "sext", 4 },	  { "sext32", 1 }, { "sext32", 2 },
		{ "bswap", 2 },	 { "bswap", 4 },  { "bswap", 8 },
	};

	for (const auto &c : casts) {
		for (unsigned part = 0; part < PART_CNT; part++) {
			std::string how = c.how;
			unsigned bytes = c.bytes;

			add(all, how + std::to_string(bytes * 8) + " " + part_names[part],
			    [=] { return cast_holds(how, bytes, part); });
		}
	}
}

/* --- sets ------------------------------------------------------------------------------------ */

static Bool intersect_holds(unsigned part)
{
	u64 x = u64::fresh("x");
	struct scalar a = fresh_holding("a", x), b = fresh_holding("b", x);

	scalar_intersect(&a, &b);
	return in_part(part, a, x) & well_formed(a.var_off);
}

static Bool join_holds(void (*join)(struct scalar *, const struct scalar *), raw_bool second,
		       unsigned part)
{
	u64 x = u64::fresh("x"), y = u64::fresh("y");
	struct scalar a = fresh_holding("a", x), b = fresh_holding("b", y);

	join(&a, &b);
	return in_part(part, a, second ? y : x) & well_formed(a.var_off);
}

static Bool includes_holds(unsigned part)
{
	u64 x = u64::fresh("x");
	struct scalar a = fresh_scalar("a"), b = fresh_holding("b", x);

	return implies(scalar_includes(&a, &b), in_part(part, a, x));
}

static Bool fork_holds(void)
{
	u64 x = u64::fresh("x");
	struct scalar dst = fresh_holding("dst", x), zero;

	if (scalar_fork(&dst, &zero))
		return in_all(dst, x) | in_all(zero, x);
	return in_all(dst, x);
}

static Bool is_unknown_holds(void)
{
	struct scalar s = fresh_scalar("s");

	return implies(scalar_is_unknown(&s), in_all(s, u64::fresh("x")));
}

static Bool equal_holds(void)
{
	u64 x = u64::fresh("x");
	struct scalar a = fresh_scalar("a"), b = fresh_scalar("b");

	return implies(scalar_equal(&a, &b), in_all(a, x) == in_all(b, x)) & scalar_equal(&a, &a);
}

static void add_sets(Obligations &all)
{
	for (unsigned part = 0; part < PART_CNT; part++) {
		std::string name = part_names[part];

		add(all, "intersect " + name, [=] { return intersect_holds(part); });
		add(all, "includes " + name, [=] { return includes_holds(part); });
		for (int second = 0; second < 2; second++) {
			std::string side = second ? " second" : " first";

			add(all, "union " + name + side,
			    [=] { return join_holds(scalar_union, second, part); });
			add(all, "widen " + name + side,
			    [=] { return join_holds(scalar_widen, second, part); });
		}
	}
	add(all, "contains", [] {
		struct scalar s = fresh_scalar("s");
		u64 x = u64::fresh("x");

		return scalar_contains(&s, x) == in_all(s, x);
	});
	add(all, "const", [] {
		struct scalar s = scalar_const(u64::fresh("c"));
		u64 c = s.umin, x = u64::fresh("x");

		return in_all(s, x) == (x == c);
	});
	add(all, "unknown", [] { return in_all(scalar_unknown(), u64::fresh("x")); });
	add(all, "urange", [] {
		u64 x = u64::fresh("x"), min = u64::fresh("min"), max = u64::fresh("max");

		assume((min <= x) & (x <= max));
		return in_all(scalar_urange(min, max), x);
	});
	add(all, "srange", [] {
		s64 x = s64::fresh("x"), min = s64::fresh("min"), max = s64::fresh("max");

		assume((min <= x) & (x <= max));
		return in_all(scalar_srange(min, max), u64(x));
	});
	add(all, "is_unknown", [] { return is_unknown_holds(); });
	add(all, "equal", [] { return equal_holds(); });
	add(all, "fork", [] { return fork_holds(); });
}

/* --- tnums ----------------------------------------------------------------------------------- */

typedef struct tnum (*TnumOp)(struct tnum, struct tnum);
typedef u64 (*ValueOp)(u64, u64);

static void add_tnum2(Obligations &all, const char *name, TnumOp op, ValueOp value)
{
	add(all, std::string("tnum ") + name, [=] {
		u64 x = u64::fresh("x"), y = u64::fresh("y");
		struct tnum a = fresh_tnum("a"), b = fresh_tnum("b"), r;

		assume(in_tnum(a, x) & in_tnum(b, y));
		r = op(a, b);
		return in_tnum(r, value(x, y)) & well_formed(r);
	});
}

typedef struct tnum (*TnumShift)(struct tnum, u64);

static void add_tnum_shift(Obligations &all, const char *name, TnumShift op, ValueOp value,
			   unsigned width)
{
	add(all, std::string("tnum ") + name, [=] {
		u64 x = u64::fresh("x"), count = u64::fresh("count");
		struct tnum a = fresh_tnum("a"), r;

		assume(in_tnum(a, x) & (count < width));
		r = op(a, count);
		return in_tnum(r, value(x, count)) & well_formed(r);
	});
}

static u64 arsh32_value(u64 x, u64 count)
{
	return u64(u32(s32(u32(x)) >> s32(u32(count))));
}

static void add_tnum_ops(Obligations &all)
{
	add_tnum2(all, "add", tnum_add, [](u64 x, u64 y) { return x + y; });
	add_tnum2(all, "sub", tnum_sub, [](u64 x, u64 y) { return x - y; });
	add_tnum2(all, "and", tnum_and, [](u64 x, u64 y) { return x & y; });
	add_tnum2(all, "or", tnum_or, [](u64 x, u64 y) { return x | y; });
	add_tnum2(all, "xor", tnum_xor, [](u64 x, u64 y) { return x ^ y; });
	add_tnum2(all, "union first", tnum_union, [](u64 x, u64) { return x; });
	add_tnum2(all, "union second", tnum_union, [](u64, u64 y) { return y; });
	add_tnum2(all, "with_subreg", tnum_with_subreg,
		  [](u64 x, u64 y) { return (x & ~u64(U32_MAX)) | u64(u32(y)); });
	add_tnum2(all, "neg", [](struct tnum a, struct tnum) { return tnum_neg(a); },
		  [](u64 x, u64) { return u64(0) - x; });
	add_tnum2(all, "subreg", [](struct tnum a, struct tnum) { return tnum_subreg(a); },
		  [](u64 x, u64) { return u64(u32(x)); });
	add_tnum2(all, "cast8", [](struct tnum a, struct tnum) { return tnum_cast(a, 1); },
		  [](u64 x, u64) { return x & 0xff; });
	add_tnum2(all, "cast16", [](struct tnum a, struct tnum) { return tnum_cast(a, 2); },
		  [](u64 x, u64) { return x & 0xffff; });
	add_tnum2(all, "cast32", [](struct tnum a, struct tnum) { return tnum_cast(a, 4); },
		  [](u64 x, u64) { return x & 0xffffffff; });
	add_tnum_shift(all, "lsh", tnum_lsh, [](u64 x, u64 n) { return x << n; }, 64);
	add_tnum_shift(all, "rsh", tnum_rsh, [](u64 x, u64 n) { return x >> n; }, 64);
	add_tnum_shift(all, "arsh", tnum_arsh, [](u64 x, u64 n) { return u64(s64(x) >> s64(n)); },
		       64);
	add_tnum_shift(all, "arsh32", tnum_arsh32, arsh32_value, 32);
}

/*
 * The case says which is the highest bit that is set in v - a.value where the mask is 0; none in
 * the last. Both differences are named, or the solver would have to find them.
 */
static Bool next_holds(void)
{
	struct tnum a = fresh_tnum("a");
	u64 past = u64::fresh("past"), rest = u64::fresh("rest"), extra = past & ~a.mask;
	u64 v = a.value + past, x = a.value + rest;
	raw_bool below = smt_case == 65;

	if (below) {
		v = past;
		assume(v < a.value);
	} else {
		assume((v >= a.value) & (past <= v));
		if (smt_case < 64)
			assume((extra >> u64(smt_case)) == 1);
		else
			assume(extra == 0);
	}
	assume(((rest & ~a.mask) == 0) & (x == (a.value | rest)));
	return next_promise(a, v, tnum_next(a, v), x);
}

static void add_tnum_questions(Obligations &all)
{
	add(all, "tnum range", [] {
		u64 x = u64::fresh("x"), min = u64::fresh("min"), max = u64::fresh("max");

		assume((min <= x) & (x <= max));
		return in_tnum(tnum_range(min, max), x) & well_formed(tnum_range(min, max));
	});
	add(all, "tnum intersect", [] {
		u64 x = u64::fresh("x");
		struct tnum a = fresh_tnum("a"), b = fresh_tnum("b");

		assume(in_tnum(a, x) & in_tnum(b, x));
		return in_tnum(tnum_intersect(a, b), x);
	});
	add(all, "tnum in", [] {
		u64 x = u64::fresh("x");
		struct tnum a = fresh_tnum("a"), b = fresh_tnum("b");

		return implies(tnum_in(a, b) & in_tnum(b, x), in_tnum(a, x));
	});
	add(all, "tnum overlap", [] {
		u64 x = u64::fresh("x");
		struct tnum a = fresh_tnum("a"), b = fresh_tnum("b");

		return implies(in_tnum(a, x) & in_tnum(b, x), tnum_overlap(a, b));
	});
	add(all, "tnum is_aligned", [] {
		u64 x = u64::fresh("x"), size = u64::fresh("size");
		struct tnum a = fresh_tnum("a");

		assume((size & (size - 1)) == 0);
		return implies(tnum_is_aligned(a, size) & in_tnum(a, x) & (size != 0),
			       (x & (size - 1)) == 0);
	});
	add(all, "tnum equals_const", [] {
		u64 x = u64::fresh("x"), c = u64::fresh("c");
		struct tnum a = fresh_tnum("a");

		return implies(tnum_equals_const(a, c) & in_tnum(a, x), x == c) &
		       implies(tnum_is_const(a) & in_tnum(a, x), x == a.value);
	});
	add(all, "tnum const and unknown", [] {
		u64 x = u64::fresh("x"), c = u64::fresh("c");

		return (in_tnum(tnum_const(c), x) == (x == c)) & in_tnum(tnum_unknown(), x) &
		       tnum_is_unknown(tnum_unknown());
	});
	all.push_back(Obligation{ "tnum next", "QF_BV", 66, next_holds });
}

/* The induction of tnum_mul(): its steps keep p + x * y, see "lemma mul" of prove_int.cpp. */
static void add_tnum_mul(Obligations &all)
{
	add(all, "tnum mul skip", [] {
		u64 x = u64::fresh("x"), y = u64::fresh("y"), count;
		struct tnum a = fresh_tnum("a"), b = fresh_tnum("b");

		assume(in_tnum(a, x) & in_tnum(b, y) & ((a.value | a.mask) != 0));
		last_ctz = &count;
		tnum_mul_skip(&a, &b);
		last_ctz = nullptr;
		return in_tnum(a, x >> count) & in_tnum(b, y << count) &
		       (((x >> count) << count) == x) & well_formed(a) & well_formed(b);
	});
	/* The case is the lowest bit that b may have; 64: it has none. */
	all.push_back(Obligation{ "tnum mul multiples", "QF_BV", 65, [] {
		u64 x = u64::fresh("x"), rest = u64::fresh("rest"), y, product;
		struct tnum b = fresh_tnum("b");
		unsigned low = smt_case;

		y = low < 64 ? rest << u64(low) : u64(0);
		product = u64::make(Z3_mk_bvmul(smt, x.t, y.t));
		assume(in_tnum(b, y));
		if (low < 64)
			assume(((b.value | b.mask) & ((u64(2) << u64(low)) - 1)) ==
			       (u64(1) << u64(low)));
		else
			assume((b.value | b.mask) == 0);
		return in_tnum(multiples_of(b), product);
	} });
	add(all, "tnum mul step", [] {
		u64 x = u64::fresh("x"), y = u64::fresh("y"), p = u64::fresh("p"), p1;
		struct tnum a = fresh_tnum("a"), b = fresh_tnum("b"), sum = fresh_tnum("sum");
		struct tnum rest = a;

		assume(in_tnum(a, x) & in_tnum(b, y) & in_tnum(sum, p));
		assume(((a.value | a.mask) & 1) != 0);
		tnum_mul_step(&sum, &rest, b);
		p1 = pick((x & 1) != 0, p + y, p);
		return in_tnum(sum, p1) & in_tnum(rest, x & ~u64(1)) & well_formed(sum) &
		       well_formed(rest);
	});
	add(all, "tnum mul ends", [] {
		u64 x = u64::fresh("x"), y = u64::fresh("y");
		struct tnum a = fresh_tnum("a"), b = fresh_tnum("b"), sum = tnum_const(0), rest;

		assume(in_tnum(a, x) & in_tnum(b, y) & ((a.value | a.mask) != 0));
		assume(((a.value | a.mask) & 1) != 0);
		rest = a;
		tnum_mul_step(&sum, &rest, b);
		return ((rest.value | rest.mask) < (a.value | a.mask)) &
		       implies((rest.value | rest.mask) == 0, (x & ~u64(1)) == 0);
	});
}

void obligations_bits(Obligations &all)
{
	add_sync(all);
	add_tnum_ops(all);
	add_tnum_questions(all);
	add_tnum_mul(all);
	add_casts(all);
	add_sets(all);
	add_cmp(all);
	add_alu(all);
}
