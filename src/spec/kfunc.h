/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's functions that programs may call: the rows of spec/kfuncs.def. */
#ifndef SKEP_SPEC_KFUNC_H
#define SKEP_SPEC_KFUNC_H

#include "base/types.h"

#define KFUNC_ARGS	  5
#define KFUNC_IRQ_SLOTS	  1 /* stack slots of 8 bytes that saved interrupt flags take */
#define KFUNC_ITER_SLOTS  1 /* … that a number iterator takes */

enum kfunc_prop {
	KF_ITER_NEW = 1,      /* its first argument becomes an iterator */
	KF_ITER_NEXT = 1 << 1, /* NULL when drained */
	KF_ITER_DESTROY = 1 << 2,
	KF_RET_NULL = 1 << 3,
	KF_RCU_LOCK = 1 << 4,
	KF_RCU_UNLOCK = 1 << 5,
	KF_PREEMPT_DISABLE = 1 << 6,
	KF_PREEMPT_ENABLE = 1 << 7,
	KF_IRQ_SAVE = 1 << 8,
	KF_IRQ_RESTORE = 1 << 9,
	KF_SLEEPABLE = 1 << 10,
	KF_ACQUIRE = 1 << 11,
	KF_RELEASE = 1 << 12,
};

enum kfunc_ret {
	KFUNC_RET_VOID,
	KFUNC_RET_INTEGER,
	KFUNC_RET_RDONLY_INT, /* 4 bytes of memory to read, as long as the iterator lives */
};

enum kfunc_arg {
	KFUNC_ARG_NONE,
	KFUNC_ARG_SCALAR32,
	KFUNC_ARG_ITER,
	KFUNC_ARG_IRQ_FLAG,
};

struct kfunc_info {
	u32 id;
	const char *name; /* "bpf_iter_num_new" */
	u32 props;	  /* enum kfunc_prop */
	u8 ret;		  /* enum kfunc_ret */
	u8 args[KFUNC_ARGS]; /* enum kfunc_arg */
};

/* By a call's immediate, and by name; NULL: there is none. */
const struct kfunc_info *kfunc_info(s32 id);
const struct kfunc_info *kfunc_by_name(const char *name);

#endif
