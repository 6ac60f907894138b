/* SPDX-License-Identifier: BSD-2-Clause */
/* What `skep run` prints at the end: verdicts, packets, time; as text or as JSON members. */
#ifndef SKEP_CLI_RUN_REPORT_H
#define SKEP_CLI_RUN_REPORT_H

#include "attach/session.h"
#include "base/str.h"
#include "base/types.h"

struct run_report {
	const char *source; /* file or interface names, for people */
	const struct session_opts *opts;
	const struct session_stats *stats;
	bool observes_only;
};

void run_report_text(const struct run_report *r, struct str *to);
/* `"packets":…,"programs":[…],…` without the braces. */
void run_report_json(const struct run_report *r, struct str *to);

#endif
