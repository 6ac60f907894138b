/* SPDX-License-Identifier: BSD-2-Clause */
/* Tail calls: both engines, from one into the other, their limit, and how they fail. */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "interp/interp.h"
#include "isa/asm.h"
#include "map/map.h"
#include "pkt/pkt.h"
#include "spec/helper.h"
#include "tests/tap.h"

#define SLOTS 4

/* A program array without its machinery: slots hold the programs themselves. */
struct slots {
	struct map map;
	struct prog *progs[SLOTS];
};

static void *slots_lookup(struct map *map, u32 index)
{
	return container_of(map, struct slots, map)->progs[index];
}

static const struct map_ops slots_ops = { .lookup_obj = slots_lookup };

static void slots_destroy(struct obj *obj)
{
	(void)obj; /* lives on the stack of main */
}

static int resolve(void *cookie, s32 id, struct helper_binding *b)
{
	(void)cookie;
	*b = (struct helper_binding){ .info = helper_info((u32)id) };
	return id == HELPER_tail_call ? 0 : -EINVAL;
}

/* @text with every `map[0]` replaced by the map's address; engine by @guard. */
static struct prog *load(struct slots *s, const char *text, bool guard)
{
	static const struct helper_resolver resolver = { .resolve = resolve };
	struct isa_asm_error error;
	struct str source = STR_INIT;
	struct insn *insns = NULL;
	struct prog *prog = NULL;
	const char *at;
	u32 cnt = 0;

	for (; (at = strstr(text, "map[0]")); text = at + strlen("map[0]")) {
		str_add_bytes(&source, text, (size_t)(at - text));
		str_addf(&source, "0x%llx ll", (unsigned long long)ptr_to_u64(&s->map));
	}
	str_add(&source, text);
	if (isa_asm(str_c(&source), &insns, &cnt, &error)) {
		tap_diag("line %u: %s", error.line, error.text);
	} else if (!prog_new_raw(insns, cnt, guard ? "guarded" : "fast", &prog)) {
		prog->maps = mem_alloc(sizeof(struct map *));
		if (prog->maps) {
			prog->maps[0] = &s->map;
			prog->map_cnt = 1;
			obj_get(&s->map.obj);
		}
		if (guard ? interp_guard_compile(prog, &resolver)
			  : interp_run_compile(prog, &resolver)) {
			prog_put(prog);
			prog = NULL;
		}
	}
	mem_free(insns);
	str_fini(&source);
	return prog;
}

static u64 memory[4];

/* The result, or ~0 - kind after a fault. */
static u64 run_prog(const struct prog *prog)
{
	const struct extent e = { ptr_to_u64(memory), sizeof(memory), EXTENT_MEM,
				  EXTENT_READ | EXTENT_WRITE, "memory", -1 };
	struct run run = { .insns_left = RUN_NO_BUDGET };
	u64 r0 = 0;

	memset(memory, 0, sizeof(memory));
	if (!prog || run_allow(&run, &e))
		return 0xbad;
	if (prog_run(&run, prog, memory, &r0))
		return ~(u64)run.fault.kind;
	if (run.prog != prog)
		return 0xbad; /* whoever called finds its own program again */
	return r0;
}

/* Main goes to slot 1, in a function; what comes back is added up there. */
static const char main_text[] =
	"r6 = r1\n"
	"call pc+2\n"
	"r0 += 1000\n"
	"exit\n"
	"*(u64 *)(r1 +8) = 7\n"
	"r2 = map[0]\n"
	"r3 = 1\n"
	"call bpf_tail_call#12\n"
	"r0 = 5\n"
	"exit\n";

/* Counts itself in memory and goes on to itself. */
static const char chain_text[] =
	"r2 = *(u64 *)(r1 +0)\n"
	"r2 += 1\n"
	"*(u64 *)(r1 +0) = r2\n"
	"r6 = r1\n"
	"r2 = map[0]\n"
	"r3 = 2\n"
	"call bpf_tail_call#12\n"
	"r1 = *(u64 *)(r6 +0)\n"
	"r0 <<= 32\n"
	"r0 s>>= 32\n"
	"r0 *= 100\n"
	"r0 += r1\n"
	"exit\n";

static void test_pair(struct slots *s, bool from_guard, bool to_guard)
{
	struct prog *main_prog = load(s, main_text, from_guard);
	const char *names[] = { "run", "guard" };

	s->progs[1] = load(s, "r0 = *(u64 *)(r1 +8)\nr0 += 20\nexit\n", to_guard);
	tap_eq(run_prog(main_prog), 1027, "%s to %s returns to the caller's caller",
	       names[from_guard], names[to_guard]);
	prog_put(s->progs[1]);
	s->progs[1] = NULL;
	tap_eq(run_prog(main_prog), 1005, "%s: empty slot goes on", names[from_guard]);
	prog_put(main_prog);
}

static void test_limit(struct slots *s, bool guard)
{
	struct prog *prog = load(s, chain_text, guard);

	s->progs[2] = prog;
	tap_eq(run_prog(prog), (u64)(s64)(-ELOOP * 100 + 1 + RUN_TAIL_CALLS_MAX),
	       "%s: 33 tail calls, not one more", guard ? "guard" : "run");
	s->progs[2] = NULL;
	tap_eq(run_prog(prog), (u64)(s64)(-ENOENT * 100 + 1), "an empty slot: -ENOENT");
	s->map.attr.max_entries = 2;
	tap_eq(run_prog(prog), (u64)(s64)(-E2BIG * 100 + 1), "an index outside: -E2BIG");
	s->map.attr.max_entries = SLOTS;
	prog_put(prog);
}

static void test_refused(struct slots *s)
{
	struct prog *prog = load(s, "r2 = map[0]\nr1 = 0\nr3 = 0\ncall bpf_tail_call#12\nexit\n",
				 true);
	struct prog *wrong_map = load(s, "r2 = r1\nr3 = 0\ncall bpf_tail_call#12\nexit\n", true);
	struct prog *fine = load(s, "r2 = map[0]\nr3 = 0\ncall bpf_tail_call#12\nexit\n", true);

	tap_eq(run_prog(prog), ~(u64)FAULT_ARG, "guard: another context");
	tap_eq(run_prog(wrong_map), ~(u64)FAULT_ARG, "guard: no map");
	s->progs[0] = load(s, "r0 = r1\nexit\n", true);
	if (s->progs[0])
		s->progs[0]->ctx_class = pkt_ctx_class(PROG_TYPE_XDP, 0);
	tap_eq(run_prog(fine), ~(u64)FAULT_CALL, "guard: a program for another context");
	prog_put(s->progs[0]);
	s->progs[0] = load(s, "r0 = r6\nexit\n", true);
	tap_eq(run_prog(fine), ~(u64)FAULT_UNINIT, "guard: registers do not come along");
	prog_put(s->progs[0]);
	s->progs[0] = NULL;
	prog_put(fine);
	prog_put(wrong_map);
	prog_put(prog);
}

int main(void)
{
	const struct map_attr attr = { .type = MAP_TYPE_PROG_ARRAY, .max_entries = SLOTS };
	struct slots s = { .map = { .ops = &slots_ops, .attr = attr } };

	obj_init(&s.map.obj, OBJ_MAP, slots_destroy);
	for (int pair = 0; pair < 4; pair++)
		test_pair(&s, pair & 1, pair & 2);
	test_limit(&s, false);
	test_limit(&s, true);
	test_refused(&s);
	return tap_done();
}
