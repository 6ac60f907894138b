/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/verify_out.h"

#include <ctype.h>
#include <string.h>

#include "skep/skep.h"

#define CELL_BYTES 256

static const char *verdict_text(s64 verdict)
{
	return verdict == VERDICT_SUCCESS ? "success" : "failure";
}

static void cell(char *buf, enum column c, const struct verify_row *row)
{
	if (!row)
		snprintf(buf, CELL_BYTES, "N/A");
	else if (column_info(c)->kind == COLUMN_KIND_TEXT)
		snprintf(buf, CELL_BYTES, "%s", row->text[c] ? row->text[c] : "");
	else if (column_info(c)->kind == COLUMN_KIND_VERDICT)
		snprintf(buf, CELL_BYTES, "%s", verdict_text(row->num[c]));
	else
		snprintf(buf, CELL_BYTES, "%lld", (long long)row->num[c]);
}

static void diff_cell(char *buf, enum column c, const struct row_pair *pair)
{
	s64 a, b;

	if (!pair->a || !pair->b) {
		snprintf(buf, CELL_BYTES, column_info(c)->kind == COLUMN_KIND_NUM ? "N/A"
									    : "MISMATCH");
		return;
	}
	a = pair->a->num[c];
	b = pair->b->num[c];
	if (column_info(c)->kind != COLUMN_KIND_NUM)
		snprintf(buf, CELL_BYTES, a == b ? "MATCH" : "MISMATCH");
	else
		snprintf(buf, CELL_BYTES, "%+lld (%+.2f%%)", (long long)(b - a),
			 a ? 100.0 * (double)(b - a) / (double)a : b ? 100.0 : 0.0);
}

/* One column as shown; comparisons show three for each that is no name. */
struct shown {
	enum column column;
	enum variant variant;
	size_t width;
	char heading[CELL_BYTES];
};

struct table {
	struct shown cols[COLUMN_CNT * 3];
	u32 cnt;
	bool compare, csv;
};

static bool is_name(enum column c)
{
	return column_info(c)->kind == COLUMN_KIND_TEXT;
}

static void table_cell(const struct table *t, u32 n, const struct row_pair *pair, char *buf)
{
	const struct shown *s = &t->cols[n];

	if (t->compare && s->variant == VARIANT_DIFF)
		diff_cell(buf, s->column, pair);
	else if (t->compare && is_name(s->column))
		cell(buf, s->column, pair->a ? pair->a : pair->b);
	else
		cell(buf, s->column, s->variant == VARIANT_B ? pair->b : pair->a);
}

static void table_init(struct table *t, const struct verify_spec *spec, bool compare, bool csv)
{
	static const char *const heads[] = { " (A)", " (B)", " (DIFF)" };
	static const char *const csv_heads[] = { "_base", "_comp", "_diff" };

	memset(t, 0, sizeof(*t));
	t->compare = compare;
	t->csv = csv;
	for (u32 i = 0; i < spec->column_cnt; i++) {
		const struct column_info *info = column_info(spec->columns[i]);
		bool three = compare && !is_name(spec->columns[i]);

		for (u32 v = 0; v < (three ? 3u : 1u); v++) {
			struct shown *s = &t->cols[t->cnt++];

			s->column = spec->columns[i];
			s->variant = (enum variant)v;
			snprintf(s->heading, sizeof(s->heading), "%s%s",
				 csv ? info->names[0] : info->heading,
				 !three ? "" : csv ? csv_heads[v] : heads[v]);
			s->width = strlen(s->heading);
		}
	}
}

static void table_fit(struct table *t, const struct row_pair *pairs, u32 cnt)
{
	char buf[CELL_BYTES];

	for (u32 r = 0; r < cnt; r++)
		for (u32 n = 0; n < t->cnt; n++) {
			table_cell(t, n, &pairs[r], buf);
			t->cols[n].width = MAX(t->cols[n].width, strlen(buf));
		}
}

static void add_csv(struct str *out, const char *text)
{
	if (!strpbrk(text, ",\"\n")) {
		str_add(out, text);
		return;
	}
	str_add_char(out, '"');
	for (; *text; text++) {
		if (*text == '"')
			str_add_char(out, '"');
		str_add_char(out, *text);
	}
	str_add_char(out, '"');
}

static void add_cell(struct str *out, const struct table *t, u32 n, const char *text)
{
	bool last = n + 1 == t->cnt;

	if (t->csv) {
		add_csv(out, text);
		str_add_char(out, last ? '\n' : ',');
		return;
	}
	if (column_info(t->cols[n].column)->kind == COLUMN_KIND_NUM)
		str_addf(out, "%*s", (int)t->cols[n].width, text);
	else
		str_addf(out, "%-*s", last ? 0 : (int)t->cols[n].width, text);
	str_add(out, last ? "\n" : "  ");
}

static void table_out(struct str *out, struct table *t, const struct row_pair *pairs, u32 cnt)
{
	static const char dashes[] = "--------------------------------------------------------"
				     "--------------------------------------------------------";
	char buf[CELL_BYTES];

	if (!t->csv)
		table_fit(t, pairs, cnt);
	for (u32 n = 0; n < t->cnt; n++)
		add_cell(out, t, n, t->cols[n].heading);
	for (u32 n = 0; n < t->cnt && !t->csv; n++)
		str_addf(out, "%.*s%s",
			 (int)MIN(t->cols[n].width, sizeof(dashes) - 1), dashes,
			 n + 1 == t->cnt ? "\n" : "  ");
	for (u32 r = 0; r < cnt; r++)
		for (u32 n = 0; n < t->cnt; n++) {
			table_cell(t, n, &pairs[r], buf);
			add_cell(out, t, n, buf);
		}
}

void verify_out_compare(struct str *out, bool csv, const struct verify_spec *spec,
			const struct row_pair *pairs, u32 cnt)
{
	struct table t;

	table_init(&t, spec, true, csv);
	table_out(out, &t, pairs, cnt);
}

static void add_member(struct str *out, const char *name, const char *text)
{
	if (!text || !*text)
		return;
	str_addf(out, ", \"%s\": ", name);
	str_add_json(out, text);
}

static void json_row(struct str *out, const struct verify_spec *spec, const struct verify_row *row)
{
	for (u32 i = 0; i < spec->column_cnt; i++) {
		enum column c = spec->columns[i];
		char buf[CELL_BYTES];

		str_addf(out, "%s\"%s\": ", i ? ", " : "", column_info(c)->names[0]);
		cell(buf, c, row);
		if (column_info(c)->kind == COLUMN_KIND_NUM)
			str_add(out, buf);
		else
			str_add_json(out, row->text[c] ? row->text[c] : buf);
	}
	if (row->num[COLUMN_VERDICT] == VERDICT_SUCCESS)
		return;
	add_member(out, "reason", row->reason);
	add_member(out, "code", row->code);
	str_addf(out, ", \"insn\": %u", row->insn_idx);
	add_member(out, "register", row->reg);
	add_member(out, "source_file", row->source_file);
	if (row->line)
		str_addf(out, ", \"line\": %u, \"column\": %u", row->line, row->line_column);
	add_member(out, "source", row->source_line);
	add_member(out, "path", row->path);
}

static void json_out(struct str *out, const struct verify_spec *spec,
		     const struct row_pair *pairs, u32 cnt)
{
	str_add_char(out, '[');
	for (u32 r = 0; r < cnt; r++) {
		str_add(out, r ? ",\n {" : "\n {");
		json_row(out, spec, pairs[r].a);
		str_add_char(out, '}');
	}
	str_add(out, cnt ? "\n]\n" : "]\n");
}

/* A rule's id: the words of the message's format, so that equal reasons group. */
static void add_rule(struct str *out, const char *code)
{
	bool dash = false;
	struct str id = STR_INIT;

	for (; code && *code; code++) {
		if (*code == '%') {
			while (code[1] && !isspace((unsigned char)code[1]) &&
			       !isalpha((unsigned char)code[1]))
				code++;
			while (isalpha((unsigned char)code[1]))
				code++;
			dash = id.len > 0;
		} else if (isalnum((unsigned char)*code)) {
			if (dash)
				str_add_char(&id, '-');
			str_add_char(&id, (char)tolower((unsigned char)*code));
			dash = false;
		} else {
			dash = id.len > 0;
		}
	}
	str_add_json(out, id.len ? str_c(&id) : "rejected");
	str_fini(&id);
}

static void sarif_result(struct str *out, const struct verify_row *row)
{
	struct str text = STR_INIT;

	str_addf(&text, "%s: %s (instruction %u)", row->text[COLUMN_PROG],
		 row->reason && *row->reason ? row->reason : "rejected", row->insn_idx);
	str_add(out, "    {\"ruleId\": ");
	add_rule(out, row->code);
	str_add(out, ", \"level\": \"error\", \"message\": {\"text\": ");
	str_add_json(out, str_c(&text));
	str_add(out, "}, \"locations\": [{\"physicalLocation\": {\"artifactLocation\": {\"uri\": ");
	str_add_json(out, row->source_file ? row->source_file : row->text[COLUMN_FILE]);
	str_add(out, "}");
	if (row->line)
		str_addf(out, ", \"region\": {\"startLine\": %u, \"startColumn\": %u}", row->line,
			 row->line_column ? row->line_column : 1);
	str_add(out, "}, \"logicalLocations\": [{\"kind\": \"function\", \"name\": ");
	str_add_json(out, row->text[COLUMN_PROG]);
	str_add(out, "}]}]}");
	str_fini(&text);
}

static void sarif_out(struct str *out, const struct row_pair *pairs, u32 cnt)
{
	bool first = true;

	str_addf(out,
		 "{\"version\": \"2.1.0\",\n"
		 " \"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\",\n"
		 " \"runs\": [{\n"
		 "   \"tool\": {\"driver\": {\"name\": \"skep verify\", \"version\": \"%s\"}},\n"
		 "   \"results\": [",
		 skep_version());
	for (u32 r = 0; r < cnt; r++) {
		if (pairs[r].a->num[COLUMN_VERDICT] == VERDICT_SUCCESS)
			continue;
		str_add(out, first ? "\n" : ",\n");
		sarif_result(out, pairs[r].a);
		first = false;
	}
	str_add(out, "\n   ]}]}\n");
}

void verify_out(struct str *out, enum verify_format format, const struct verify_spec *spec,
		const struct row_pair *pairs, u32 cnt)
{
	struct table t;

	switch (format) {
	case VERIFY_TABLE:
	case VERIFY_CSV:
		table_init(&t, spec, false, format == VERIFY_CSV);
		table_out(out, &t, pairs, cnt);
		break;
	case VERIFY_JSON:
		json_out(out, spec, pairs, cnt);
		break;
	case VERIFY_SARIF:
		sarif_out(out, pairs, cnt);
		break;
	}
}
