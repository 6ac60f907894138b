/* SPDX-License-Identifier: BSD-2-Clause */
/* Ranges under arithmetic in both widths: range64_add() and so on, range32_add() and so on. */
#ifndef SKEP_VERIFY_DOMAIN_RANGES_H
#define SKEP_VERIFY_DOMAIN_RANGES_H

#include "verify/domain/scalar_int.h"

#define UWORD	   u64
#define SWORD	   s64
#define UMIN	   umin
#define UMAX	   umax
#define SMIN	   smin
#define SMAX	   smax
#define UWORD_MAX  U64_MAX
#define UWORD_BITS U64_BITS
#define SWORD_MIN  S64_MIN
#define SWORD_MAX  S64_MAX
#define RANGE(f)   range64_##f
#define UMUL_OVER  u64_mul_over
#define SMUL_OVER  s64_mul_over
#include "verify/domain/range_tmpl.h"

#define UWORD	   u32
#define SWORD	   s32
#define UMIN	   u32_min
#define UMAX	   u32_max
#define SMIN	   s32_min
#define SMAX	   s32_max
#define UWORD_MAX  U32_MAX
#define UWORD_BITS U32_BITS
#define SWORD_MIN  S32_MIN
#define SWORD_MAX  S32_MAX
#define RANGE(f)   range32_##f
#define UMUL_OVER  u32_mul_over
#define SMUL_OVER  s32_mul_over
#include "verify/domain/range_tmpl.h"

#endif
