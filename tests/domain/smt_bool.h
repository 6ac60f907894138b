/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Truth values as terms of z3. An `if` on one that is not constant forks: prove_all() (prove.h)
 * runs the function again for each outcome, with what was assumed on the way in smt_path.
 */
#ifndef SKEP_TESTS_DOMAIN_SMT_BOOL_H
#define SKEP_TESTS_DOMAIN_SMT_BOOL_H

#include <cstdio>
#include <cstdlib>
#include <string>
#include <type_traits>
#include <vector>
#include <z3.h>

typedef bool raw_bool;

extern Z3_context smt;
extern std::vector<Z3_ast> smt_path;
extern unsigned smt_case; /* for run() to split on, where an obligation has cases */

/* The next outcome of a condition that is not constant. */
raw_bool smt_fork(Z3_ast cond);
Z3_ast smt_fresh(const char *name, Z3_sort sort);

struct Bool {
	Z3_ast t;

	Bool() : t(nullptr) {}
	Bool(raw_bool b) : t(b ? Z3_mk_true(smt) : Z3_mk_false(smt)) {}
	struct Term {};
	Bool(Term, Z3_ast a) : t(a) {}
	explicit operator raw_bool() const { return smt_fork(t); }
};

static inline Bool bool_of(Z3_ast t)
{
	return Bool(Bool::Term(), t);
}

static inline Bool operator!(Bool a)
{
	return bool_of(Z3_mk_not(smt, a.t));
}

static inline Bool operator&(Bool a, Bool b)
{
	Z3_ast args[2] = { a.t, b.t };

	return bool_of(Z3_mk_and(smt, 2, args));
}

static inline Bool operator|(Bool a, Bool b)
{
	Z3_ast args[2] = { a.t, b.t };

	return bool_of(Z3_mk_or(smt, 2, args));
}

/* Not lazy: the source's operands have no effects. */
static inline Bool operator&&(Bool a, Bool b)
{
	return a & b;
}

static inline Bool operator||(Bool a, Bool b)
{
	return a | b;
}

static inline Bool operator==(Bool a, Bool b)
{
	return bool_of(Z3_mk_iff(smt, a.t, b.t));
}

static inline Bool operator!=(Bool a, Bool b)
{
	return !(a == b);
}

static inline Bool implies(Bool a, Bool b)
{
	return (!a) | b;
}

static inline Bool bool_pick(Z3_ast cond, Bool a, Bool b)
{
	return bool_of(Z3_mk_ite(smt, cond, a.t, b.t));
}

/* The condition and the two sides. */
static inline raw_bool smt_is_ite(Z3_ast t, Z3_ast part[3])
{
	Z3_app app;

	if (Z3_get_ast_kind(smt, t) != Z3_APP_AST)
		return false;
	app = Z3_to_app(smt, t);
	if (Z3_get_decl_kind(smt, Z3_get_app_decl(smt, app)) != Z3_OP_ITE)
		return false;
	for (unsigned n = 0; n < 3; n++)
		part[n] = Z3_get_app_arg(smt, app, n);
	return true;
}

static inline void assume(Bool b)
{
	smt_path.push_back(b.t);
}

#endif
