/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shipping source of the scalar domain at a small width, against all values of all operands.
 *
 *	exhaust [-n PAIRS] [-t 0] [-a 1] [-g GOLDEN | -b GOLDEN]
 *
 * Tnums are exhausted: every pair. Scalars are random by a fixed seed, or with -a 1 all there are
 * (that is for 4 bits); of their pairs PAIRS are taken, or with 0 all; of each pair every value.
 * -t 0 leaves the tnums out. Nothing may be lost: "unsound" is 0 everywhere. How often a result
 * is the tightest that a tnum, or five parts, can give is counted, and compared with GOLDEN (-b
 * writes it): a change of precision shows there.
 */
#include "small.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <unordered_set>
#include <vector>

#include "verify/domain/scalar.c"
#include "verify/domain/scalar_alu.c"
#include "verify/domain/scalar_cast.c"
#include "verify/domain/scalar_cmp.c"
#include "verify/domain/sync.c"
#include "verify/domain/tnum.c"

enum { VALUES = 1 << SMALL_BITS, WORDS = (VALUES + 63) / 64 };

struct Count {
	unsigned long long cases, tight, unsound;
};

static std::vector<std::pair<std::string, Count>> counts;
static uint64_t rand_state = 1;

static uint64_t rand_u64(void)
{
	uint64_t z = rand_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* A set of values, one bit for each. */
struct Set {
	uint64_t w[WORDS];

	Set() : w() {}
	void add(unsigned v) { w[v / 64] |= (uint64_t)1 << (v % 64); }
	bool has(unsigned v) const { return w[v / 64] >> (v % 64) & 1; }
	bool empty(void) const
	{
		for (uint64_t word : w)
			if (word)
				return false;
		return true;
	}
	bool within(const Set &o) const
	{
		for (unsigned n = 0; n < WORDS; n++)
			if (w[n] & ~o.w[n])
				return false;
		return true;
	}
	bool operator==(const Set &o) const { return !memcmp(w, o.w, sizeof(w)); }
};

static void values_of(const Set &s, std::vector<unsigned> &values)
{
	values.clear();
	for (unsigned v = 0; v < VALUES; v++)
		if (s.has(v))
			values.push_back(v);
}

/* --- what the domain means, in plain terms --------------------------------------------------- */

static bool in_tnum(const struct tnum &t, unsigned v)
{
	return ((int32_t)v & ~t.mask.v) == t.value.v;
}

static bool in_scalar(const struct scalar &s, unsigned v)
{
	int32_t sv = s64(v).v, low = u32(u64(v)).v, slow = s32(u64(v)).v, uv = (int32_t)v;

	return in_tnum(s.var_off, v) && s.umin.v <= uv && uv <= s.umax.v && s.smin.v <= sv &&
	       sv <= s.smax.v && s.u32_min.v <= low && low <= s.u32_max.v &&
	       s.s32_min.v <= slow && slow <= s.s32_max.v;
}

static Set set_of(const struct scalar &s)
{
	Set set;

	for (unsigned v = 0; v < VALUES; v++)
		if (in_scalar(s, v))
			set.add(v);
	return set;
}

/* The tightest scalar that holds all of @set, which is not empty. */
static struct scalar hull_of(const Set &set)
{
	struct scalar s;
	bool first = true;

	for (unsigned v = 0; v < VALUES; v++) {
		if (!set.has(v))
			continue;
		if (first)
			s = scalar_const(u64(v));
		else {
			struct scalar c = scalar_const(u64(v));

			scalar_union(&s, &c);
		}
		first = false;
	}
	return s;
}

static unsigned compute(enum scalar_op op, bool is32, unsigned x, unsigned y)
{
	unsigned width = is32 ? SMALL_BITS / 2 : SMALL_BITS, mask = (1u << width) - 1;
	unsigned a = x & mask, b = y & mask, count = y % width, up = 32 - width;
	int sa = (int)(a << up) >> up, sb = (int)(b << up) >> up;

	switch (op) {
	case SCALAR_ADD:
		return (a + b) & mask;
	case SCALAR_SUB:
		return (a - b) & mask;
	case SCALAR_MUL:
		return (a * b) & mask;
	case SCALAR_DIV:
		return b ? a / b : 0;
	case SCALAR_SDIV:
		return b ? (unsigned)(sa / sb) & mask : 0;
	case SCALAR_MOD:
		return b ? a % b : a;
	case SCALAR_SMOD:
		return b ? (unsigned)(sa % sb) & mask : a;
	case SCALAR_AND:
		return a & b;
	case SCALAR_OR:
		return a | b;
	case SCALAR_XOR:
		return a ^ b;
	case SCALAR_LSH:
		return (a << count) & mask;
	case SCALAR_RSH:
		return a >> count;
	case SCALAR_ARSH:
		return (unsigned)(sa >> count) & mask;
	case SCALAR_NEG:
		return (0 - a) & mask;
	}
	abort();
}

static bool compare(enum scalar_cmp cmp, bool is32, unsigned x, unsigned y)
{
	unsigned width = is32 ? SMALL_BITS / 2 : SMALL_BITS, mask = (1u << width) - 1;
	unsigned a = x & mask, b = y & mask, up = 32 - width;
	int sa = (int)(a << up) >> up, sb = (int)(b << up) >> up;

	switch (cmp) {
	case SCALAR_JEQ:
		return a == b;
	case SCALAR_JNE:
		return a != b;
	case SCALAR_JSET:
		return a & b;
	case SCALAR_JNSET:
		return !(a & b);
	case SCALAR_JGT:
		return a > b;
	case SCALAR_JGE:
		return a >= b;
	case SCALAR_JLT:
		return a < b;
	case SCALAR_JLE:
		return a <= b;
	case SCALAR_JSGT:
		return sa > sb;
	case SCALAR_JSGE:
		return sa >= sb;
	case SCALAR_JSLT:
		return sa < sb;
	case SCALAR_JSLE:
		return sa <= sb;
	}
	abort();
}

/* --- tnums: every pair ----------------------------------------------------------------------- */

static std::vector<struct tnum> tnums;

static void tnums_make(void)
{
	for (unsigned mask = 0; mask < VALUES; mask++)
		for (unsigned value = 0; value < VALUES; value++)
			if (!(value & mask))
				tnums.push_back(tnum_make(u64(value), u64(mask)));
}

/* One pair: all values of @a with all of @b. @ones and @zeros: what every result has. */
static void tnum_pair(Count &c, enum scalar_op op, const struct tnum &a, const struct tnum &b,
		      const struct tnum &r)
{
	unsigned am = (unsigned)a.mask.v, bm = (unsigned)b.mask.v, x = 0, y, v;
	unsigned ones = VALUES - 1, zeros = VALUES - 1;

	do {
		y = 0;
		do {
			v = compute(op, false, x | (unsigned)a.value.v, y | (unsigned)b.value.v);
			ones &= v;
			zeros &= ~v;
			y = (y - bm) & bm;
		} while (y);
		x = (x - am) & am;
	} while (x);
	c.cases++;
	c.unsound += ((unsigned)r.value.v & ~ones) ||
		     (~(unsigned)(r.value.v | r.mask.v) & (VALUES - 1) & ~zeros);
	c.tight += (unsigned)r.mask.v == ((VALUES - 1) & ~(ones | zeros));
}

static void tnum_op(const char *name, enum scalar_op op,
		    struct tnum (*abstract)(struct tnum, struct tnum))
{
	Count c = {};

	for (const struct tnum &a : tnums)
		for (const struct tnum &b : tnums)
			tnum_pair(c, op, a, b, abstract(a, b));
	counts.push_back({ std::string("tnum ") + name, c });
}

static void tnums_exhaust(void)
{
	tnum_op("add", SCALAR_ADD, tnum_add);
	tnum_op("sub", SCALAR_SUB, tnum_sub);
	tnum_op("and", SCALAR_AND, tnum_and);
	tnum_op("or", SCALAR_OR, tnum_or);
	tnum_op("xor", SCALAR_XOR, tnum_xor);
	tnum_op("mul", SCALAR_MUL, tnum_mul);
}

/* The least member above, for all tnums and values. */
static void tnum_next_exhaust(void)
{
	Count c = {};

	for (const struct tnum &t : tnums) {
		for (unsigned v = 0; v < VALUES; v++) {
			unsigned most = (unsigned)(t.value.v | t.mask.v), want = v + 1;

			while (want < VALUES && !in_tnum(t, want))
				want++;
			if (want >= VALUES)
				want = most;
			c.cases++;
			c.unsound += (unsigned)tnum_next(t, u64(v)).v != want;
		}
	}
	c.tight = c.cases - c.unsound;
	counts.push_back({ "tnum next", c });
}

/* --- scalars --------------------------------------------------------------------------------- */

struct Member {
	struct scalar s;
	std::vector<unsigned> values;
};

static std::vector<Member> members;

static std::string key_of(const struct scalar &s)
{
	return std::string((const char *)&s, sizeof(s));
}

static void range_pick(unsigned bits, int *lo, int *hi, bool is_signed)
{
	int a = (int)(rand_u64() % (1u << bits)), b = (int)(rand_u64() % (1u << bits)), t;

	if (is_signed) {
		a -= 1 << (bits - 1);
		b -= 1 << (bits - 1);
	}
	t = a < b ? a : b;
	*hi = a < b ? b : a;
	*lo = t;
}

static struct scalar raw_random(void)
{
	struct scalar s = scalar_unknown();
	unsigned parts = (unsigned)rand_u64();
	int lo, hi;

	if (parts & 1)
		s.var_off = tnums[rand_u64() % tnums.size()];
	if (parts & 2) {
		range_pick(SMALL_BITS, &lo, &hi, false);
		s.umin = u64(lo);
		s.umax = u64(hi);
	}
	if (parts & 4) {
		range_pick(SMALL_BITS, &lo, &hi, true);
		s.smin = s64(lo);
		s.smax = s64(hi);
	}
	if (parts & 8) {
		range_pick(SMALL_BITS / 2, &lo, &hi, false);
		s.u32_min = u32(lo);
		s.u32_max = u32(hi);
	}
	if (parts & 16) {
		range_pick(SMALL_BITS / 2, &lo, &hi, true);
		s.s32_min = s32(lo);
		s.s32_max = s32(hi);
	}
	return s;
}

static bool tight_for(const struct scalar &s, const Set &set)
{
	struct scalar hull = hull_of(set);

	return scalar_equal(&s, &hull);
}

/* Syncs @s, checks that and keeps the result when it is new. */
static void member_try(Count &c, std::unordered_set<std::string> &seen, struct scalar s)
{
	Set before = set_of(s), after;

	if (before.empty())
		return;
	scalar_sync(&s);
	after = set_of(s);
	c.cases++;
	c.unsound += !before.within(after) || !scalar_sane(&s);
	c.tight += tight_for(s, before);
	if (seen.insert(key_of(s)).second) {
		Member m;

		m.s = s;
		values_of(after, m.values);
		members.push_back(m);
	}
}

/* All ranges of @bits bits, as pairs of ends. */
static std::vector<std::pair<int, int>> ranges_of(unsigned bits, bool is_signed)
{
	int first = is_signed ? -(1 << (bits - 1)) : 0, end = first + (1 << bits);
	std::vector<std::pair<int, int>> all;

	for (int lo = first; lo < end; lo++)
		for (int hi = lo; hi < end; hi++)
			all.push_back({ lo, hi });
	return all;
}

/* Every scalar that there is. */
static void raws_all(Count &c, std::unordered_set<std::string> &seen)
{
	auto us = ranges_of(SMALL_BITS, false), ss = ranges_of(SMALL_BITS, true);
	auto lows = ranges_of(SMALL_BITS / 2, false), slows = ranges_of(SMALL_BITS / 2, true);
	struct scalar s;

	for (const struct tnum &t : tnums)
		for (auto &u : us)
			for (auto &sg : ss)
				for (auto &low : lows)
					for (auto &slow : slows) {
						s.var_off = t;
						s.umin = u64(u.first);
						s.umax = u64(u.second);
						s.smin = s64(sg.first);
						s.smax = s64(sg.second);
						s.u32_min = u32(low.first);
						s.u32_max = u32(low.second);
						s.s32_min = s32(slow.first);
						s.s32_max = s32(slow.second);
						member_try(c, seen, s);
					}
}

static void scalars_make(unsigned long tries, bool all)
{
	std::unordered_set<std::string> seen;
	Count c = {};

	if (all)
		raws_all(c, seen);
	for (unsigned long n = 0; n < tries; n++)
		member_try(c, seen, raw_random());
	counts.push_back({ "sync", c });
}

/* Whether @r holds all of @want, and is the tightest. */
static void judge(Count &c, const struct scalar &r, const Set &want)
{
	struct scalar hull = hull_of(want);

	c.cases++;
	for (unsigned v = 0; v < VALUES; v++) {
		if (want.has(v) && !in_scalar(r, v)) {
			c.unsound++;
			return;
		}
	}
	c.tight += scalar_equal(&r, &hull);
}

static const Member &member_random(void)
{
	return members[rand_u64() % members.size()];
}

/* @visit of @pairs pairs, or of all. */
template <class F> static void pairs_visit(unsigned long pairs, F visit)
{
	for (unsigned long n = 0; n < pairs; n++)
		visit(member_random(), member_random());
	if (pairs)
		return;
	for (const Member &a : members)
		for (const Member &b : members)
			visit(a, b);
}

static void alu_pair(Count &c, enum scalar_op op, bool is32, const Member &a, const Member &b)
{
	struct scalar r = a.s;
	Set want;

	if (is32)
		scalar_alu32(op, &r, &b.s);
	else
		scalar_alu64(op, &r, &b.s);
	for (unsigned x : a.values)
		for (unsigned y : b.values)
			want.add(compute(op, is32, x, y));
	judge(c, r, want);
}

/* dst op dst, through one pointer. */
static void alu_itself(Count &c, enum scalar_op op, bool is32, const Member &a)
{
	struct scalar r = a.s;
	Set want;

	if (is32)
		scalar_alu32(op, &r, &r);
	else
		scalar_alu64(op, &r, &r);
	for (unsigned x : a.values)
		want.add(compute(op, is32, x, x));
	judge(c, r, want);
}

static const char *const op_names[] = { "add", "sub", "mul", "div", "sdiv", "mod", "smod",
					"and", "or",  "xor", "lsh", "rsh",  "arsh", "neg" };

static void alu_exhaust(unsigned long pairs)
{
	for (unsigned op = 0; op <= SCALAR_NEG; op++) {
		for (int is32 = 0; is32 < 2; is32++) {
			std::string name = std::string(is32 ? "alu32 " : "alu64 ") + op_names[op];
			Count c = {}, itself = {};

			pairs_visit(pairs, [&](const Member &a, const Member &b) {
				alu_pair(c, (enum scalar_op)op, is32, a, b);
			});
			for (const Member &a : members)
				alu_itself(itself, (enum scalar_op)op, is32, a);
			counts.push_back({ name, c });
			counts.push_back({ name + " itself", itself });
		}
	}
}

static const char *const cmp_names[] = { "jeq", "jne", "jset", "jnset", "jgt", "jge",
					 "jlt", "jle", "jsgt", "jsge", "jslt", "jsle" };

static void branch_pair(Count &c, enum scalar_cmp cmp, bool is32, const Member &a, const Member &b)
{
	int taken = scalar_branch(cmp, is32, &a.s, &b.s);
	bool some = false, all = true;

	for (unsigned x : a.values) {
		for (unsigned y : b.values) {
			bool holds = compare(cmp, is32, x, y);

			some |= holds;
			all &= holds;
		}
	}
	c.cases++;
	c.unsound += (taken == 1 && !all) || (taken == 0 && some);
	c.tight += taken == (all ? 1 : some ? -1 : 0);
}

static void refine_side(Count &c, const struct scalar &r, const Set &want)
{
	if (!want.empty())
		judge(c, r, want);
}

static void refine_pair(Count &c, enum scalar_cmp cmp, bool is32, const Member &a, const Member &b)
{
	struct scalar ra = a.s, rb = b.s;
	Set want_a, want_b;

	scalar_refine(cmp, is32, &ra, &rb);
	for (unsigned x : a.values) {
		for (unsigned y : b.values) {
			if (compare(cmp, is32, x, y)) {
				want_a.add(x);
				want_b.add(y);
			}
		}
	}
	refine_side(c, ra, want_a);
	refine_side(c, rb, want_b);
}

static void cmp_exhaust(unsigned long pairs)
{
	for (unsigned cmp = 0; cmp <= SCALAR_JSLE; cmp++) {
		for (int is32 = 0; is32 < 2; is32++) {
			std::string name = std::string(cmp_names[cmp]) + (is32 ? "32" : "64");
			Count branch = {}, refine = {};

			pairs_visit(pairs, [&](const Member &a, const Member &b) {
				branch_pair(branch, (enum scalar_cmp)cmp, is32, a, b);
				refine_pair(refine, (enum scalar_cmp)cmp, is32, a, b);
			});
			counts.push_back({ "branch " + name, branch });
			counts.push_back({ "refine " + name, refine });
		}
	}
}

/* --- casts, where a byte has a bit ----------------------------------------------------------- */

static unsigned cast_value(unsigned how, unsigned v, unsigned bits)
{
	unsigned keep = (1u << bits) - 1, swapped = 0, byte = SMALL_BITS / 8;
	unsigned extended = (unsigned)((int)(v << (32 - bits)) >> (32 - bits));

	switch (how) {
	case 0:
		return v & keep;
	case 1:
		return extended & (VALUES - 1);
	case 2:
		return extended & ((1u << (SMALL_BITS / 2)) - 1);
	}
	for (unsigned n = 0; n < bits; n += byte)
		swapped |= (v >> n & ((1u << byte) - 1)) << (bits - byte - n);
	return swapped;
}

static void casts_exhaust(void)
{
	static const char *const names[] = { "zext", "sext", "sext32", "bswap" };

	for (unsigned how = 0; how < 4; how++) {
		for (unsigned bytes = how == 3 ? 2 : 1; bytes <= (how == 3 ? 8 : how == 2 ? 2 : 4);
		     bytes *= 2) {
			Count c = {};

			for (const Member &m : members) {
				struct scalar r = m.s;
				Set want;

				if (how == 0)
					scalar_zext(&r, bytes);
				else if (how == 1)
					scalar_sext(&r, bytes);
				else if (how == 2)
					scalar_sext32(&r, bytes);
				else
					scalar_bswap(&r, bytes * 8);
				for (unsigned v : m.values)
					want.add(cast_value(how, v, bytes * (SMALL_BITS / 8)));
				judge(c, r, want);
			}
			counts.push_back({ names[how] + std::to_string(bytes * 8), c });
		}
	}
}

/* --- sets ------------------------------------------------------------------------------------ */

static void set_pair(Count &join, Count &cut, Count &wide, Count &inside, const Member &a,
		     const Member &b)
{
	struct scalar u = a.s, i = a.s, w = a.s;
	Set both, either, as, bs;

	for (unsigned v : a.values)
		as.add(v);
	for (unsigned v : b.values)
		bs.add(v);
	for (unsigned n = 0; n < WORDS; n++) {
		both.w[n] = as.w[n] & bs.w[n];
		either.w[n] = as.w[n] | bs.w[n];
	}
	scalar_union(&u, &b.s);
	judge(join, u, either);
	scalar_widen(&w, &b.s);
	judge(wide, w, either);
	scalar_intersect(&i, &b.s);
	if (!both.empty())
		judge(cut, i, both);
	inside.cases++;
	inside.unsound += scalar_includes(&a.s, &b.s) && !bs.within(as);
	inside.tight += scalar_includes(&a.s, &b.s) == bs.within(as);
}

static void sets_exhaust(unsigned long pairs)
{
	Count join = {}, cut = {}, wide = {}, inside = {};

	pairs_visit(pairs, [&](const Member &a, const Member &b) {
		set_pair(join, cut, wide, inside, a, b);
	});
	counts.push_back({ "union", join });
	counts.push_back({ "intersect", cut });
	counts.push_back({ "widen", wide });
	counts.push_back({ "includes", inside });
}

/* --- report ---------------------------------------------------------------------------------- */

static std::string count_line(const std::pair<std::string, Count> &c)
{
	char line[160];

	snprintf(line, sizeof(line), "%-18s cases %llu tight %llu unsound %llu", c.first.c_str(),
		 c.second.cases, c.second.tight, c.second.unsound);
	return line;
}

static std::string golden_text(unsigned long pairs)
{
	std::string text = "# exhaust at " + std::to_string(SMALL_BITS) + " bits, " +
			   std::to_string(pairs) + " pairs; written by exhaust -b\n";

	for (const auto &c : counts)
		text += count_line(c) + "\n";
	return text;
}

static std::string file_read(const char *path)
{
	FILE *f = fopen(path, "r");
	std::string text;
	char buf[4096];
	size_t got;

	if (!f)
		return "";
	while ((got = fread(buf, 1, sizeof(buf), f)))
		text.append(buf, got);
	fclose(f);
	return text;
}

/* Prints the lines that differ. */
static bool golden_same(const char *path, const std::string &text)
{
	std::string old = file_read(path);
	size_t a = 0, b = 0;

	if (old == text)
		return true;
	printf("# differs from %s (re-bless with -b):\n", path);
	while (a < old.size() || b < text.size()) {
		size_t ae = old.find('\n', a), be = text.find('\n', b);
		std::string la = a < old.size() ? old.substr(a, ae - a) : "";
		std::string lb = b < text.size() ? text.substr(b, be - b) : "";

		if (la != lb)
			printf("# - %s\n# + %s\n", la.c_str(), lb.c_str());
		a = ae == std::string::npos ? old.size() : ae + 1;
		b = be == std::string::npos ? text.size() : be + 1;
	}
	return false;
}

int main(int argc, char **argv)
{
	const char *golden = nullptr, *bless = nullptr;
	unsigned long pairs = 20000;
	bool with_tnums = true, all = false;
	unsigned n = 0, bad = 0;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "-n"))
			pairs = strtoul(argv[i + 1], nullptr, 0);
		else if (!strcmp(argv[i], "-t"))
			with_tnums = strcmp(argv[i + 1], "0");
		else if (!strcmp(argv[i], "-a"))
			all = strcmp(argv[i + 1], "0");
		else if (!strcmp(argv[i], "-g"))
			golden = argv[i + 1];
		else if (!strcmp(argv[i], "-b"))
			bless = argv[i + 1];
	}
	tnums_make();
	if (with_tnums) {
		tnums_exhaust();
		tnum_next_exhaust();
	}
	scalars_make(all ? 0 : pairs * 10, all);
	alu_exhaust(pairs);
	cmp_exhaust(pairs);
	if (SMALL_BITS >= 8)
		casts_exhaust();
	sets_exhaust(pairs);
	for (const auto &c : counts) {
		bad += c.second.unsound != 0;
		printf("%sok %u - %s\n", c.second.unsound ? "not " : "", ++n, count_line(c).c_str());
	}
	if (golden) {
		bool same = golden_same(golden, golden_text(pairs));

		printf("%sok %u - precision as in the golden\n", same ? "" : "not ", ++n);
		bad += !same;
	}
	if (bless) {
		FILE *f = fopen(bless, "w");
		std::string text = golden_text(pairs);

		if (!f || fwrite(text.data(), 1, text.size(), f) != text.size() || fclose(f))
			return 2;
	}
	printf("# %u bits, %zu scalars\n1..%u\n", (unsigned)SMALL_BITS, members.size(), n);
	return bad != 0;
}
