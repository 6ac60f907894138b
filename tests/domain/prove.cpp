/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves the scalar domain at 64 bits from its shipping source, with z3.
 *
 *	prove [-l] [-v] [-p N/M] [-x] [-s PATTERN]... [PATTERN]...
 *
 * -l lists the obligations, -v prints the time of each, -p proves every M-th beginning with the
 * N-th, -s leaves out what has PATTERN in its name, -x expects that one at least is refuted (a bug was put into the source) and names those.
 * PATTERN: part of a name. Prints TAP.
 */
#include "prove.h"

#include <cstring>
#include <ctime>

Z3_context smt;
std::vector<Z3_ast> smt_path;
unsigned smt_case;

/* z3 counts its steps, so that a busy machine decides as an idle one does. */
enum { STEPS_MAX = 60000000, PATHS_MAX = 4096 };

/* The outcomes of the forks of this run: those of the prefix are given, the others are true. */
static std::vector<raw_bool> outcomes;
static size_t outcome_cnt;
static unsigned fresh_cnt;

raw_bool smt_fork(Z3_ast cond)
{
	Z3_ast simple = Z3_simplify(smt, cond);
	Z3_lbool known = Z3_get_bool_value(smt, simple);
	raw_bool taken;

	if (known != Z3_L_UNDEF)
		return known == Z3_L_TRUE;
	if (outcome_cnt == outcomes.size())
		outcomes.push_back(true);
	taken = outcomes[outcome_cnt++];
	smt_path.push_back(taken ? simple : Z3_mk_not(smt, simple));
	return taken;
}

Z3_ast smt_fresh(const char *name, Z3_sort sort)
{
	std::string unique = std::string(name) + "." + std::to_string(fresh_cnt++);

	return Z3_mk_const(smt, Z3_mk_string_symbol(smt, unique.c_str()), sort);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void on_error(Z3_context c, Z3_error_code code)
{
	fprintf(stderr, "prove: z3: %s\n", Z3_get_error_msg(c, code));
	abort();
}

enum Verdict { PROVED, REFUTED, UNDECIDED, VACUOUS };

static Z3_solver solver_new(const char *logic)
{
	Z3_solver solver = logic ? Z3_mk_solver_for_logic(smt, Z3_mk_string_symbol(smt, logic)) :
				   Z3_mk_solver(smt);
	Z3_params params;

	Z3_solver_inc_ref(smt, solver);
	params = Z3_mk_params(smt);
	Z3_params_inc_ref(smt, params);
	Z3_params_set_uint(smt, params, Z3_mk_string_symbol(smt, "rlimit"), STEPS_MAX);
	Z3_solver_set_params(smt, solver, params);
	Z3_params_dec_ref(smt, params);
	for (Z3_ast cond : smt_path)
		Z3_solver_assert(smt, solver, cond);
	return solver;
}

static void print_model(Z3_solver solver)
{
	Z3_model model = Z3_solver_get_model(smt, solver);

	Z3_model_inc_ref(smt, model);
	for (unsigned n = 0; n < Z3_model_get_num_consts(smt, model); n++) {
		Z3_func_decl decl = Z3_model_get_const_decl(smt, model, n);
		Z3_ast value = Z3_model_get_const_interp(smt, model, decl);

		printf("#   %s", Z3_get_symbol_string(smt, Z3_get_decl_name(smt, decl)));
		printf(" = %s\n", Z3_ast_to_string(smt, value));
	}
	Z3_model_dec_ref(smt, model);
}

/* Each question gets a solver of its own: asked twice, z3 leaves its fast path for bits. */
static Z3_lbool ask(const Obligation &o, Z3_ast also, raw_bool show)
{
	Z3_solver solver = solver_new(o.logic);
	Z3_lbool found;

	Z3_solver_assert(smt, solver, also);
	found = Z3_solver_check(smt, solver);
	if (found == Z3_L_TRUE && show)
		print_model(solver);
	Z3_solver_dec_ref(smt, solver);
	return found;
}

static Z3_decl_kind kind_of(Z3_ast t, Z3_app *app)
{
	if (Z3_get_ast_kind(smt, t) != Z3_APP_AST)
		return Z3_OP_UNINTERPRETED;
	*app = Z3_to_app(smt, t);
	return Z3_get_decl_kind(smt, Z3_get_app_decl(smt, *app));
}

/* The disjuncts of what was assumed one by one, from the @from-th assumption on. */
static Verdict prove_cases(const Obligation &o, Z3_ast goal, raw_bool quiet, size_t from)
{
	Z3_lbool found;
	Z3_app app;

	for (; from < smt_path.size(); from++) {
		Z3_ast whole = smt_path[from];
		Verdict verdict = PROVED;

		if (kind_of(whole, &app) != Z3_OP_OR)
			continue;
		for (unsigned n = 0; n < Z3_get_app_num_args(smt, app) && verdict == PROVED; n++) {
			smt_path[from] = Z3_get_app_arg(smt, app, n);
			verdict = prove_cases(o, goal, quiet, from);
		}
		smt_path[from] = whole;
		return verdict;
	}
	found = ask(o, Z3_mk_not(smt, goal), !quiet);
	return found == Z3_L_FALSE ? PROVED : found == Z3_L_TRUE ? REFUTED : UNDECIDED;
}

/* The conjuncts of the goal one by one: each is about one part of the domain. */
static Verdict prove_goal(const Obligation &o, Z3_ast goal, raw_bool quiet)
{
	Verdict verdict = PROVED;
	Z3_app app;

	if (kind_of(goal, &app) == Z3_OP_AND) {
		for (unsigned n = 0; n < Z3_get_app_num_args(smt, app); n++) {
			if (verdict == PROVED)
				verdict = prove_goal(o, Z3_get_app_arg(smt, app, n), quiet);
		}
		return verdict;
	}
	return prove_cases(o, goal, quiet, 0);
}

static Verdict prove_path(const Obligation &o, Bool goal, raw_bool quiet, raw_bool *reached)
{
	Verdict verdict = prove_goal(o, goal.t, quiet);

	if (!*reached)
		*reached = ask(o, Z3_mk_true(smt), false) != Z3_L_FALSE;
	return verdict;
}

/* All paths of one case. */
static Verdict prove_paths(const Obligation &o, raw_bool quiet, unsigned *paths, raw_bool *reached)
{
	Verdict verdict = PROVED;

	outcomes.clear();
	while (verdict == PROVED) {
		if (++*paths == PATHS_MAX)
			return UNDECIDED;
		smt_path.clear();
		outcome_cnt = fresh_cnt = 0;
		Bool goal = o.run();
		verdict = prove_path(o, goal, quiet, reached);
		while (!outcomes.empty() && !outcomes.back())
			outcomes.pop_back();
		if (outcomes.empty())
			break;
		outcomes.back() = false;
	}
	return verdict;
}

static Verdict prove_all(const Obligation &o, raw_bool quiet, unsigned *paths)
{
	Z3_config config = Z3_mk_config();
	Verdict verdict = PROVED;
	raw_bool reached = false;

	smt = Z3_mk_context(config);
	Z3_set_error_handler(smt, on_error);
	Z3_del_config(config);
	*paths = 0;
	for (smt_case = 0; smt_case < o.cases && verdict == PROVED; smt_case++)
		verdict = prove_paths(o, quiet, paths, &reached);
	if (verdict == PROVED && !reached)
		verdict = VACUOUS;
	Z3_del_context(smt);
	return verdict;
}

struct Options {
	raw_bool list, verbose, expect_refuted;
	unsigned part, parts;
	std::vector<std::string> patterns, skipped;
};

static raw_bool wanted(const Options &opt, const std::string &name)
{
	for (const std::string &p : opt.skipped) {
		if (name.find(p) != std::string::npos)
			return false;
	}
	if (opt.patterns.empty())
		return true;
	for (const std::string &p : opt.patterns) {
		if (name.find(p) != std::string::npos)
			return true;
	}
	return false;
}

static int options_parse(Options &opt, int argc, char **argv)
{
	for (int n = 1; n < argc; n++) {
		if (!strcmp(argv[n], "-l"))
			opt.list = true;
		else if (!strcmp(argv[n], "-v"))
			opt.verbose = true;
		else if (!strcmp(argv[n], "-x"))
			opt.expect_refuted = true;
		else if (!strcmp(argv[n], "-p") && n + 1 < argc &&
			 sscanf(argv[n + 1], "%u/%u", &opt.part, &opt.parts) == 2 && opt.parts)
			n++;
		else if (!strcmp(argv[n], "-s") && n + 1 < argc)
			opt.skipped.push_back(argv[++n]);
		else if (argv[n][0] == '-')
			return -1;
		else
			opt.patterns.push_back(argv[n]);
	}
	return 0;
}

static int report(const Options &opt, unsigned cnt, unsigned refuted, unsigned failed, double took)
{
	printf("# %u obligations, %u refuted, %.1f s of CPU, z3 %s\n", cnt, refuted, took,
	       Z3_get_full_version());
	printf("1..%u\n", cnt ? cnt : 1);
	if (!cnt)
		printf("not ok 1 - no obligation of that name\n");
	return opt.expect_refuted ? !refuted : failed || !cnt;
}

int main(int argc, char **argv)
{
	static const char *const words[] = { "proved", "refuted", "not decided", "vacuous" };
	Options opt = { false, false, false, 0, 1, {}, {} };
	unsigned cnt = 0, failed = 0, refuted = 0, idx = 0, paths;
	double start = seconds(), begin, slowest = 0;
	std::string slowest_name;
	Obligations all;

	if (options_parse(opt, argc, argv) < 0) {
		fprintf(stderr, "usage: prove [-l] [-v] [-p N/M] [-x] [-s PATTERN]... [PATTERN]...\n");
		return 2;
	}
	obligations_bits(all);
	obligations_int(all);
	for (const Obligation &o : all) {
		if (!wanted(opt, o.name) || idx++ % opt.parts != opt.part)
			continue;
		if (opt.list) {
			printf("%s\n", o.name.c_str());
			continue;
		}
		begin = seconds();
		Verdict v = prove_all(o, opt.expect_refuted, &paths);
		double took = seconds() - begin;
		raw_bool good = opt.expect_refuted ? v == PROVED || v == REFUTED : v == PROVED;

		if (took > slowest) {
			slowest = took;
			slowest_name = o.name;
		}
		failed += !good;
		refuted += v == REFUTED;
		printf("%sok %u - %s: %s", good ? "" : "not ", ++cnt, o.name.c_str(), words[v]);
		if (opt.verbose)
			printf(" (%u paths, %.2f s)", paths, took);
		printf("\n");
		fflush(stdout);
	}
	if (opt.list)
		return 0;
	printf("# slowest: %s, %.1f s\n", slowest_name.c_str(), slowest);
	return report(opt, cnt, refuted, failed, seconds() - start);
}
