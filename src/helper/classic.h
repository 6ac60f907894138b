/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The intrinsics of converted classic programs (spec/intrinsics.def), which no loaded program may
 * call: pass this resolver to the engine's compiler for what cbpf_convert made, and no other.
 */
#ifndef SKEP_HELPER_CLASSIC_H
#define SKEP_HELPER_CLASSIC_H

#include "prog/prog.h"

/* Needs no cookie. */
extern const struct helper_resolver helper_classic_resolver;

#endif
