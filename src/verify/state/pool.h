/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks of an arena of the env's that are given back and used again: states, frames, stacks…
 * Sizes are rounded up to classes, four to each power of two, with a list of free blocks each.
 */
#ifndef SKEP_VERIFY_STATE_POOL_H
#define SKEP_VERIFY_STATE_POOL_H

#include "base/types.h"

struct env;

int pool_init(struct env *env) must_check;
/* Not zeroed. *ret_bytes (may be NULL): how many there really are. NULL: memory is short. */
void *pool_take(struct env *env, size_t size_bytes, size_t *ret_bytes) must_check;
/* @size_bytes as asked for or as got; NULL is allowed. */
void pool_give(struct env *env, void *block, size_t size_bytes);
/* Makes @*array, which has room for @*cap, hold @need: 0 or -ENOMEM, then nothing changed. */
int pool_grow(struct env *env, void **array, u32 *cap, u32 need, size_t elem_bytes) must_check;

#endif
