/* SPDX-License-Identifier: BSD-2-Clause */
/* Fault reports for people and as JSON. */
#include "prog/fault.h"

#include "base/types.h"
#include "prog/prog.h"

static const char *const kind_names[] = {
	[FAULT_NONE] = "none",	   [FAULT_READ] = "read",     [FAULT_WRITE] = "write",
	[FAULT_PERM] = "permission", [FAULT_CTX] = "context",   [FAULT_ALIGN] = "alignment",
	[FAULT_ARG] = "argument",  [FAULT_BUDGET] = "budget", [FAULT_DEPTH] = "depth",
	[FAULT_UNINIT] = "uninitialised", [FAULT_INSN] = "instruction", [FAULT_CALL] = "call",
};

const char *fault_kind_name(enum fault_kind kind)
{
	return (u32)kind < ARRAY_SIZE(kind_names) ? kind_names[kind] : "unknown";
}

void fault_describe(const struct fault *fault, struct str *out)
{
	str_addf(out, "%s: %s", fault_kind_name(fault->kind), fault->detail);
}

void fault_print(const struct fault *fault, struct str *out)
{
	if (fault->kind == FAULT_NONE)
		return;
	str_addf(out, "program '%s', instruction %u: ", fault->prog->name, fault->insn_idx);
	fault_describe(fault, out);
	str_add_char(out, '\n');
}

void fault_print_json(const struct fault *fault, struct str *out)
{
	if (fault->kind == FAULT_NONE)
		return;
	str_add(out, "{\"kind\":");
	str_add_json(out, fault_kind_name(fault->kind));
	str_addf(out, ",\"insn\":%u}", fault->insn_idx);
}
