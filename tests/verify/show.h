/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an accepted program returns and looks like after the proof, as lines:
 *
 *	run RET RETVAL	over the data of each of its runs, 64 zero bytes without; RET: bpf(2)'s
 *	IDX: TEXT	the translated program, in the kernel's words
 */
#ifndef SKEP_TESTS_VERIFY_SHOW_H
#define SKEP_TESTS_VERIFY_SHOW_H

#include "tests/verify/backend.h"

/* A backend_loaded_fn. */
void show_loaded(struct backend *b, const struct record *r, int fd, char *log);

#endif
