/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * veristat's small languages. Columns: names with commas between. Sorting: names, each with `^` or
 * `<` (ascending) or `v`, `!` or `>` (descending) behind; in comparisons `_a`, `_b`, `_diff` or
 * `_pct` behind the name, and `|name|` for absolute values. Filters: `file/prog` and `name`
 * patterns, `!pattern` to leave out, or `name OP value`.
 */
#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/verify_rows.h"

static bool find_column(const char *name, size_t len, enum column *ret_column)
{
	for (u32 c = 0; c < COLUMN_CNT; c++) {
		const struct column_info *info = column_info((enum column)c);

		for (u32 n = 0; n < ARRAY_SIZE(info->names) && info->names[n]; n++) {
			if (strlen(info->names[n]) != len || strncasecmp(info->names[n], name, len))
				continue;
			*ret_column = (enum column)c;
			return true;
		}
	}
	return false;
}

/* "insns_diff", "|insns_pct|": a column with its variant. */
static bool parse_key(const char *text, size_t len, struct sort_key *key)
{
	static const struct {
		const char *suffix;
		enum variant variant;
	} suffixes[] = {
		{ "_a", VARIANT_A },	   { "_base", VARIANT_A }, { "_b", VARIANT_B },
		{ "_comp", VARIANT_B },	   { "_new", VARIANT_B },  { "_diff", VARIANT_DIFF },
		{ "_pct", VARIANT_PCT },   { "_old", VARIANT_A },  { "_perc", VARIANT_PCT },
		{ "_delta", VARIANT_DIFF },
	};

	*key = (struct sort_key){ 0 };
	if (len > 2 && text[0] == '|' && text[len - 1] == '|') {
		key->absolute = true;
		text++;
		len -= 2;
	}
	if (find_column(text, len, &key->column))
		return true;
	for (u32 i = 0; i < ARRAY_SIZE(suffixes); i++) {
		size_t suffix = strlen(suffixes[i].suffix);

		if (len <= suffix || strncasecmp(text + len - suffix, suffixes[i].suffix, suffix))
			continue;
		key->variant = suffixes[i].variant;
		return find_column(text, len - suffix, &key->column);
	}
	return false;
}

static size_t word_end(const char *text)
{
	size_t len = strcspn(text, ",");

	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	return len;
}

int verify_spec_columns(struct verify_spec *spec, const char *text, struct str *why)
{
	spec->column_cnt = 0;
	while (*text) {
		size_t len;

		text += strspn(text, ", \t");
		len = word_end(text);
		if (!len)
			break;
		if (spec->column_cnt == COLUMN_CNT ||
		    !find_column(text, len, &spec->columns[spec->column_cnt])) {
			str_addf(why, "there is no column '%.*s'", (int)len, text);
			return -EINVAL;
		}
		spec->column_cnt++;
		text += len;
	}
	return spec->column_cnt ? 0 : -EINVAL;
}

int verify_spec_sort(struct verify_spec *spec, const char *text, struct str *why)
{
	spec->key_cnt = 0;
	while (*text) {
		struct sort_key *key = &spec->keys[spec->key_cnt];
		size_t len, name;

		text += strspn(text, ", \t");
		len = name = word_end(text);
		if (!len)
			break;
		if (strchr("^<!>v", text[len - 1]) && !parse_key(text, len, key))
			name = len - 1;
		if (spec->key_cnt == COLUMN_CNT - 1 || !parse_key(text, name, key)) {
			str_addf(why, "there is no column '%.*s' to sort by", (int)len, text);
			return -EINVAL;
		}
		key->ascending = column_info(key->column)->ascending;
		if (name < len)
			key->ascending = text[name] == '^' || text[name] == '<';
		spec->key_cnt++;
		text += len;
	}
	return spec->key_cnt ? 0 : -EINVAL;
}

static char *dup_part(const char *text, size_t len)
{
	char *copy = mem_zalloc(len + 1);

	if (copy)
		memcpy(copy, text, len);
	return copy;
}

static int parse_value(const char *text, s64 *ret_value)
{
	u64 value;
	bool negative = *text == '-';

	if (!strcasecmp(text, "success") || !strcasecmp(text, "succ") ||
	    !strcasecmp(text, "true") || !strcasecmp(text, "t")) {
		*ret_value = VERDICT_SUCCESS;
		return 0;
	}
	if (!strcasecmp(text, "failure") || !strcasecmp(text, "fail") ||
	    !strcasecmp(text, "false") || !strcasecmp(text, "f")) {
		*ret_value = VERDICT_FAILURE;
		return 0;
	}
	if (cli_parse_u64(text + negative, &value))
		return -EINVAL;
	*ret_value = negative ? -(s64)value : (s64)value;
	return 0;
}

/* "name OP value"; -ENOENT: it is none. */
static int parse_comparison(struct filter *f, const char *text, struct str *why)
{
	static const struct {
		const char *text;
		enum filter_op op;
	} ops[] = { /* longer ones first */
		{ "==", FILTER_EQ }, { "!=", FILTER_NE }, { "<>", FILTER_NE }, { "<=", FILTER_LE },
		{ ">=", FILTER_GE }, { "<", FILTER_LT },  { ">", FILTER_GT },  { "=", FILTER_EQ },
	};
	size_t name = strcspn(text, "=!<>"), skip;

	if (!text[name] || !name)
		return -ENOENT;
	for (u32 i = 0; i < ARRAY_SIZE(ops); i++) {
		if (strncmp(text + name, ops[i].text, strlen(ops[i].text)))
			continue;
		f->op = ops[i].op;
		skip = name + strlen(ops[i].text);
		while (name && isspace((unsigned char)text[name - 1]))
			name--;
		skip += strspn(text + skip, " \t");
		if (parse_key(text, name, &f->key) && !parse_value(text + skip, &f->value))
			return 0;
		break;
	}
	str_addf(why, "the filter '%s' compares no known column with a number", text);
	return -EINVAL;
}

static int parse_glob(struct filter *f, const char *text)
{
	const char *slash;

	f->op = FILTER_GLOB;
	f->deny = *text == '!';
	text += f->deny;
	slash = strchr(text, '/');
	if (!slash) {
		f->any_glob = true;
		f->file_glob = mem_strdup(text);
		return f->file_glob ? 0 : -ENOMEM;
	}
	if (slash > text)
		f->file_glob = dup_part(text, (size_t)(slash - text));
	if (slash[1])
		f->prog_glob = mem_strdup(slash + 1);
	return 0;
}

static int filters_read(struct verify_spec *spec, const char *path, struct str *why)
{
	char *data, *line, *save = NULL;
	size_t len;
	int err = cli_read_file(path, 1u << 20, &data, &len);

	if (err) {
		str_addf(why, "%s: %s", path, strerror(-err));
		return err;
	}
	for (line = strtok_r(data, "\n", &save); line && !err; line = strtok_r(NULL, "\n", &save)) {
		line += strspn(line, " \t");
		if (*line && *line != '#' && *line != '@')
			err = verify_spec_filter(spec, line, why);
	}
	mem_free(data);
	return err;
}

int verify_spec_filter(struct verify_spec *spec, const char *text, struct str *why)
{
	struct filter f = { 0 };
	void *more;
	int err = -ENOENT;

	if (*text == '@')
		return filters_read(spec, text + 1, why);
	if (*text != '!')
		err = parse_comparison(&f, text, why);
	if (err == -ENOENT)
		err = parse_glob(&f, text);
	if (err)
		return err;
	more = mem_realloc(spec->filters, (spec->filter_cnt + 1) * sizeof(f));
	if (!more)
		return -ENOMEM;
	spec->filters = more;
	spec->filters[spec->filter_cnt++] = f;
	return 0;
}

void verify_spec_fini(struct verify_spec *spec)
{
	for (u32 i = 0; i < spec->filter_cnt; i++) {
		mem_free(spec->filters[i].file_glob);
		mem_free(spec->filters[i].prog_glob);
	}
	mem_free(spec->filters);
	spec->filters = NULL;
	spec->filter_cnt = 0;
}

static bool glob_ok(const char *glob, const char *name)
{
	return !glob || !name || !fnmatch(glob, name, 0);
}

static bool filter_matches(const struct filter *f, const char *file, const char *prog)
{
	if (!f->any_glob)
		return glob_ok(f->file_glob, file) && glob_ok(f->prog_glob, prog);
	/* Of a whole file nothing can be said by a program's name. */
	if (!prog)
		return !f->deny || !fnmatch(f->file_glob, file, 0);
	return !fnmatch(f->file_glob, file, 0) || !fnmatch(f->file_glob, prog, 0);
}

bool verify_name_wanted(const struct verify_spec *spec, const char *file, const char *prog)
{
	const char *base = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
	bool any_allow = false, allowed = false;

	for (u32 i = 0; i < spec->filter_cnt; i++) {
		const struct filter *f = &spec->filters[i];

		if (f->op != FILTER_GLOB)
			continue;
		if (f->deny && (prog || !f->prog_glob) && filter_matches(f, base, prog))
			return false;
		if (f->deny)
			continue;
		any_allow = true;
		allowed |= filter_matches(f, base, prog);
	}
	return allowed || !any_allow;
}

static bool value_ok(const struct filter *f, double value)
{
	double want = (double)f->value;

	switch (f->op) {
	case FILTER_GLOB:
		return true;
	case FILTER_EQ:
		return value == want;
	case FILTER_NE:
		return value != want;
	case FILTER_LT:
		return value < want;
	case FILTER_LE:
		return value <= want;
	case FILTER_GT:
		return value > want;
	case FILTER_GE:
		return value >= want;
	}
	return false;
}

bool verify_row_wanted(const struct verify_spec *spec, const struct verify_row *a,
		       const struct verify_row *b)
{
	for (u32 i = 0; i < spec->filter_cnt; i++) {
		const struct filter *f = &spec->filters[i];
		double value;

		if (f->op == FILTER_GLOB)
			continue;
		if (!verify_value(&f->key, a, b, &value) || !value_ok(f, value))
			return false;
	}
	return true;
}
