/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fault reports, word by word: programs of a few lines on memory, a packet and maps, what the guard
 * says when they go wrong. Addresses differ from run to run: they are compared as ADDR.
 */
#include <ctype.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "interp/interp.h"
#include "isa/asm.h"
#include "map/map.h"
#include "pkt/pkt.h"
#include "spec/helper.h"
#include "tests/oom.h"
#include "tests/tap.h"

struct world {
	struct map_env env;
	struct map *map; /* array "counts" of 4 values of 8 bytes */
	struct pkt pkt;	 /* 60 bytes */
	u64 memory[4];
};

enum where { ON_MEMORY, ON_XDP };

static u64 lookup(u64 map, u64 key, u64 c, u64 d, u64 e, struct run *run)
{
	struct map *m = u64_to_ptr(map);

	(void)c, (void)d, (void)e;
	return ptr_to_u64(m->ops->lookup(m, run->cpu, u64_to_ptr(key)));
}

static int resolve(void *cookie, s32 id, struct helper_binding *b)
{
	(void)cookie;
	if (id != HELPER_map_lookup_elem && id != HELPER_xdp_adjust_head)
		return -EINVAL;
	*b = (struct helper_binding){ .fn = lookup, .info = helper_info((u32)id) };
	return 0;
}

/* Long hex numbers, and nothing else, become ADDR. */
static void normalise(const char *text, struct str *out)
{
	while (*text) {
		size_t digits = 0;

		if (text[0] == '0' && text[1] == 'x')
			while (isxdigit((unsigned char)text[2 + digits]))
				digits++;
		if (digits > 6) {
			str_add(out, "ADDR");
			text += 2 + digits;
		} else {
			str_add_char(out, *text++);
		}
	}
}

/* The program with `map[0]` standing for the map's address. */
static int build(struct world *w, const char *text, struct prog **ret_prog)
{
	struct isa_asm_error error;
	struct str source = STR_INIT;
	const char *at = strstr(text, "map[0]");
	struct insn *insns = NULL;
	u32 cnt = 0;
	int err;

	if (at) {
		str_add_bytes(&source, text, (size_t)(at - text));
		str_addf(&source, "0x%llx ll", (unsigned long long)ptr_to_u64(w->map));
		at += strlen("map[0]");
	}
	str_add(&source, at ? at : text);
	err = source.failed ? -ENOMEM : isa_asm(str_c(&source), &insns, &cnt, &error);
	str_fini(&source);
	if (err == -EINVAL)
		tap_diag("line %u: %s", error.line, error.text);
	if (err)
		return err;
	err = prog_new_raw(insns, cnt, "test", ret_prog);
	mem_free(insns);
	return err;
}

static int prepare(struct world *w, enum where where, struct prog *prog)
{
	static const struct helper_resolver resolver = { resolve, NULL, true };

	prog->maps = mem_alloc(sizeof(w->map));
	if (!prog->maps)
		return -ENOMEM;
	prog->maps[0] = map_get(w->map);
	prog->map_cnt = 1;
	if (where == ON_XDP) {
		prog->type = PROG_TYPE_XDP;
		prog->ctx_class = pkt_ctx_class(PROG_TYPE_XDP, 0);
	}
	return interp_guard_compile(prog, &resolver);
}

/* Runs until the fault; @ret_fault's prog is *ret_prog, which the caller puts. */
static int run_on(struct world *w, enum where where, const char *text, struct prog **ret_prog,
		  struct fault *ret_fault)
{
	const struct extent e = { ptr_to_u64(w->memory), sizeof(w->memory), EXTENT_MEM,
				  EXTENT_READ | EXTENT_WRITE, "memory", -1 };
	struct run run = { .insns_left = 1000 };
	u64 r0;
	int err = build(w, text, ret_prog);

	if (err)
		return err;
	err = prepare(w, where, *ret_prog);
	if (!err && where == ON_MEMORY)
		err = run_allow(&run, &e);
	if (!err)
		err = prog_run(&run, *ret_prog, where == ON_XDP ? (void *)&w->pkt : w->memory, &r0);
	*ret_fault = run.fault;
	if (err && err != -EFAULT)
		prog_put(*ret_prog);
	return err;
}

struct golden {
	const char *name;
	enum where where;
	const char *program;
	const char *report;
};

static const struct golden goldens[] = {
#include "tests/interp/fault_goldens.h"
};

static void test_golden(struct world *w, const struct golden *g)
{
	struct str text = STR_INIT, got = STR_INIT;
	struct prog *prog;
	struct fault fault;

	if (tap_eq(run_on(w, g->where, g->program, &prog, &fault), -EFAULT, "%s: stops", g->name)) {
		fault_print(&fault, &text);
		normalise(str_c(&text), &got);
		if (!tap_ok(!strcmp(str_c(&got), g->report), "%s: report", g->name))
			printf("--- got\n%s--- want\n%s---\n", str_c(&got), g->report);
		prog_put(prog);
	}
	str_fini(&text);
	str_fini(&got);
}

static void test_json(struct world *w)
{
	struct str text = STR_INIT, got = STR_INIT;
	struct prog_line lines[] = { { 0, 7, 3, "a.bpf.c", "\tx = 1;" },
				     { 1, 9, 12, "a.bpf.c", "\treturn \"y\"[x];" } };
	struct fault fault;
	struct prog *prog;

	if (!tap_eq(run_on(w, ON_MEMORY, "r2 = 1\nr0 = *(u64 *)(r1 +30)\nexit\n", &prog, &fault),
		    -EFAULT, "json: stops"))
		return;
	prog->lines = mem_dup(lines, sizeof(lines));
	prog->line_cnt = prog->lines ? ARRAY_SIZE(lines) : 0;
	fault.packet = 17;
	fault_print_json(&fault, &text);
	normalise(str_c(&text), &got);
	tap_str(str_c(&got),
		"{\"kind\":\"read\",\"packet\":17,\"program\":\"test\",\"message\":\"read 8 bytes "
		"at memory+30: 6 bytes past the end of the 32-byte memory\",\"insn\":1,\"text\":\""
		"(79) "
		"r0 = *(u64 *)(r1 +30)\",\"file\":\"a.bpf.c\",\"line\":9,\"column\":12,\"source\":"
		"\"\\treturn \\\"y\\\"[x];\",\"address\":\"ADDR\",\"size\":8,\"object\":{\"kind\":"
		"\"memory\",\"name\":\"memory\",\"size\":32,\"offset\":30},\"registers\":{\"r1\":{"
		"\"value\":\"ADDR\",\"in\":{\"kind\":\"memory\",\"name\":\"memory\",\"size\":32,"
		"\"offset\":0}},\"r2\":{\"value\":\"0x1\"},\"r10\":{\"value\":\"ADDR\",\"in\":{"
		"\"kind\":\"stack\",\"name\":\"stack\",\"index\":0,\"size\":512,\"offset\":512}}},"
		"\"callers\":[]}", "as JSON");
	str_reset(&text);
	str_reset(&got);
	fault_print(&fault, &text);
	normalise(str_c(&text), &got);
	tap_str(str_c(&got),
		"packet 17: program 'test' stopped at instruction 1\n  read 8 bytes at memory+30: "
		"6 bytes past the end of the 32-byte memory\n\n  a.bpf.c:9:12\n"
		"      return \"y\"[x];\n\n"
		"         0: (b7) r2 = 1\n  -->    1: (79) r0 = *(u64 *)(r1 +30)\n\n"
		"      r1  = memory+0  (ADDR)\n      r2  = 1\n      r10 = fp  (ADDR)\n",
		"with packet and source line");
	str_fini(&text);
	str_fini(&got);
	prog_put(prog);
}

static int oom_round(void *arg)
{
	struct fault fault;
	struct prog *prog;
	int err = run_on(arg, ON_MEMORY, "call pc+1\nexit\nr0 = 1\nr0 = *(u8 *)(r1 +32)\nexit\n",
			 &prog, &fault);

	if (err != -EFAULT)
		return err ? err : -EPROTO;
	prog_put(prog);
	return 0;
}

int main(void)
{
	static const u8 frame[60] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45 };
	const struct map_attr attr = { .type = MAP_TYPE_ARRAY, .key_size_bytes = 4,
				       .value_size_bytes = 8, .max_entries = 4, .name = "counts" };
	struct world w = { .env.cpu_cnt = 1 };

	if (!tap_eq(map_create(&attr, &w.env, &w.map), 0, "a map") ||
	    !tap_eq(pkt_init(&w.pkt, 256), 0, "a packet") ||
	    !tap_eq(pkt_load(&w.pkt, frame, sizeof(frame), sizeof(frame)), 0, "its bytes"))
		return tap_done();
	for (size_t i = 0; i < ARRAY_SIZE(goldens); i++)
		test_golden(&w, &goldens[i]);
	test_json(&w);
	oom_sweep(oom_round, &w, "guarded program with a fault");
	pkt_fini(&w.pkt);
	map_put(w.map);
	return tap_done();
}
