/* SPDX-License-Identifier: BSD-2-Clause */
/* References, locks and the like that a path holds (acquire_reference, acquire_lock_state…). */
#ifndef SKEP_VERIFY_STATE_REFS_H
#define SKEP_VERIFY_STATE_REFS_H

#include "verify/state/state.h"

/* A new id > 0, or -ENOMEM. */
int refs_acquire(struct env *env, u32 insn_idx) must_check;
/* A disabled interrupt: becomes active_irq_id. */
int refs_acquire_irq(struct env *env, u32 insn_idx) must_check;
int refs_acquire_lock(struct env *env, u32 insn_idx, enum ref_kind kind, u32 id,
		      const void *ptr) must_check;
/* -EINVAL when there is no such reference. */
int refs_release(struct vstate *st, u32 id) must_check;
int refs_release_lock(struct vstate *st, enum ref_kind kind, u32 id, const void *ptr) must_check;
int refs_release_irq(struct vstate *st, u32 id) must_check; /* the one saved before is current */
const struct ref *refs_find(const struct vstate *st, u32 id);
const struct ref *refs_find_lock(const struct vstate *st, u32 kinds, u32 id, const void *ptr);
int refs_copy(struct env *env, struct vstate *dst, const struct vstate *src) must_check;

#endif
