/* SPDX-License-Identifier: BSD-2-Clause */
/* What BPF_PROG_LOAD may ask for with each program type; rows in attach_rules.def. */
#ifndef SKEP_SYS_ATTACH_RULES_H
#define SKEP_SYS_ATTACH_RULES_H

#include "base/types.h"

/* Checks the expected attach type, filling in the default for 0. 0 or -EINVAL. */
int attach_rule_check(u32 prog_type, u32 *attach_type) must_check;
/* 0, or -EINVAL when the type may not, or must, be sleepable. */
int attach_rule_sleepable(u32 prog_type, bool sleepable) must_check;
bool attach_rule_btf_target(u32 prog_type);

#endif
