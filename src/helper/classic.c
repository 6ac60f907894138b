/* SPDX-License-Identifier: BSD-2-Clause */
/* What converted classic programs call: r1 is their context, a struct cbpf_view. */
#include "helper/classic.h"

#include "base/err.h"
#include "helper/helper_int.h"
#include "isa/cbpf/view.h"
#include "spec/intrinsics.h"

#define CLASSIC_FN(name)                                                                           \
	static u64 name(HELPER_ARG u64 r1, HELPER_ARG u64 r2, HELPER_ARG u64 r3,                   \
			HELPER_ARG u64 r4, HELPER_ARG u64 r5, HELPER_ARG struct run *run)

CLASSIC_FN(classic_nlattr)
{
	return cbpf_view_nlattr(u64_to_ptr(r1), (u32)r2, (u32)r3);
}

CLASSIC_FN(classic_nlattr_nest)
{
	return cbpf_view_nlattr_nest(u64_to_ptr(r1), (u32)r2, (u32)r3);
}

CLASSIC_FN(classic_pay_offset)
{
	return cbpf_view_payload_off(u64_to_ptr(r1));
}

CLASSIC_FN(classic_random)
{
	return cbpf_view_random(u64_to_ptr(r1));
}

static int classic_resolve(void *cookie, s32 id, struct helper_binding *ret_binding)
{
	helper_fn fn = NULL;

	(void)cookie;
	switch (id) {
	case INTRINSIC_CLASSIC_NLATTR:
		fn = classic_nlattr;
		break;
	case INTRINSIC_CLASSIC_NLATTR_NEST:
		fn = classic_nlattr_nest;
		break;
	case INTRINSIC_CLASSIC_PAY_OFFSET:
		fn = classic_pay_offset;
		break;
	case INTRINSIC_CLASSIC_RANDOM:
		fn = classic_random;
		break;
	}
	*ret_binding = (struct helper_binding){ .fn = fn };
	return fn ? 0 : -EINVAL;
}

const struct helper_resolver helper_classic_resolver = { .resolve = classic_resolve };
