/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `skep run`: an object's programs on packets. Opens the object (compiling it first when it is a
 * source), loads it into an instance of its own, drives a packet session and reports. What stands
 * between is in run_args, run_io (inputs and outputs) and run_report.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "attach/session.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/compile.h"
#include "cli/run_args.h"
#include "cli/run_io.h"
#include "cli/run_report.h"
#include "cli/run_set.h"
#include "cli/show_map.h"
#include "core/skep.h"
#include "object/object.h"
#include "prog/fault.h"
#include "skep/skep.h"
#include "spec/spec.h"

struct run_cmd {
	struct run_args args;
	char *compiled; /* temporary object, or NULL */
	struct skep *skep;
	struct object *object;
	const struct prog *progs[RUN_PROGS_MAX];
	u32 prog_cnt;
	struct run_io io;
	struct cli_progress progress;
	struct str fault; /* the report of the first fault, text or JSON */
	int exit;
};

/* Set by SIGINT and SIGTERM. */
/* tidy: allow global: a signal handler has no argument to find anything by */
static _Atomic bool stop_asked;

static void on_signal(int sig)
{
	(void)sig;
	atomic_store_explicit(&stop_asked, true, memory_order_relaxed);
}

static bool has_hook(enum prog_type type)
{
	return hook_of(type) != NULL;
}

static void print_message(void *cookie, const char *text)
{
	(void)cookie;
	fprintf(stderr, "%s\n", text);
}

static int open_object(struct run_cmd *c)
{
	const struct run_args *a = &c->args;
	const char *values[RUN_SETS_MAX];
	const struct object_opts opts = {
		.has_hook = has_hook,
		.progs = a->progs,
		.prog_cnt = a->prog_cnt,
		.also = values,
		.also_cnt = a->set_cnt,
		.message = a->verbose ? print_message : NULL,
	};
	const struct skep_opts skep_opts = { .size = sizeof(skep_opts), .engine = a->engine };
	struct compile_opts compile = { .clang = a->clang, .cpu = a->cpu, .extra = a->cflags };
	struct str why = STR_INIT;
	const char *path = a->object;
	int err;

	for (u32 i = 0; i < a->set_cnt; i++)
		values[i] = run_set_value(a->sets[i]);
	if (compile_is_source(path)) {
		if (compile_object(path, &compile, &c->compiled))
			return CLI_FAILED;
		path = c->compiled;
	}
	err = skep_new(&skep_opts, &c->skep);
	if (err == -EOPNOTSUPP)
		return cli_error("--jit: the JIT does not know this machine");
	if (err)
		return cli_error("cannot set up: %s", strerror(-err));
	c->skep->verify.guard = a->guard;
	c->skep->jit_debug = a->jit_debug;
	err = object_open(c->skep, path, &opts, &c->object, &why);
	if (!err)
		err = object_load(c->object, &why);
	if (err)
		cli_error("%s: %s", a->object, why.len ? str_c(&why) : strerror(-err));
	str_fini(&why);
	return err ? CLI_FAILED : CLI_OK;
}

static void list_text(struct run_cmd *c, struct str *out)
{
	for (u32 i = 0; i < object_prog_cnt(c->object); i++) {
		const struct object_prog *p = object_prog(c->object, i);
		const char *type = prog_type_name(p->type);

		str_addf(out, "program %-20s %-14s section %s", p->name, type ? type : "?",
			 p->section);
		if (p->not_loaded)
			str_addf(out, "  (skipped: %s)", p->not_loaded);
		else
			str_addf(out, "  %u instructions", p->prog->insns_loaded_cnt);
		str_add_char(out, '\n');
	}
	for (u32 i = 0; i < object_map_cnt(c->object); i++) {
		const struct object_map *m = object_map(c->object, i);
		const struct map_attr *at = &m->map->attr;

		str_addf(out, "map     %-20s %-14s key %u, value %u bytes, %u %s\n", m->name,
			 map_type_name(at->type), at->key_size_bytes, at->value_size_bytes,
			 at->max_entries, at->max_entries == 1 ? "entry" : "entries");
	}
}

static void list_json(struct run_cmd *c, struct str *out)
{
	str_add(out, "{\"programs\":[");
	for (u32 i = 0; i < object_prog_cnt(c->object); i++) {
		const struct object_prog *p = object_prog(c->object, i);
		const char *type = prog_type_name(p->type);

		str_add(out, i ? ",{\"name\":" : "{\"name\":");
		str_add_json(out, p->name);
		str_add(out, ",\"section\":");
		str_add_json(out, p->section);
		str_addf(out, ",\"type\":\"%s\"", type ? type : "unspec");
		if (p->not_loaded) {
			str_add(out, ",\"skipped\":");
			str_add_json(out, p->not_loaded);
		} else {
			str_addf(out, ",\"instructions\":%u", p->prog->insns_loaded_cnt);
		}
		str_add_char(out, '}');
	}
	str_add(out, "],\"maps\":[");
	for (u32 i = 0; i < object_map_cnt(c->object); i++) {
		const struct map_attr *at = &object_map(c->object, i)->map->attr;

		str_add(out, i ? ",{\"name\":" : "{\"name\":");
		str_add_json(out, object_map(c->object, i)->name);
		str_addf(out, ",\"type\":\"%s\",\"key_size\":%u,\"value_size\":%u,"
			      "\"max_entries\":%u}",
			 map_type_name(at->type), at->key_size_bytes, at->value_size_bytes,
			 at->max_entries);
	}
	str_add(out, "]}\n");
}

/* The programs to run: those that were named, else the only one that can run. */
static int choose_programs(struct run_cmd *c)
{
	const struct run_args *a = &c->args;
	struct str names = STR_INIT;
	u32 runnable = 0;

	for (u32 i = 0; i < object_prog_cnt(c->object); i++) {
		const struct object_prog *p = object_prog(c->object, i);

		if (p->not_loaded && !a->prog_cnt)
			cli_note("program '%s' (section %s) is skipped: %s", p->name, p->section,
				 p->not_loaded);
		if (!p->prog)
			continue;
		str_addf(&names, "%s%s", runnable ? ", " : "", p->name);
		runnable++;
		if (!a->prog_cnt)
			c->progs[0] = p->prog;
		for (u32 n = 0; n < a->prog_cnt; n++)
			if (!strcmp(a->progs[n], p->name))
				c->progs[n] = p->prog;
	}
	c->prog_cnt = a->prog_cnt ? a->prog_cnt : runnable == 1;
	if (!runnable)
		c->exit = cli_error("%s: no program in it can run on packets", a->object);
	else if (!c->prog_cnt)
		c->exit = cli_usage("%s has %u programs (%s): choose one, as in %s:NAME, or "
				    "several with -p", a->object, runnable, str_c(&names),
				    a->object);
	str_fini(&names);
	return c->exit;
}

static void on_progress(void *cookie, const struct session_stats *stats)
{
	struct run_cmd *c = cookie;

	cli_progress_step(&c->progress, run_io_done(&c->io, stats), run_io_total(&c->io));
}

static void on_fault(void *cookie, const struct run *run, u64 packet, u32 prog_idx)
{
	struct run_cmd *c = cookie;

	(void)packet;
	(void)prog_idx;
	if (c->fault.len)
		return;
	if (c->args.json)
		fault_print_json(&run->fault, &c->fault);
	else
		fault_print(&run->fault, &c->fault);
}

static void on_packet(void *cookie, const struct session_event *e)
{
	const struct run_cmd *c = cookie;
	const char *verdict = e->hook ? e->hook->verdict_name(e->result->retval) : NULL;

	printf("%llu %s: ", (unsigned long long)e->pkt->number, c->progs[e->prog_idx]->name);
	if (verdict)
		printf("%s", verdict);
	else
		printf("%d", (int)e->result->retval);
	printf(", %s, %u bytes\n", hook_action_name(e->result->action), pkt_caplen(e->pkt));
}

static bool map_wanted(const struct run_cmd *c, const char *name)
{
	/* Constants are no result. */
	if (!c->args.map_cnt)
		return !strstr(name, ".rodata") && !strstr(name, ".kconfig");
	for (u32 i = 0; i < c->args.map_cnt; i++)
		if (!strcmp(c->args.maps[i], name))
			return true;
	return false;
}

static void add_maps(struct run_cmd *c, struct str *out)
{
	struct show_map_opts show = {
		.raw = c->args.raw_maps,
		.json = c->args.json,
		.zeros = c->args.map_cnt > 0,
		.entries_max = c->args.map_cnt ? 0 : 10,
	};
	bool first = true;

	for (u32 i = 0; i < object_map_cnt(c->object); i++) {
		const struct object_map *m = object_map(c->object, i);

		if (!map_wanted(c, m->name))
			continue;
		if (c->args.json && !first)
			str_add_char(out, ',');
		first = false;
		show.name = m->name;
		show.btf = m->btf;
		show.key_type_id = m->key_type_id;
		show.value_type_id = m->value_type_id;
		if (show_map(m->map, &show, out))
			c->exit = CLI_FAILED;
	}
}

static int check_map_names(struct run_cmd *c)
{
	for (u32 n = 0; n < c->args.map_cnt; n++) {
		bool found = false;

		for (u32 i = 0; i < object_map_cnt(c->object); i++)
			found |= !strcmp(c->args.maps[n], object_map(c->object, i)->name);
		if (!found)
			return c->exit = cli_usage("%s has no map '%s'", c->args.object,
						   c->args.maps[n]);
	}
	return CLI_OK;
}

static void report(struct run_cmd *c, const struct run_report *r)
{
	struct str out = STR_INIT;

	if (c->args.json) {
		str_add_char(&out, '{');
		run_report_json(r, &out);
		if (c->fault.len)
			str_addf(&out, ",\"fault\":%s", str_c(&c->fault));
		str_add(&out, ",\"maps\":[");
		if (!c->args.no_maps)
			add_maps(c, &out);
		str_add(&out, "]}\n");
	} else {
		run_report_text(r, &out);
		if (!c->args.no_maps)
			add_maps(c, &out);
		fflush(stdout);
		if (c->fault.len)
			fprintf(stderr, "%s", str_c(&c->fault));
	}
	if (out.failed)
		c->exit = cli_error("out of memory while printing");
	fwrite(str_c(&out), 1, out.len, stdout);
	str_fini(&out);
}

static void run_session(struct run_cmd *c, struct run *run)
{
	const struct run_args *a = &c->args;
	const struct session_opts opts = {
		.progs = c->progs,
		.prog_cnt = c->prog_cnt,
		.inputs = c->io.inputs,
		.input_cnt = c->io.input_cnt,
		.outputs = c->io.outputs,
		.output_cnt = c->io.output_cnt,
		.run = run,
		.budget_insns = a->budget ? a->budget : c->skep->opts.guard_budget,
		.packets_max = a->packets_max,
		.repeat = (u32)a->repeat,
		.keep_going = a->keep_going,
		.stop = &stop_asked,
		.progress = on_progress,
		.packet = a->per_packet ? on_packet : NULL,
		.fault = on_fault,
		.cookie = c,
	};
	struct run_report r = { .source = str_c(&c->io.source), .opts = &opts };
	struct session_stats stats;
	struct str why = STR_INIT;
	int err;

	r.stats = &stats;
	r.observes_only = session_observes_only(&opts);
	cli_progress_start(&c->progress, run_io_unit(&c->io));
	err = session_run(&opts, &stats, &why);
	cli_progress_end(&c->progress);
	if (err && err != -EFAULT)
		c->exit = cli_error("%s", why.len ? str_c(&why) : strerror(-err));
	if (stats.fault_cnt)
		c->exit = CLI_FAILED;
	run_io_finish(&c->io, &c->exit);
	report(c, &r);
	str_fini(&why);
}

static void run_on_packets(struct run_cmd *c)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct run run;
	int err;

	if (choose_programs(c) || check_map_names(c))
		return;
	for (u32 i = 0; i < c->args.set_cnt && c->exit == CLI_OK; i++)
		c->exit = run_set(c->object, c->args.sets[i]);
	if (c->exit == CLI_OK)
		c->exit = run_io_open(&c->io, &c->args);
	if (c->exit)
		return;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	err = core_run_begin(c->skep, &run);
	if (err) {
		c->exit = cli_error("cannot start: %s", strerror(-err));
		return;
	}
	run_session(c, &run);
	run_end(&run);
}

static void fini(struct run_cmd *c)
{
	run_io_close(&c->io);
	object_close(c->object);
	skep_free(c->skep);
	compile_remove(c->compiled);
	str_fini(&c->fault);
	run_args_fini(&c->args);
}

int cli_run(int argc, char **argv)
{
	struct run_cmd c = { 0 };
	struct str out = STR_INIT;
	int early = run_args_parse(&c.args, argc, argv);

	if (early) {
		fini(&c);
		return early - 1;
	}
	c.exit = open_object(&c);
	if (c.exit == CLI_OK && !c.args.file_cnt && !c.args.iface_cnt && !c.args.data_hex) {
		if (c.args.json)
			list_json(&c, &out);
		else
			list_text(&c, &out);
		fputs(str_c(&out), stdout);
		str_fini(&out);
	} else if (c.exit == CLI_OK) {
		run_on_packets(&c);
	}
	fini(&c);
	return c.exit;
}
