/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/verify_rows.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cli/cli.h"

#define CSV_BYTES_MAX (64u << 20)

static const struct column_info infos[] = {
#define COLUMN(id, heading, name, other, third, kind, ascending)                                   \
	[COLUMN_##id] = { heading, { name, other, third }, COLUMN_KIND_##kind, ascending },
#include "cli/verify_columns.def"
#undef COLUMN
};

const struct column_info *column_info(enum column c)
{
	return &infos[c];
}

struct verify_row *verify_rows_add(struct verify_rows *rows)
{
	if (rows->cnt == rows->cap) {
		u32 cap = rows->cap ? rows->cap * 2 : 64;
		void *more = mem_realloc(rows->rows, cap * sizeof(*rows->rows));

		if (!more)
			return NULL;
		rows->rows = more;
		rows->cap = cap;
	}
	memset(&rows->rows[rows->cnt], 0, sizeof(*rows->rows));
	return &rows->rows[rows->cnt++];
}

void verify_rows_fini(struct verify_rows *rows)
{
	for (u32 i = 0; i < rows->cnt; i++) {
		struct verify_row *row = &rows->rows[i];
		char *owned[] = { row->reason,	    row->code, row->reg, row->source_file,
				  row->source_line, row->log,  row->path };

		for (u32 n = 0; n < ARRAY_SIZE(owned); n++)
			mem_free(owned[n]);
		for (u32 c = 0; c < COLUMN_CNT; c++)
			mem_free(row->text[c]);
	}
	mem_free(rows->rows);
	memset(rows, 0, sizeof(*rows));
}

bool verify_value(const struct sort_key *key, const struct verify_row *a,
		  const struct verify_row *b, double *ret_value)
{
	double va, vb;

	if (infos[key->column].kind == COLUMN_KIND_TEXT)
		return false;
	if (!(key->variant == VARIANT_B ? b : a) || (key->variant >= VARIANT_DIFF && !b))
		return false;
	va = a ? (double)a->num[key->column] : 0;
	vb = b ? (double)b->num[key->column] : 0;
	*ret_value = va;
	if (key->variant == VARIANT_B)
		*ret_value = vb;
	else if (key->variant == VARIANT_DIFF)
		*ret_value = vb - va;
	else if (key->variant == VARIANT_PCT)
		*ret_value = va != 0 ? (vb - va) / va * 100 : (vb > 0) - (vb < 0);
	if (key->absolute && *ret_value < 0)
		*ret_value = -*ret_value;
	return true;
}

static int compare_key(const struct sort_key *key, const struct row_pair *x,
		       const struct row_pair *y)
{
	const struct verify_row *rx = x->a ? x->a : x->b, *ry = y->a ? y->a : y->b;
	double vx = 0, vy = 0;
	int order;

	if (infos[key->column].kind == COLUMN_KIND_TEXT) {
		const char *tx = rx->text[key->column], *ty = ry->text[key->column];

		order = strcmp(tx ? tx : "", ty ? ty : "");
	} else {
		/* What one of them lacks sorts last. */
		bool has_x = verify_value(key, x->a, x->b, &vx);
		bool has_y = verify_value(key, y->a, y->b, &vy);

		if (has_x != has_y)
			return has_x ? -1 : 1;
		order = (vx > vy) - (vx < vy);
	}
	return key->ascending ? order : -order;
}

static int compare_pairs(const struct verify_spec *spec, const struct row_pair *x,
			 const struct row_pair *y)
{
	const struct sort_key names[] = { { .column = COLUMN_FILE, .ascending = true },
					  { .column = COLUMN_PROG, .ascending = true } };

	for (u32 i = 0; i < spec->key_cnt; i++) {
		int order = compare_key(&spec->keys[i], x, y);

		if (order)
			return order;
	}
	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		int order = compare_key(&names[i], x, y);

		if (order)
			return order;
	}
	return 0;
}

static int compare_for_qsort(const void *x, const void *y, void *spec)
{
	return compare_pairs(spec, x, y);
}

void verify_pairs_sort(const struct verify_spec *spec, struct row_pair *pairs, u32 cnt)
{
	qsort_r(pairs, cnt, sizeof(*pairs), compare_for_qsort, (void *)(uintptr_t)spec);
}

static int by_name(const void *x, const void *y)
{
	const struct verify_row *a = x, *b = y;
	int order = strcmp(a->text[COLUMN_FILE], b->text[COLUMN_FILE]);

	return order ? order : strcmp(a->text[COLUMN_PROG], b->text[COLUMN_PROG]);
}

u32 verify_pairs_join(struct verify_rows *a, struct verify_rows *b, struct row_pair *pairs)
{
	u32 ia = 0, ib = 0, cnt = 0;

	if (a->cnt)
		qsort(a->rows, a->cnt, sizeof(*a->rows), by_name);
	if (b->cnt)
		qsort(b->rows, b->cnt, sizeof(*b->rows), by_name);
	while (ia < a->cnt || ib < b->cnt) {
		const struct verify_row *ra = ia < a->cnt ? &a->rows[ia] : NULL;
		const struct verify_row *rb = ib < b->cnt ? &b->rows[ib] : NULL;
		int order = !ra ? 1 : !rb ? -1 : by_name(ra, rb);

		pairs[cnt++] = (struct row_pair){ order <= 0 ? ra : NULL, order >= 0 ? rb : NULL };
		ia += order <= 0;
		ib += order >= 0;
	}
	return cnt;
}

/* Ends the field at @s (quotes of RFC 4180 allowed) with NUL; *ret_next: behind its comma. */
static char *csv_field(char *s, char **ret_next)
{
	char *field = s, *to = s;

	if (*s != '"') {
		s += strcspn(s, ",");
		*ret_next = *s ? s + 1 : NULL;
		*s = '\0';
		return field;
	}
	for (s++; *s && !(s[0] == '"' && s[1] != '"'); s++) {
		s += s[0] == '"';
		*to++ = *s;
	}
	s += *s == '"';
	*ret_next = *s == ',' ? s + 1 : NULL;
	*to = '\0';
	return field;
}

static int csv_set(struct verify_row *row, enum column c, const char *field)
{
	if (infos[c].kind == COLUMN_KIND_TEXT) {
		row->text[c] = mem_strdup(field);
		return row->text[c] ? 0 : -ENOMEM;
	}
	if (infos[c].kind == COLUMN_KIND_VERDICT)
		row->num[c] = !strcmp(field, "success") ? VERDICT_SUCCESS : VERDICT_FAILURE;
	else
		row->num[c] = !strcmp(field, "N/A") ? 0 : strtoll(field, NULL, 10);
	return 0;
}

static int csv_heading(char *line, struct verify_spec *spec, struct str *why)
{
	char *next = line;

	spec->column_cnt = 0;
	while (next) {
		const char *name = csv_field(next, &next);
		struct verify_spec one = { 0 };

		if (spec->column_cnt == COLUMN_CNT || verify_spec_columns(&one, name, why))
			return -EINVAL;
		spec->columns[spec->column_cnt++] = one.columns[0];
	}
	return 0;
}

static int csv_line(struct verify_rows *rows, const struct verify_spec *spec, char *line)
{
	struct verify_row *row = verify_rows_add(rows);
	char *next = line;

	if (!row)
		return -ENOMEM;
	for (u32 i = 0; i < spec->column_cnt; i++) {
		int err;

		if (!next)
			return -EINVAL;
		err = csv_set(row, spec->columns[i], csv_field(next, &next));
		if (err)
			return err;
	}
	return next || !row->text[COLUMN_FILE] || !row->text[COLUMN_PROG] ? -EINVAL : 0;
}

int verify_rows_read(struct verify_rows *rows, const char *path, struct str *why)
{
	struct verify_spec spec = { 0 };
	char *data, *line, *save = NULL;
	size_t len;
	u32 number = 0;
	int err = cli_read_file(path, CSV_BYTES_MAX, &data, &len);

	if (err) {
		str_addf(why, "%s: %s", path, strerror(-err));
		return err;
	}
	for (line = strtok_r(data, "\n", &save); line && !err; line = strtok_r(NULL, "\n", &save)) {
		line[strcspn(line, "\r")] = '\0';
		err = number++ ? csv_line(rows, &spec, line) : csv_heading(line, &spec, why);
		if (err)
			str_addf(why, "%s%s:%u: no line of CSV as `skep verify -o csv` writes it",
				 why->len ? ": " : "", path, number);
	}
	if (!err && !number) {
		str_addf(why, "%s: empty", path);
		err = -EINVAL;
	}
	mem_free(data);
	return err;
}
