/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every verb of the command shares: its entry point, exit codes and the way it speaks.
 * Results go to stdout, everything else (errors, notes, progress) to stderr.
 */
#ifndef SKEP_CLI_CLI_H
#define SKEP_CLI_CLI_H

#include "base/str.h"
#include "base/types.h"

enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1, /* the work failed: a program faulted, was refused, a file was bad */
	CLI_USAGE = 2,	/* the command line made no sense */
};

#define VERB(name, summary) int cli_##name(int argc, char **argv);
#include "cli/verbs.def"
#undef VERB

/* "skep: …" on stderr, with a newline. cli_error returns CLI_FAILED, cli_usage CLI_USAGE. */
int cli_error(const char *fmt, ...) printf_like(1, 2);
int cli_usage(const char *fmt, ...) printf_like(1, 2);
void cli_note(const char *fmt, ...) printf_like(1, 2);
/* A file's own error: "skep: PATH: what". Returns CLI_FAILED. */
int cli_file_error(const char *path, int err);

/*
 * Whole file (or stdin for "-") into a mem_free()able block with a NUL behind it.
 * 0 or -errno; -EFBIG over @max_bytes.
 */
int cli_read_file(const char *path, size_t max_bytes, char **ret_data, size_t *ret_len) must_check;
/* Writes all of it to @path ("-" is stdout). 0 or -errno. */
int cli_write_file(const char *path, const void *data, size_t len) must_check;

/* Hex digits, blanks ignored, into bytes. -EINVAL with *ret_bad set to the first bad character. */
int cli_parse_hex(const char *text, u8 **ret_data, size_t *ret_len,
		  const char **ret_bad) must_check;
/* A whole decimal or 0x number. */
int cli_parse_u64(const char *text, u64 *ret_value) must_check;

/*
 * A progress line on stderr, shown only when that is a terminal and the work lasts over two
 * seconds. @total 0: unknown. Call as often as you like.
 */
struct cli_progress {
	const char *what; /* "packets" */
	u64 start_ns, last_ns;
	bool tty, shown;
};
void cli_progress_start(struct cli_progress *p, const char *what);
void cli_progress_step(struct cli_progress *p, u64 done, u64 total);
void cli_progress_end(struct cli_progress *p);

#endif
