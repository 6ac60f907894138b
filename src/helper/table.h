/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a helper's number to its function, for one program. core fills a helper_ask per load and
 * hands helper_resolve to the engine's compiler through struct helper_resolver.
 */
#ifndef SKEP_HELPER_TABLE_H
#define SKEP_HELPER_TABLE_H

#include "base/str.h"
#include "prog/prog.h"
#include "prog/run.h"
#include "spec/helper.h"

/* Who asks. */
struct helper_ask {
	enum prog_type type; /* of the target for EXT programs; UNSPEC: raw, all is allowed */
	u32 attach_type;     /* expected_attach_type of the load */
	enum helper_rights rights;
	bool gpl_compatible;
	bool sleepable;
	/* It is code of xlate/ that asks: intrinsics are found, which no loader may call. */
	bool intrinsics;
	struct str *log; /* gets one line when a helper is refused; may be NULL */
};

/*
 * For struct helper_resolver: @cookie is a struct helper_ask. 0, or -EINVAL after a line in the
 * log that says why, in the words of Linux 6.18 where it would refuse too. A tail call resolves to
 * a NULL function: its row carries HP_TAIL_CALL.
 */
int helper_resolve(void *cookie, s32 id, struct helper_binding *ret_binding) must_check;

/* The function of a helper, NULL when nobody wrote it. */
helper_fn helper_function(u32 id);
/* True when programs can call it here: it has a function, or engines do it. */
bool helper_exists(u32 id);

#endif
