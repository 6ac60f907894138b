/* SPDX-License-Identifier: BSD-2-Clause */
/* The JSON form of a fault report: the same facts as prog/fault.c shows, one object. */
#include "isa/text.h"
#include "prog/fault.h"
#include "prog/prog.h"

static const char *const extent_names[] = {
	[EXTENT_NONE] = "none",	    [EXTENT_STACK] = "stack",	      [EXTENT_CTX] = "context",
	[EXTENT_PACKET] = "packet", [EXTENT_MAP_VALUE] = "map_value", [EXTENT_MEM] = "memory",
};

static void add_member(struct str *out, const char *name)
{
	str_addf(out, ",\"%s\":", name);
}

static void add_text(struct str *out, const char *name, const char *text)
{
	add_member(out, name);
	str_add_json(out, text);
}

/* Addresses as text: JSON's numbers lose bits beyond 2^53. */
static void add_hex(struct str *out, const char *name, u64 value)
{
	add_member(out, name);
	str_addf(out, "\"0x%llx\"", (unsigned long long)value);
}

static void add_object(struct str *out, const struct extent *e, u64 addr)
{
	str_addf(out, "{\"kind\":\"%s\"", extent_names[e->kind]);
	if (e->name)
		add_text(out, "name", e->name);
	if (e->index >= 0)
		str_addf(out, ",\"index\":%lld", (long long)e->index);
	str_addf(out, ",\"size\":%llu,\"offset\":%lld}", (unsigned long long)e->size_bytes,
		 (long long)(addr - e->base));
}

static void add_where(struct str *out, const struct fault *f)
{
	static const struct isa_text_opts opts = { .style = ISA_STYLE_KERNEL };
	const struct prog *prog = f->prog;
	const struct prog_line *line = prog_line_at(prog, f->insn_idx);
	const struct prog_subprog *sub = prog_subprog_at(prog, f->insn_idx);
	struct str text = STR_INIT;

	str_addf(out, ",\"insn\":%u", f->insn_idx);
	if (f->insn_idx < prog->insns_loaded_cnt) {
		isa_text_insn(&text, prog->insns_loaded, prog->insns_loaded_cnt, f->insn_idx,
			      &opts);
		add_text(out, "text", str_c(&text));
	}
	str_fini(&text);
	if (sub && sub->name)
		add_text(out, "function", sub->name);
	if (line && line->file) {
		add_text(out, "file", line->file);
		str_addf(out, ",\"line\":%u,\"column\":%u", line->line, line->col);
		if (line->text)
			add_text(out, "source", line->text);
	}
}

static void add_regs(struct str *out, const struct fault *f)
{
	bool first = true;

	add_member(out, "registers");
	for (u32 i = 0; i < INSN_REGS; i++) {
		if (!(f->regs_valid & 1u << i))
			continue;
		str_addf(out, "%s\"r%u\":{\"value\":\"0x%llx\"", first ? "{" : ",", i,
			 (unsigned long long)f->regs[i]);
		if (f->pointee[i].kind != EXTENT_NONE) {
			add_member(out, "in");
			add_object(out, &f->pointee[i], f->regs[i]);
		} else if (f->pointee[i].name) {
			add_text(out, "map", f->pointee[i].name);
		}
		str_add_char(out, '}');
		first = false;
	}
	str_add(out, first ? "{}" : "}");
}

static bool is_access(enum fault_kind kind)
{
	return kind == FAULT_READ || kind == FAULT_WRITE || kind == FAULT_PERM ||
	       kind == FAULT_CTX || kind == FAULT_ALIGN;
}

void fault_print_json(const struct fault *f, struct str *out)
{
	struct str text = STR_INIT;

	if (f->kind == FAULT_NONE)
		return;
	str_addf(out, "{\"kind\":\"%s\"", fault_kind_name(f->kind));
	if (f->packet)
		str_addf(out, ",\"packet\":%llu", (unsigned long long)f->packet);
	add_text(out, "program", f->prog->name);
	fault_describe(f, &text);
	add_text(out, "message", str_c(&text));
	str_fini(&text);
	add_where(out, f);
	if (f->arg)
		str_addf(out, ",\"argument\":%u", f->arg);
	if (is_access(f->kind)) {
		add_hex(out, "address", f->addr);
		str_addf(out, ",\"size\":%u", f->size_bytes);
	}
	if (f->nearest.kind != EXTENT_NONE) {
		add_member(out, "object");
		add_object(out, &f->nearest, f->addr);
	}
	add_regs(out, f);
	add_member(out, "callers");
	str_add_char(out, '[');
	for (u32 i = 0; i < f->caller_cnt; i++)
		str_addf(out, "%s%u", i ? "," : "", f->callers[i]);
	str_add(out, "]}");
}
