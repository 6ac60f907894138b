/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `skep verify` knows of each program, and the small languages of veristat that choose among
 * it: which columns (-e), in what order (-s), which rows (-f).
 */
#ifndef SKEP_CLI_VERIFY_ROWS_H
#define SKEP_CLI_VERIFY_ROWS_H

#include <stdio.h>

#include "base/str.h"
#include "base/types.h"

enum column {
#define COLUMN(id, ...) COLUMN_##id,
#include "cli/verify_columns.def"
#undef COLUMN
	COLUMN_CNT
};

enum column_kind { COLUMN_KIND_TEXT, COLUMN_KIND_VERDICT, COLUMN_KIND_NUM };

struct column_info {
	const char *heading;
	const char *names[3];
	enum column_kind kind;
	bool ascending;
};

const struct column_info *column_info(enum column c);

enum { VERDICT_FAILURE, VERDICT_SUCCESS };

struct verify_row {
	char *text[COLUMN_CNT]; /* of TEXT columns, owned; NULL: not known */
	s64 num[COLUMN_CNT];	/* of the others */
	/* Why it was rejected; all may be empty. Owned. */
	char *reason, *code, *reg, *source_file, *source_line, *log;
	u32 insn_idx, line, line_column;
	char *path; /* "3->7, 9->10": the last branches, oldest first */
};

struct verify_rows {
	struct verify_row *rows;
	u32 cnt, cap;
};

/* A new empty row at the end; NULL when memory is short. */
struct verify_row *verify_rows_add(struct verify_rows *rows);
void verify_rows_fini(struct verify_rows *rows);

/* Which of two values of a comparison a sort key or filter means. */
enum variant { VARIANT_A, VARIANT_B, VARIANT_DIFF, VARIANT_PCT };

struct sort_key {
	enum column column;
	enum variant variant;
	bool ascending, absolute;
};

enum filter_op { FILTER_GLOB, FILTER_EQ, FILTER_NE, FILTER_LT, FILTER_LE, FILTER_GT, FILTER_GE };

struct filter {
	enum filter_op op;
	bool deny;		  /* "!glob" */
	char *file_glob, *prog_glob; /* FILTER_GLOB; NULL: any */
	bool any_glob;		  /* one pattern, for either name */
	struct sort_key key;	  /* the others: column and variant */
	s64 value;
};

struct verify_spec {
	enum column columns[COLUMN_CNT];
	u32 column_cnt;
	struct sort_key keys[COLUMN_CNT];
	u32 key_cnt;
	struct filter *filters;
	u32 filter_cnt;
};

/* Each: 0, or a negative errno with the offending word in *why. */
int verify_spec_columns(struct verify_spec *spec, const char *text, struct str *why) must_check;
int verify_spec_sort(struct verify_spec *spec, const char *text, struct str *why) must_check;
/* "@FILE" reads one filter from each line. */
int verify_spec_filter(struct verify_spec *spec, const char *text, struct str *why) must_check;
void verify_spec_fini(struct verify_spec *spec);

/* Do name filters let this program through? @prog NULL: is anything of the file wanted? */
bool verify_name_wanted(const struct verify_spec *spec, const char *file, const char *prog);
/* Do value filters? @b is NULL outside comparisons. */
bool verify_row_wanted(const struct verify_spec *spec, const struct verify_row *a,
		       const struct verify_row *b);

/* The value that a key means; rows may be NULL (absent in that file). False: not known. */
bool verify_value(const struct sort_key *key, const struct verify_row *a,
		  const struct verify_row *b, double *ret_value);

struct row_pair {
	const struct verify_row *a, *b; /* of two files; outside comparisons b is NULL */
};
/* Pairs rows of one file and program; @pairs has room for all of both. How many there are. */
u32 verify_pairs_join(struct verify_rows *a, struct verify_rows *b, struct row_pair *pairs);
void verify_pairs_sort(const struct verify_spec *spec, struct row_pair *pairs, u32 cnt);

/* CSV with a heading line, as veristat's and ours. 0 or -errno with the line in *why. */
int verify_rows_read(struct verify_rows *rows, const char *path, struct str *why) must_check;

#endif
