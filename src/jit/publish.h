/* SPDX-License-Identifier: BSD-2-Clause */
/* Tells tools (jit/debug.h) of a program that was just compiled. */
#ifndef SKEP_JIT_PUBLISH_H
#define SKEP_JIT_PUBLISH_H

#include "jit/jit_int.h"
#include "jit/relax.h"

/* Once the code stands and its places are kept; @what is not 0. 0 or -ENOMEM. */
int jit_publish(struct jit_code *c, const struct relax *r, u32 what) must_check;

#endif
