/* SPDX-License-Identifier: BSD-2-Clause */
#include "jit/thunk.h"

#include <assert.h>

#include "base/err.h"
#include "base/mem.h"
#include "jit/host.h"
#include "jit/jit.h"

#define THUNK_BYTES_MAX 192u

struct jit_thunk {
	struct jit_mem mem;
};

int jit_thunk_new(const struct jit_thunk_want *want, struct jit_thunk **ret_thunk)
{
	const struct jit_target *target = jit_host_target();
	struct jit_thunk *t;
	struct jit_buf b = { 0 };
	struct jit_view view;
	int err;

	if (!target || !jit_view(want->prog, &view))
		return -EOPNOTSUPP;
	t = mem_zalloc(sizeof(*t));
	jit_buf_room(&b);
	err = t && !b.failed ? 0 : -ENOMEM;
	if (!err) {
		const struct jit_mem_want where = {
			.code_bytes_max = THUNK_BYTES_MAX,
			.trap = target->trap_word,
			.near = u64_to_ptr(view.addr),
			.reach_bytes = target->reach_bytes,
		};

		err = jit_mem_new(&where, &t->mem);
	}
	if (!err) {
		target->thunk(&b, want, ptr_to_u64(t->mem.exec));
		assert(b.len <= THUNK_BYTES_MAX);
		err = jit_mem_seal(&t->mem, b.p, b.len);
	}
	jit_buf_fini(&b);
	if (err) {
		jit_thunk_free(t);
		return err;
	}
	*ret_thunk = t;
	return 0;
}

void jit_thunk_free(struct jit_thunk *thunk)
{
	if (!thunk)
		return;
	jit_mem_free(&thunk->mem);
	mem_free(thunk);
}

u64 jit_thunk_addr(const struct jit_thunk *thunk)
{
	return ptr_to_u64(thunk->mem.exec);
}
