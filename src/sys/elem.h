/* SPDX-License-Identifier: BSD-2-Clause */
/* One element operation on a map from user space, shared by the single and the batch commands. */
#ifndef SKEP_SYS_ELEM_H
#define SKEP_SYS_ELEM_H

#include "sys/sys_int.h"

struct elem_op {
	struct map *map; /* a reference */
	void *key, *value; /* NULL until read or allocated */
	u32 value_bytes;
};

/* Finds the map and checks the descriptor's rights (enum obj_right). elem_end() in any case. */
int elem_begin(struct elem_op *op, struct sys_call *call, u32 map_fd, u32 need) must_check;
void elem_end(struct elem_op *op);
int elem_key_read(struct elem_op *op, u64 addr) must_check;
int elem_value_alloc(struct elem_op *op) must_check;

#endif
