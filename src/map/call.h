/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stands in for a program's call of a map helper where the map, or at least its kind, is known
 * when the program is loaded (the kernel's map_gen_lookup): instructions as plain words, which
 * xlate/ puts in the place of the call. Each type brings its own as `call_insns` of its ops.
 *
 * The code has the call's meaning: arguments in r1..r5, result in r0, r1..r5 lost. It may use them
 * as scratch registers, but no others. Jumps stay inside, or lead behind its last word. It relies
 * on the run's CPU slot being one of the map's (run and maps belong to one instance).
 */
#ifndef SKEP_MAP_CALL_H
#define SKEP_MAP_CALL_H

#include "base/types.h"
#include "isa/insn.h"
#include "prog/run.h"

struct map;

enum map_call_kind { MAP_CALL_LOOKUP, MAP_CALL_UPDATE, MAP_CALL_DELETE };

struct map_call {
	enum map_call_kind kind;
	/*
	 * It is always this map. Else r1 holds one that is like it (an inner map, of which it is
	 * the template): of the same type, key size, value size and flags, and no more.
	 */
	bool known;
	bool key_known;	 /* the key is always @key, for types with MT_CONST_KEY */
	bool key_exists; /* it is always below max_entries */
	/* The program is not trusted to be left alone by speculation: indices are masked. */
	bool mask;
	u32 key;
};

#define MAP_CODE_INSNS_MAX 24

struct map_code {
	struct insn insns[MAP_CODE_INSNS_MAX];
	u32 cnt; /* 0: there is nothing better than the call */
};

void map_call_insns(const struct map *map, const struct map_call *call, struct map_code *ret_code);

/* What a row of spec/intrinsics.def about maps is bound to; NULL for others. */
helper_fn map_intrinsic(s32 id);

#endif
