/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of BPF_OBJ_GET_INFO_BY_FD share. */
#ifndef SKEP_SYS_INFO_H
#define SKEP_SYS_INFO_H

#include "prog/prog.h"
#include "sys/sys_int.h"

/* Copies as many of @cnt entries as the caller has room for; *user_cnt becomes @cnt. */
int info_array_write(u64 addr, u32 *user_cnt, const void *entries, u32 cnt,
		     u32 entry_bytes) must_check;
/*
 * The machine code of @prog (jited_*): lengths for loaders with CAP_BPF, bytes and addresses for
 * those with all rights (bpf_dump_raw_ok); zeros for the rest and for what is not compiled.
 */
int info_jited_write(const struct skep *skep, const struct prog *prog,
		     struct uapi_prog_info *info) must_check;

#endif
