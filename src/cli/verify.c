/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * skep verify: is each program of some objects safe? Each is loaded by itself into an instance that
 * verifies and does no more, so that programs count whose hooks do not exist here. Columns and
 * flags are veristat's; the exit status is not: a rejected program makes it 1.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/compile.h"
#include "cli/verify_out.h"
#include "cli/verify_rows.h"
#include "core/skep.h"
#include "object/object.h"

#define LOG_BYTES_MAX (16u << 20)

static const char usage[] =
	"usage: skep verify [OPTIONS] OBJECT…        (or .bpf.c sources, compiled first)\n"
	"       skep verify -C [OPTIONS] A.csv B.csv\n\n"
	"Verifies every program of the objects, each by itself, and says what it cost.\n"
	"Nothing runs, and no privilege is needed. Exit status 1 when one is rejected.\n\n"
	"  -e, --emit COLUMNS    which columns, by name with commas between\n"
	"  -s, --sort COLUMNS    order; behind a name ^ ascends and v descends\n"
	"  -f, --filter FILTER   FILE/PROG or NAME pattern, !PATTERN, COLUMN OP VALUE, or @FILE;\n"
	"                        may be repeated\n"
	"  -n, --top-n N         only the first N rows\n"
	"  -o, --output-format F table (default), csv, json or sarif\n"
	"      --json            the same as -o json\n"
	"  -C, --compare         two results in CSV beside each other\n"
	"  -v, --verbose         the verifier's log of each program (log level 1 at least)\n"
	"  -l, --log-level N     1: each instruction, 2: all states, 4: statistics; sums of them\n"
	"  -S, --top-src-lines N the N source lines that were walked most often\n"
	"  -t, --test-states     keep a state at every prune point (BPF_F_TEST_STATE_FREQ)\n"
	"      --strict-alignment\n"
	"                        as where unaligned reads trap (BPF_F_STRICT_ALIGNMENT)\n"
	"      --rights LEVEL    priv (default), perfmon, bpf or unpriv: whose rules\n"
	"      --max-insns N     give up after N processed instructions (default 1000000)\n"
	"  -q, --quiet           no progress, no summary\n"
	"  -h, --help            this text\n";

static const char columns_few[] = "file,prog,verdict,duration,insns,states,prog_size";
static const char columns_all[] =
	"file,prog,verdict,duration,insns,states,peak_states,max_states_per_insn,mark_read,"
	"prog_size,prog_size_jited,stack,prog_type,attach_type,mem_peak";

enum long_option { OPT_JSON = 256, OPT_RIGHTS, OPT_STRICT, OPT_MAX_INSNS };

static const struct option options[] = {
	{ "emit", required_argument, NULL, 'e' },
	{ "sort", required_argument, NULL, 's' },
	{ "filter", required_argument, NULL, 'f' },
	{ "top-n", required_argument, NULL, 'n' },
	{ "output-format", required_argument, NULL, 'o' },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "compare", no_argument, NULL, 'C' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "log-level", required_argument, NULL, 'l' },
	{ "top-src-lines", required_argument, NULL, 'S' },
	{ "test-states", no_argument, NULL, 't' },
	{ "strict-alignment", no_argument, NULL, OPT_STRICT },
	{ "rights", required_argument, NULL, OPT_RIGHTS },
	{ "max-insns", required_argument, NULL, OPT_MAX_INSNS },
	{ "quiet", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

struct verify {
	struct verify_spec spec;
	struct verify_rows rows;
	enum verify_format format;
	struct core_verify how;
	bool compare, verbose, quiet, help;
	u32 top_lines, top_rows;
	u32 files, skipped_files, skipped_progs, rejected;
	const char *object_path; /* of the file that is verified now */
	/* The program that is loaded now. */
	struct verify_row *row;
	bool done;
	struct str why;
	struct cli_progress progress;
};

static int parse_u32(const char *text, u32 *ret_value)
{
	u64 value;

	if (cli_parse_u64(text, &value) || value > UINT32_MAX)
		return -EINVAL;
	*ret_value = (u32)value;
	return 0;
}

static int parse_rights(const char *text, struct core_verify *how)
{
	static const struct {
		const char *name;
		enum verify_rights rights;
	} names[] = {
		{ "priv", VERIFY_PRIV },
		{ "perfmon", VERIFY_PERFMON },
		{ "bpf", VERIFY_BPF },
		{ "unpriv", VERIFY_UNPRIV },
	};

	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(text, names[i].name))
			continue;
		how->rights = names[i].rights;
		how->rights_set = true;
		return 0;
	}
	return -EINVAL;
}

static int parse_format(const char *text, enum verify_format *ret_format)
{
	static const char *const names[] = {
		[VERIFY_TABLE] = "table", [VERIFY_CSV] = "csv",
		[VERIFY_JSON] = "json",	  [VERIFY_SARIF] = "sarif",
	};

	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(text, names[i]))
			continue;
		*ret_format = (enum verify_format)i;
		return 0;
	}
	return -EINVAL;
}

/* 0 or -EINVAL, with words in v->why where the option alone does not say it. */
static int parse_option(struct verify *v, int opt)
{
	switch (opt) {
	case 'e':
		return verify_spec_columns(&v->spec, optarg, &v->why);
	case 's':
		return verify_spec_sort(&v->spec, optarg, &v->why);
	case 'f':
		return verify_spec_filter(&v->spec, optarg, &v->why);
	case 'n':
		return parse_u32(optarg, &v->top_rows);
	case 'o':
		return parse_format(optarg, &v->format);
	case OPT_JSON:
		v->format = VERIFY_JSON;
		return 0;
	case 'C':
		v->compare = true;
		return 0;
	case 'v':
		v->verbose = true;
		return 0;
	case 'l':
		return parse_u32(optarg, &v->how.log_level);
	case 'S':
		return parse_u32(optarg, &v->top_lines);
	case 't':
		v->how.prog_flags |= PROG_FLAG_TEST_STATE_FREQ;
		return 0;
	case OPT_STRICT:
		v->how.prog_flags |= PROG_FLAG_STRICT_ALIGNMENT;
		return 0;
	case OPT_RIGHTS:
		return parse_rights(optarg, &v->how);
	case OPT_MAX_INSNS:
		return cli_parse_u64(optarg, &v->how.insns_max);
	case 'q':
		v->quiet = true;
		return 0;
	case 'h':
		v->help = true;
		return 0;
	}
	return -EINVAL;
}

static int parse_args(struct verify *v, int argc, char **argv)
{
	int opt;

	while ((opt = getopt_long(argc, argv, "e:s:f:n:o:Cvl:S:tqh", options, NULL)) != -1) {
		if (opt == '?')
			return cli_usage("`skep verify --help` lists the options");
		if (!parse_option(v, opt))
			continue;
		if (v->why.len)
			return cli_usage("%s", str_c(&v->why));
		return cli_usage("'%s' is no value for this option; `skep verify --help`", optarg);
	}
	if (v->help)
		return CLI_OK;
	if (optind == argc)
		return cli_usage("no object was given; `skep verify --help`");
	if (v->compare && argc - optind != 2)
		return cli_usage("-C takes two files of CSV");
	if (v->compare && v->format != VERIFY_TABLE && v->format != VERIFY_CSV)
		return cli_usage("a comparison comes as table or csv");
	if (v->verbose && !v->how.log_level)
		v->how.log_level = VLOG_1;
	if (v->top_lines)
		v->how.log_level |= VLOG_2;
	v->how.only = true;
	return CLI_OK;
}

static void set_text(char **to, const char *text)
{
	mem_free(*to);
	*to = text && *text ? mem_strdup(text) : NULL;
}

static void take_record(struct verify_row *row, const struct reject_record *r)
{
	struct str path = STR_INIT;

	set_text(&row->reason, r->reason);
	set_text(&row->code, r->code);
	set_text(&row->reg, r->reg_text);
	set_text(&row->source_file, r->file);
	set_text(&row->source_line, r->line);
	row->insn_idx = r->insn_idx;
	row->line = r->line_col >> 10;
	row->line_column = r->line_col & 0x3ff;
	for (u32 i = r->path_cnt; i-- > 0;)
		str_addf(&path, "%s%u->%u", path.len ? ", " : "", r->path[i].insn_idx,
			 r->path[i].to_idx);
	set_text(&row->path, str_c(&path));
	str_fini(&path);
}

/* struct core_verify.done */
static void take_result(void *cookie, const struct prog *prog, int err,
			const struct verify_result *result, const char *log)
{
	struct verify *v = cookie;
	struct verify_row *row = v->row;
	const struct verify_stats *s = &result->stats;
	u64 stack = 0;

	/* libbpf probes what it may use by loading programs of its own. */
	if (!row || strncmp(prog->name, row->text[COLUMN_PROG], sizeof(prog->name) - 1))
		return;
	for (u32 i = 0; i < s->stack_depth_cnt; i++)
		stack += s->stack_depth[i];
	row->num[COLUMN_VERDICT] = err ? VERDICT_FAILURE : VERDICT_SUCCESS;
	row->num[COLUMN_DURATION] = (s64)(s->time_ns / 1000);
	row->num[COLUMN_INSNS] = (s64)s->insns_processed;
	row->num[COLUMN_STATES] = s->total_states;
	row->num[COLUMN_PEAK_STATES] = s->peak_states;
	row->num[COLUMN_MAX_STATES] = s->max_states_per_insn;
	row->num[COLUMN_MARK_READ] = s->mark_read;
	row->num[COLUMN_SIZE] = prog->insns_loaded_cnt;
	row->num[COLUMN_STACK] = (s64)stack;
	row->num[COLUMN_MEM_PEAK] = (s64)(s->memory_peak_bytes >> 20);
	set_text(&row->text[COLUMN_PROG_TYPE], prog_type_name(prog->type));
	set_text(&row->text[COLUMN_ATTACH_TYPE], attach_type_name(prog->expected_attach_type));
	take_record(row, &result->reject);
	set_text(&row->log, log);
	v->done = true;
}

struct src_line {
	const char *text;
	size_t len;
	u32 cnt;
};

static int by_count(const void *x, const void *y)
{
	const struct src_line *a = x, *b = y;

	return (b->cnt > a->cnt) - (b->cnt < a->cnt);
}

static int by_text(const void *x, const void *y)
{
	const struct src_line *a = x, *b = y;
	int order = memcmp(a->text, b->text, MIN(a->len, b->len));

	return order ? order : (a->len > b->len) - (a->len < b->len);
}

/* Lines "; source @ file.c:5" of the log, counted. */
static void print_top_lines(const struct verify *v, const struct verify_row *row)
{
	struct src_line *lines;
	u32 cnt = 0, kinds = 0;

	for (const char *p = row->log; p && *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : "")
		cnt += p[0] == ';' && p[1] == ' ';
	lines = mem_zalloc_array(cnt, sizeof(*lines));
	if (!lines)
		return;
	cnt = 0;
	for (const char *p = row->log; p && *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : "")
		if (p[0] == ';' && p[1] == ' ') {
			lines[cnt].text = p + 2;
			lines[cnt++].len = strcspn(p + 2, "\n");
		}
	qsort(lines, cnt, sizeof(*lines), by_text);
	for (u32 i = 0; i < cnt; i++) {
		if (kinds && !by_text(&lines[kinds - 1], &lines[i])) {
			lines[kinds - 1].cnt++;
			continue;
		}
		lines[kinds] = lines[i];
		lines[kinds++].cnt = 1;
	}
	qsort(lines, kinds, sizeof(*lines), by_count);
	printf("Top source lines (%s):\n", row->text[COLUMN_PROG]);
	for (u32 i = 0; i < MIN(kinds, v->top_lines); i++)
		printf("%5u: %.*s\n", lines[i].cnt, (int)lines[i].len, lines[i].text);
	printf("\n");
	mem_free(lines);
}

/* Whatever ended the load before the verifier saw the program. */
static void take_failure(struct verify *v, int err)
{
	const char *text = v->why.len ? str_c(&v->why) : strerror(-err);

	v->row->num[COLUMN_VERDICT] = VERDICT_FAILURE;
	if (!v->row->reason || !v->done)
		set_text(&v->row->reason, text);
}

static void show_program(const struct verify *v, const struct verify_row *row)
{
	bool ok = row->num[COLUMN_VERDICT] == VERDICT_SUCCESS;

	if (v->verbose && row->log)
		printf("PROCESSING %s/%s, DURATION US: %lld, VERDICT: %s, VERIFIER LOG:\n%s\n",
		       row->text[COLUMN_FILE], row->text[COLUMN_PROG],
		       (long long)row->num[COLUMN_DURATION], ok ? "success" : "failure", row->log);
	if (v->top_lines && row->log)
		print_top_lines(v, row);
	if (ok || v->format != VERIFY_TABLE || v->quiet)
		return;
	fprintf(stderr, "skep: %s/%s: rejected at instruction %u: %s\n", row->text[COLUMN_FILE],
		row->text[COLUMN_PROG], row->insn_idx, row->reason ? row->reason : "");
	if (row->source_line)
		fprintf(stderr, "      %s:%u: %s\n", row->source_file ? row->source_file : "?",
			row->line, row->source_line + strspn(row->source_line, " \t"));
}

static int verify_program(struct verify *v, struct skep *skep, const char *path, const char *name)
{
	const struct object_opts opts = { .progs = &name, .prog_cnt = 1, .verify = true };
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	struct object *object;
	int err;

	v->row = verify_rows_add(&v->rows);
	if (!v->row)
		return -ENOMEM;
	v->done = false;
	str_reset(&v->why);
	v->row->text[COLUMN_FILE] = mem_strdup(base);
	v->row->text[COLUMN_PROG] = mem_strdup(name);
	if (!v->row->text[COLUMN_FILE] || !v->row->text[COLUMN_PROG])
		return -ENOMEM;
	err = object_open(skep, v->object_path, &opts, &object, &v->why);
	if (!err) {
		err = object_load(object, &v->why);
		object_close(object);
	}
	if (err)
		take_failure(v, err);
	v->rejected += v->row->num[COLUMN_VERDICT] != VERDICT_SUCCESS;
	show_program(v, v->row);
	v->row = NULL;
	return 0;
}

/* Names first: each program is then loaded from an object of its own. */
static int verify_opened(struct verify *v, struct skep *skep, const char *path,
			 const char *object_path)
{
	const struct object_opts opts = { .verify = true };
	struct object *object;
	int err = object_open(skep, object_path, &opts, &object, &v->why);

	if (err) {
		v->skipped_files++;
		cli_error("%s: %s", path, v->why.len ? str_c(&v->why) : strerror(-err));
		return err;
	}
	v->files++;
	v->object_path = object_path;
	for (u32 i = 0; i < object_prog_cnt(object) && !err; i++) {
		const char *name = object_prog(object, i)->name;

		if (verify_name_wanted(&v->spec, path, name))
			err = verify_program(v, skep, path, name);
		else
			v->skipped_progs++;
	}
	object_close(object);
	return err;
}

/* An object, or a source that is compiled first. */
static int verify_file(struct verify *v, struct skep *skep, const char *path)
{
	const struct compile_opts compile = { .clang = NULL };
	char *compiled = NULL;
	int err = 0;

	str_reset(&v->why);
	if (!verify_name_wanted(&v->spec, path, NULL)) {
		v->skipped_files++;
		return 0;
	}
	if (compile_is_source(path))
		err = compile_object(path, &compile, &compiled);
	if (err)
		v->skipped_files++;
	else
		err = verify_opened(v, skep, path, compiled ? compiled : path);
	compile_remove(compiled);
	return err;
}

static int show(struct verify *v, struct row_pair *pairs, u32 cnt)
{
	struct str out = STR_INIT;
	int rc = CLI_OK;

	verify_pairs_sort(&v->spec, pairs, cnt);
	if (v->top_rows && cnt > v->top_rows)
		cnt = v->top_rows;
	if (v->compare)
		verify_out_compare(&out, v->format == VERIFY_CSV, &v->spec, pairs, cnt);
	else
		verify_out(&out, v->format, &v->spec, pairs, cnt);
	if (out.failed)
		rc = cli_error("out of memory");
	else
		fputs(str_c(&out), stdout);
	str_fini(&out);
	return rc;
}

static int show_rows(struct verify *v)
{
	struct row_pair *pairs = mem_zalloc_array(v->rows.cnt, sizeof(*pairs));
	u32 cnt = 0;
	int rc;

	if (!pairs)
		return cli_error("out of memory");
	for (u32 i = 0; i < v->rows.cnt; i++)
		if (verify_row_wanted(&v->spec, &v->rows.rows[i], NULL))
			pairs[cnt++].a = &v->rows.rows[i];
	rc = show(v, pairs, cnt);
	mem_free(pairs);
	if (v->format == VERIFY_TABLE && !v->quiet)
		printf("Done. Processed %u files, %u programs. Skipped %u files, %u programs.\n",
		       v->files, v->rows.cnt, v->skipped_files, v->skipped_progs);
	return rc;
}

static int compare_files(struct verify *v, char **paths)
{
	struct verify_rows b = { 0 };
	struct row_pair *pairs = NULL;
	u32 cnt = 0;
	int rc = CLI_OK;

	if (verify_rows_read(&v->rows, paths[0], &v->why) ||
	    verify_rows_read(&b, paths[1], &v->why))
		rc = cli_error("%s", str_c(&v->why));
	if (rc == CLI_OK)
		pairs = mem_zalloc_array((size_t)v->rows.cnt + b.cnt, sizeof(*pairs));
	if (rc == CLI_OK && !pairs)
		rc = cli_error("out of memory");
	if (rc == CLI_OK) {
		cnt = verify_pairs_join(&v->rows, &b, pairs);
		for (u32 i = 0, kept = 0, all = cnt; i < all; i++) {
			bool wanted = verify_row_wanted(&v->spec, pairs[i].a, pairs[i].b);

			pairs[kept] = pairs[i];
			kept += wanted;
			cnt = kept;
		}
		rc = show(v, pairs, cnt);
	}
	mem_free(pairs);
	verify_rows_fini(&b);
	return rc;
}

static int verify_files(struct verify *v, char **paths, int cnt)
{
	struct skep *skep;
	int rc = CLI_OK, err = skep_new(NULL, &skep);

	if (err)
		return cli_error("no instance: %s", strerror(-err));
	v->how.done = take_result;
	v->how.cookie = v;
	v->how.log_bytes_max = LOG_BYTES_MAX;
	skep->verify = v->how;
	cli_progress_start(&v->progress, "objects");
	for (int i = 0; i < cnt; i++) {
		if (verify_file(v, skep, paths[i]))
			rc = CLI_FAILED;
		if (!v->quiet)
			cli_progress_step(&v->progress, (u64)i + 1, (u64)cnt);
	}
	cli_progress_end(&v->progress);
	skep_free(skep);
	if (show_rows(v) != CLI_OK || v->rejected)
		rc = CLI_FAILED;
	return rc;
}

int cli_verify(int argc, char **argv)
{
	struct verify v = { 0 };
	int rc = parse_args(&v, argc, argv);

	if (rc == CLI_OK && !v.spec.column_cnt) {
		bool few = v.format == VERIFY_TABLE || v.compare;

		if (verify_spec_columns(&v.spec, few ? columns_few : columns_all, &v.why))
			rc = cli_error("%s", str_c(&v.why));
	}
	if (rc == CLI_OK && v.help)
		fputs(usage, stdout);
	else if (rc == CLI_OK && v.compare)
		rc = compare_files(&v, argv + optind);
	else if (rc == CLI_OK)
		rc = verify_files(&v, argv + optind, argc - optind);
	verify_rows_fini(&v.rows);
	verify_spec_fini(&v.spec);
	str_fini(&v.why);
	return rc;
}
