/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Obligations and their proof. An obligation is a function that makes fresh terms, assumes what is
 * given, runs the source and returns what must hold. prove_all() runs it along every path of its
 * ifs; on each the negated goal must be unsatisfiable, and on one at least the assumptions must be
 * satisfiable, else nothing was proved.
 */
#ifndef SKEP_TESTS_DOMAIN_PROVE_H
#define SKEP_TESTS_DOMAIN_PROVE_H

#include "smt_bool.h"

#include <functional>

struct Obligation {
	std::string name;
	const char *logic; /* of SMT-LIB, or NULL for all of it */
	unsigned cases;	   /* run() is proved for each smt_case below this */
	std::function<Bool()> run;
};

typedef std::vector<Obligation> Obligations;

/* prove_bits.cpp, prove_int.cpp */
void obligations_bits(Obligations &all);
void obligations_int(Obligations &all);

#endif
