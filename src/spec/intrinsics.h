/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers of the internal operations that our own code may call (spec/intrinsics.def). */
#ifndef SKEP_SPEC_INTRINSICS_H
#define SKEP_SPEC_INTRINSICS_H

#include "base/types.h"

enum intrinsic {
#define INTRINSIC(id, value, name, loses, what) INTRINSIC_##id = value,
#include "spec/intrinsics.def"
#undef INTRINSIC
};

#define INTRINSIC_FIRST 0x7f000000 /* all of them, and no helper, are at least this */

#define INTRINSIC_KEEPS_CALL false
#define INTRINSIC_KEEPS_R0   true
/* True when a call of @id leaves r1..r5 as they are. */
static inline bool intrinsic_keeps_args(s32 id)
{
	switch (id) {
#define INTRINSIC(id, value, name, loses, what) \
	case value:                             \
		return INTRINSIC_KEEPS_##loses;
#include "spec/intrinsics.def"
#undef INTRINSIC
	}
	return false;
}

#endif
