/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers of the internal operations that our own code may call (spec/intrinsics.def). */
#ifndef SKEP_SPEC_INTRINSICS_H
#define SKEP_SPEC_INTRINSICS_H

enum intrinsic {
#define INTRINSIC(id, value, name, what) INTRINSIC_##id = value,
#include "spec/intrinsics.def"
#undef INTRINSIC
};

#endif
