/* SPDX-License-Identifier: BSD-2-Clause */
/* How `skep verify` shows its rows: table, CSV, JSON, SARIF, and two files beside each other. */
#ifndef SKEP_CLI_VERIFY_OUT_H
#define SKEP_CLI_VERIFY_OUT_H

#include "cli/verify_rows.h"

enum verify_format { VERIFY_TABLE, VERIFY_CSV, VERIFY_JSON, VERIFY_SARIF };

/* Appends the rows in their order. */
void verify_out(struct str *out, enum verify_format format, const struct verify_spec *spec,
		const struct row_pair *pairs, u32 cnt);
/* The same for pairs of rows, absent ones NULL: table or CSV. */
void verify_out_compare(struct str *out, bool csv, const struct verify_spec *spec,
			const struct row_pair *pairs, u32 cnt);

#endif
