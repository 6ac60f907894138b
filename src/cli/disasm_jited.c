/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * skep disasm --jited: C source, the instructions that run and the machine code that they became,
 * side by side. Programs are loaded as `skep run` loads them; nothing runs.
 */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/compile.h"
#include "cli/disasm.h"
#include "cli/native_text.h"
#include "core/skep.h"
#include "jit/jit.h"
#include "map/map.h"
#include "object/object.h"
#include "spec/spec.h"

#define LEFT_COLUMNS 46 /* instructions; wider ones push their code to the right */

struct native_line {
	u32 off, bytes;
	char *text;
};

struct jited {
	struct str *out;
	const struct disasm_opts *opts;
	const struct prog *prog;
	struct jit_view view;
	struct native_line *lines; /* all of the code, ascending */
	u32 line_cnt, line_cap;
	u32 at; /* the next line to be shown */
	const struct prog_line *source; /* that was shown last */
	bool first; /* of a JSON list */
};

/* "jne 0x7f1234": places within the program as their offset there. */
static void add_native_text(struct str *out, const struct jit_view *v, const char *text)
{
	const char *from = text, *hex;

	while ((hex = strstr(from, "0x"))) {
		u64 value = 0;
		const char *end = hex + 2;

		for (; *end && strchr("0123456789abcdef", *end); end++)
			value = value << 4 | (u64)(*end <= '9' ? *end - '0' : *end - 'a' + 10);
		str_addf(out, "%.*s", (int)(hex - from), from);
		if (value >= v->addr && value < v->addr + v->code_bytes)
			str_addf(out, "%llx", (unsigned long long)(value - v->addr));
		else
			str_addf(out, "%.*s", (int)(end - hex), hex);
		from = end;
	}
	str_add(out, from);
}

static int take_line(void *cookie, const struct native_insn *insn)
{
	struct jited *j = cookie;
	struct str text = STR_INIT;
	struct native_line *line;

	if (j->line_cnt == j->line_cap) {
		u32 cap = j->line_cap ? j->line_cap * 2 : 256;
		void *more = mem_realloc(j->lines, cap * sizeof(*j->lines));

		if (!more)
			return -ENOMEM;
		j->lines = more;
		j->line_cap = cap;
	}
	add_native_text(&text, &j->view, insn->text);
	line = &j->lines[j->line_cnt];
	*line = (struct native_line){ (u32)(insn->addr - j->view.addr), insn->bytes,
				      text.failed ? NULL : mem_strdup(str_c(&text)) };
	str_fini(&text);
	if (!line->text)
		return -ENOMEM;
	j->line_cnt++;
	return 0;
}

static void jited_fini(struct jited *j)
{
	for (u32 i = 0; i < j->line_cnt; i++)
		mem_free(j->lines[i].text);
	mem_free(j->lines);
}

static void add_native_json(struct jited *j, u32 end)
{
	bool first = true;

	str_add(j->out, "\"native\":[");
	for (; j->at < j->line_cnt && j->lines[j->at].off < end; j->at++) {
		const struct native_line *line = &j->lines[j->at];

		str_addf(j->out, "%s{\"offset\":%u,\"bytes\":\"", first ? "" : ",", line->off);
		for (u32 i = 0; i < line->bytes; i++)
			str_addf(j->out, "%02x", j->view.code[line->off + i]);
		str_add(j->out, "\",\"text\":");
		str_add_json(j->out, line->text);
		str_add_char(j->out, '}');
		first = false;
	}
	str_add(j->out, "]}");
}

/* The code up to @end beside @left, which may be "". */
static void add_native(struct jited *j, const char *left, u32 end)
{
	bool any = false;

	for (; j->at < j->line_cnt && j->lines[j->at].off < end; j->at++, any = true) {
		const struct native_line *line = &j->lines[j->at];

		str_addf(j->out, "%-*s %5x: %s\n", LEFT_COLUMNS, any ? "" : left, line->off,
			 line->text);
	}
	if (!any && *left)
		str_addf(j->out, "%s\n", left);
}

static void part_json(struct jited *j, const char *part)
{
	str_addf(j->out, "%s\n   {\"part\":\"%s\",", j->first ? "" : ",", part);
	j->first = false;
}

/* What belongs to no instruction. */
static void add_part(struct jited *j, const char *part, const char *heading, u32 end)
{
	if (j->at == j->line_cnt || j->lines[j->at].off >= end)
		return;
	if (j->opts->json) {
		part_json(j, part);
		add_native_json(j, end);
		return;
	}
	add_native(j, heading, end);
}

static void add_source(struct jited *j, u32 orig_idx)
{
	const struct prog_line *line = prog_line_at(j->prog, orig_idx);
	const struct prog_line *last = j->source;
	const char *text = line && line->text ? line->text : "";

	if (!line || !line->file)
		return;
	j->source = line;
	/* Rows differ in their columns, too. */
	if (last && last->line == line->line && !strcmp(last->file, line->file))
		return;
	str_addf(j->out, "; %s:%u  %s\n", line->file, line->line, text + strspn(text, " \t"));
}

static void add_insn_json(struct jited *j, u32 orig_idx, const char *text, u32 end)
{
	const struct prog_line *line = prog_line_at(j->prog, orig_idx);

	part_json(j, "instruction");
	str_addf(j->out, "\"idx\":%u,\"text\":", orig_idx);
	str_add_json(j->out, text);
	if (line && line->file) {
		str_add(j->out, ",\"file\":");
		str_add_json(j->out, line->file);
		str_addf(j->out, ",\"line\":%u,\"source\":", line->line);
		str_add_json(j->out, line->text ? line->text : "");
	}
	str_add_char(j->out, ',');
	add_native_json(j, end);
}

static const char *intrinsic_name(s32 id)
{
	switch (id) {
#define INTRINSIC(id, value, name, loses, what) \
	case value:                             \
		return name;
#include "spec/intrinsics.def"
#undef INTRINSIC
	}
	return NULL;
}

/* The map that an address of the program is, or points into the value of. */
static const struct map *map_at(const struct prog *prog, u64 addr, u64 *ret_off)
{
	u64 value;

	for (u32 i = 0; i < prog->map_cnt; i++) {
		struct map *map = prog->maps[i];

		*ret_off = 0;
		if (ptr_to_u64(map) == addr)
			return map;
		if (map_direct_value(map, 0, &value) || addr < value ||
		    addr - value >= map->attr.value_size_bytes)
			continue;
		*ret_off = addr - value;
		return map;
	}
	return NULL;
}

/*
 * The instruction as text, with names for what it holds since it was loaded: addresses of maps,
 * operations of our own. Returns the words that it took.
 */
static u32 add_insn_text(struct str *out, const struct jited *j, u32 idx)
{
	const struct isa_text_opts opts = { .style = j->opts->style, .no_marks = true };
	const struct insn *i = &j->prog->insns[idx];
	const enum isa_op op = isa_decode(i);
	const char *own = op == ISA_CALL_HELPER ? intrinsic_name(i->imm) : NULL;
	const struct map *map = NULL;
	u64 off = 0;
	u32 words;

	if (own) {
		str_addf(out, j->opts->style == ISA_STYLE_LLVM ? "call %s" : "(85) call %s", own);
		return 1;
	}
	words = isa_text_insn(out, j->prog->insns, j->prog->insn_cnt, idx, &opts);
	if (words == 2)
		map = map_at(j->prog, insn_imm64(i), &off);
	if (map)
		str_addf(out, "  ; %s", map->attr.name);
	if (map && off)
		str_addf(out, "+%llu", (unsigned long long)off);
	return words;
}

/* Returns the words it took. */
static u32 add_insn(struct jited *j, u32 idx, u32 func_end, u32 code_end)
{
	const u32 orig = prog_orig_idx(j->prog, idx);
	struct str text = STR_INIT, left = STR_INIT;
	const u32 words = add_insn_text(&text, j, idx);
	const u32 end = idx + words < func_end ? jit_insn_map_off(j->view.map, idx + words) :
						 code_end;

	if (j->opts->json) {
		add_insn_json(j, orig, str_c(&text), end);
	} else {
		add_source(j, orig);
		str_addf(&left, "%4u: %s", orig, str_c(&text));
		add_native(j, str_c(&left), end);
	}
	j->out->failed |= text.failed | left.failed;
	str_fini(&text);
	str_fini(&left);
	return words;
}

static const char *func_name(const struct prog *prog, u32 orig_idx)
{
	const struct prog_subprog *sub = prog_subprog_at(prog, orig_idx);

	return sub && sub->name ? sub->name : prog->name;
}

static void add_func(struct jited *j, u32 n)
{
	const struct jit_view *v = &j->view;
	const struct jit_func *f = &v->funcs[n];
	const char *name = func_name(j->prog, prog_orig_idx(j->prog, f->start));
	struct str heading = STR_INIT;

	str_addf(&heading, "%s:", name);
	if (j->opts->json) {
		str_addf(j->out, "%s\n  {\"name\":", n ? "," : "");
		str_add_json(j->out, name);
		str_addf(j->out, ",\"offset\":%u,\"bytes\":%u,\"parts\":[", v->func_off[n],
			 v->func_end[n] - v->func_off[n]);
		j->first = true;
	} else if (jit_insn_map_off(v->map, f->start) == v->func_off[n]) {
		str_addf(j->out, "%s\n", str_c(&heading));
	}
	add_part(j, "entry", str_c(&heading), jit_insn_map_off(v->map, f->start));
	for (u32 i = f->start; i < f->end;)
		i += add_insn(j, i, f->end, v->func_cold[n]);
	add_part(j, "rare", "      (rare: faults, the end of a budget)", v->func_end[n]);
	if (j->opts->json)
		str_add(j->out, "]}");
	str_fini(&heading);
}

static void add_head(struct jited *j, const char *type)
{
	const struct jit_view *v = &j->view;

	if (j->opts->json) {
		str_addf(j->out, "%s\n {\"program\":", j->out->len > 1 ? "," : "");
		str_add_json(j->out, j->prog->name);
		str_addf(j->out, ",\"type\":\"%s\",\"isa\":\"%s\",\"bytes\":%u,\"functions\":[",
			 type, v->isa, v->code_bytes);
		return;
	}
	str_addf(j->out, "%sprogram %s (%s): %u instructions, %u bytes of %s code\n\n",
		 j->out->len ? "\n" : "", j->prog->name, type, j->prog->insns_loaded_cnt,
		 v->code_bytes, v->isa);
}

static int show(struct str *out, const struct disasm_opts *opts, const struct prog *prog,
		const char *type)
{
	struct jited j = { .out = out, .opts = opts, .prog = prog };
	struct native_code code;
	int err;

	if (!jit_view(prog, &j.view))
		return cli_error("%s: program '%s' is not machine code: it runs in '%s'", opts->in,
				 prog->name, prog->engine);
	code = (struct native_code){ .code = j.view.code, .bytes = j.view.code_bytes,
				     .addr = j.view.addr, .isa = j.view.isa };
	err = native_text(&code, take_line, &j);
	if (!err) {
		add_head(&j, type);
		for (u32 n = 0; n < j.view.func_cnt; n++)
			add_func(&j, n);
		if (opts->json) {
			str_add(out, "],\"common\":{");
			add_native_json(&j, UINT32_MAX);
			str_add_char(out, '}');
		} else {
			add_native(&j, "(common: calls from helpers, ways out)", UINT32_MAX);
		}
	}
	jited_fini(&j);
	return err ? cli_error("%s: %s", opts->in, strerror(-err)) : CLI_OK;
}

static int show_object(struct str *out, const struct disasm_opts *opts, struct object *object)
{
	u32 seen = 0;
	int rc = CLI_OK;

	for (u32 i = 0; i < object_prog_cnt(object) && rc == CLI_OK; i++) {
		const struct object_prog *p = object_prog(object, i);

		if (!p->prog)
			continue;
		seen++;
		rc = show(out, opts, p->prog, prog_type_name(p->type));
	}
	if (rc == CLI_OK && !seen)
		return cli_error("%s: no program in it was loaded", opts->in);
	return rc;
}

static int load_and_show(struct str *out, const struct disasm_opts *opts, const char *path)
{
	const struct skep_opts skep_opts = { .size = sizeof(skep_opts), .engine = SKEP_ENGINE_JIT };
	const struct object_opts object_opts = { .progs = opts->progs, .prog_cnt = opts->prog_cnt };
	struct object *object = NULL;
	struct str why = STR_INIT;
	struct skep *skep;
	int rc = CLI_OK, err = skep_new(&skep_opts, &skep);

	if (err == -EOPNOTSUPP)
		return cli_error("--jited: the JIT does not know this machine");
	if (err)
		return cli_error("cannot set up: %s", strerror(-err));
	err = object_open(skep, path, &object_opts, &object, &why);
	if (!err)
		err = object_load(object, &why);
	if (err)
		rc = cli_error("%s: %s", opts->in, why.len ? str_c(&why) : strerror(-err));
	else
		rc = show_object(out, opts, object);
	str_fini(&why);
	object_close(object);
	skep_free(skep);
	return rc;
}

int disasm_jited(struct str *out, const struct disasm_opts *opts)
{
	const struct compile_opts compile = { 0 };
	char *compiled = NULL;
	int rc;

	if (compile_is_source(opts->in) && compile_object(opts->in, &compile, &compiled))
		return CLI_FAILED;
	rc = load_and_show(out, opts, compiled ? compiled : opts->in);
	compile_remove(compiled);
	return rc;
}
