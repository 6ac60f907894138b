/* SPDX-License-Identifier: BSD-2-Clause */
/* Fields of a map's value that the kernel treats specially: locks, timers, kernel pointers. */
#ifndef SKEP_BTF_FIELDS_H
#define SKEP_BTF_FIELDS_H

#include "btf/btf.h"

/*
 * *ret_name is the first special field's type anywhere inside type @id ("bpf_spin_lock", "kptr"…),
 * NULL when there is none; arrays and nested structs are looked into. 0 or -ENOMEM.
 */
int btf_special_field(const struct btf *btf, u32 id, const char **ret_name) must_check;

#endif
