/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory for a short time that the process keeps for the next one who needs it: verifications and
 * compilations touch a megabyte each and are gone. Fresh pages cost more than what is done in them
 * where page tables are expensive (virtual machines), and heaps give their end back each time.
 */
#ifndef SKEP_BASE_PROCESS_SCRATCH_H
#define SKEP_BASE_PROCESS_SCRATCH_H

#include "base/types.h"

#define PROCESS_SCRATCH_BYTES (2u << 20) /* a huge page */

/* A block, zeroed when *ret_fresh; NULL when memory is short. Thread-safe. */
void *process_scratch_take(bool *ret_fresh) must_check;
void process_scratch_give(void *block); /* NULL is allowed */

#endif
