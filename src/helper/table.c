/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Binds helper numbers to functions. What a helper is comes from spec/helper.h; which helpers exist
 * here comes from helper/impl.def. The order of checks and their words are those of
 * check_helper_call in the kernel.
 */
#include "helper/table.h"

#include "base/err.h"
#include "helper/helper_int.h"
#include "map/call.h"
#include "spec/intrinsics.h"

static const helper_fn functions[HELPER_ID_END] = {
#define HELPER_IMPL(name) [HELPER_##name] = helper_##name,
#include "helper/impl.def"
#undef HELPER_IMPL
};

helper_fn helper_function(u32 id)
{
	return id < HELPER_ID_END ? functions[id] : NULL;
}

bool helper_exists(u32 id)
{
	const struct helper_info *info = helper_info(id);

	return info && (functions[id] || info->props & HP_TAIL_CALL);
}

/* Of spec/intrinsics.def, what xlate/ emits. */
static helper_fn intrinsic_function(s32 id)
{
	return id == INTRINSIC_CPU_SLOT ? helper_get_smp_processor_id : map_intrinsic(id);
}

static int refuse(const struct helper_ask *ask, const char *fmt, ...) printf_like(2, 3);

static int refuse(const struct helper_ask *ask, const char *fmt, ...)
{
	va_list ap;

	if (ask->log) {
		va_start(ap, fmt);
		str_vaddf(ask->log, fmt, ap);
		va_end(ap);
		str_add_char(ask->log, '\n');
	}
	return -EINVAL;
}

int helper_resolve(void *cookie, s32 id, struct helper_binding *ret_binding)
{
	const struct helper_ask *ask = cookie;
	const struct helper_info *info = id > 0 ? helper_info((u32)id) : NULL;
	bool raw = ask->type == PROG_TYPE_UNSPEC;

	if (ask->intrinsics) {
		*ret_binding = (struct helper_binding){ .fn = intrinsic_function(id) };
		if (ret_binding->fn)
			return 0;
	}
	if (!id) /* in the kernel's table, and no program type has it */
		return refuse(ask, "program of this type cannot use helper bpf_unspec#0 "
				   "(unknown func bpf_unspec#0)");
	if (!info)
		return refuse(ask, "invalid func unknown#%d", id);
	/* Old bpftool looks for "unknown func", new ones for "program of this type". */
	if (!raw && (!helper_allowed(info, ask->type, ask->attach_type) ||
		     helper_rights(info, ask->type) > ask->rights))
		return refuse(ask,
			      "program of this type cannot use helper " HELPER_PREFIX
			      "%s#%d (unknown func " HELPER_PREFIX "%s#%d)",
			      info->name, id, info->name, id);
	if (!raw && info->props & HP_GPL && !ask->gpl_compatible)
		return refuse(ask, "cannot call GPL-restricted function from non-GPL compatible "
				   "program");
	if (!raw && info->props & HP_MIGHT_SLEEP && !ask->sleepable)
		return refuse(ask, "helper call might sleep in a non-sleepable prog");
	/* Names the gap and still reads as "not there" to whoever probes features. */
	if (!helper_exists(info->id))
		return refuse(ask,
			      "unknown func " HELPER_PREFIX "%s#%d: Linux 6.18 has it, Skep does "
			      "not yet (program of this type cannot use helper)",
			      info->name, id);
	ret_binding->fn = functions[info->id];
	ret_binding->info = info;
	return 0;
}
