/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers as programs call them, on both interpreters: callbacks, maps, messages, reads by address,
 * and calls that the guard must stop. Programs are text; 0x1000N stands for map N, 0x2000N for the
 * function that begins with `r9 = N`.
 */
#include "base/epoch.h"
#include "base/err.h"
#include "base/mem.h"
#include "helper/table.h"
#include "engine/engine.h"
#include "interp/interp.h"
#include "isa/asm.h"
#include "map/map.h"
#include "map/ringbuf.h"
#include "prog/prog.h"
#include "tests/tap.h"

#define MAPS 6u

static struct map_env env = { .cpu_cnt = 2 };
static struct map *maps[MAPS];
static char message[256];

static void trace(struct run *run, const char *text, size_t len)
{
	(void)run;
	memcpy(message, text, MIN(len, sizeof(message) - 1));
	message[MIN(len, sizeof(message) - 1)] = 0;
}

static const struct run_ops ops = { .callback = engine_callback, .trace = trace };

static u32 function_at(const struct prog *prog, s32 number)
{
	u32 i;

	for (i = 0; i < prog->insn_cnt; i++)
		if (prog->insns[i].code == 0xb7 && prog->insns[i].dst == 9 &&
		    prog->insns[i].imm == number)
			return i;
	return 0;
}

static void patch(struct prog *prog)
{
	u32 i;

	for (i = 0; i + 1 < prog->insn_cnt; i++) {
		struct insn *in = &prog->insns[i];
		u64 value;

		if (in->code != 0x18)
			continue;
		if (in->imm >> 16 == 1)
			value = ptr_to_u64(maps[in->imm & 15]);
		else if (in->imm >> 16 == 2)
			value = ptr_to_u64(&prog->insns[function_at(prog, in->imm & 15)]);
		else
			continue;
		in[0].imm = (s32)value;
		in[1].imm = (s32)(value >> 32);
	}
}

/* The result, or the fault's kind in *ret_fault. */
static u64 execute(const char *text, bool guard, enum fault_kind *ret_fault)
{
	struct helper_ask ask = { .type = PROG_TYPE_UNSPEC };
	struct helper_resolver resolver = { helper_resolve, &ask, true };
	struct isa_asm_error error;
	struct insn *insns = NULL;
	struct prog *prog = NULL;
	struct run run;
	u64 r0 = 0;
	u32 cnt, i;
	int err;

	*ret_fault = FAULT_NONE;
	err = isa_asm(text, &insns, &cnt, &error);
	if (err) {
		tap_diag("line %u: %s", error.line, error.text);
		return ~0ULL;
	}
	err = prog_new_raw(insns, cnt, "test", &prog);
	mem_free(insns);
	if (err)
		return ~0ULL;
	patch(prog);
	prog->maps = mem_zalloc_array(MAPS, sizeof(prog->maps[0]));
	for (i = 0; i < MAPS; i++)
		prog->maps[i] = map_get(maps[i]);
	prog->map_cnt = MAPS;
	err = guard ? interp_guard_compile(prog, &resolver) : interp_run_compile(prog, &resolver);
	if (!err)
		err = run_begin(&run, NULL);
	if (!err) {
		run.ops = &ops;
		run.cpu = 1;
		run.insns_left = 1000000;
		err = prog_run(&run, prog, NULL, &r0);
		*ret_fault = run.fault.kind;
		run_end(&run);
	}
	prog_put(prog);
	return r0;
}

static void both(const char *name, const char *text, u64 want)
{
	enum fault_kind fault;
	u32 guard;

	for (guard = 0; guard < 2; guard++) {
		u64 r0 = execute(text, guard, &fault);

		tap_ok(r0 == want && fault == FAULT_NONE, "%s on %s", name,
		       guard ? "guard" : "run");
		if (r0 != want)
			tap_diag("r0 %llx, want %llx, fault %d", (unsigned long long)r0,
				 (unsigned long long)want, fault);
	}
}

static void faults(const char *name, const char *text, enum fault_kind want)
{
	enum fault_kind fault;

	execute(text, true, &fault);
	tap_ok(fault == want, "%s", name);
}

#define PUT(map, key, value)                                                                       \
	"*(u32 *)(r10 - 4) = " key "\n*(u64 *)(r10 - 16) = " value "\nr1 = " map " ll\n"           \
	"r2 = r10\nr2 += -4\nr3 = r10\nr3 += -16\nr4 = 0\ncall 2\n"
#define GET(map, key)                                                                              \
	"*(u32 *)(r10 - 4) = " key "\nr1 = " map " ll\nr2 = r10\nr2 += -4\ncall 1\n"

static void test_maps(void)
{
	both("update and lookup",
	     PUT("0x10000", "7", "99") GET("0x10000", "7") "if r0 == 0 goto +1\n"
	     "r0 = *(u64 *)(r0 + 0)\nexit", 99);
	both("delete", PUT("0x10000", "8", "1") "r1 = 0x10000 ll\nr2 = r10\nr2 += -4\ncall 3\n"
	     GET("0x10000", "8") "exit", 0);
	both("the copy of another CPU",
	     PUT("0x10002", "0", "5") "*(u32 *)(r10 - 4) = 0\nr1 = 0x10002 ll\nr2 = r10\n"
	     "r2 += -4\nr3 = 1\ncall 195\nr6 = *(u64 *)(r0 + 0)\nr1 = 0x10002 ll\nr2 = r10\n"
	     "r2 += -4\nr3 = 0\ncall 195\nr0 = *(u64 *)(r0 + 0)\nr6 -= r0\nr1 = 0x10002 ll\n"
	     "r2 = r10\nr2 += -4\nr3 = 2\ncall 195\nr0 += r6\nexit", 5);
	both("for_each over an array: keys and values",
	     PUT("0x10001", "2", "1000") "r1 = 0x10001 ll\nr2 = 0x20001 ll\nr3 = r10\nr3 += -32\n"
	     "*(u64 *)(r3 + 0) = 0\nr4 = 0\ncall 164\nr0 <<= 32\nr1 = *(u64 *)(r10 - 32)\n"
	     "r0 += r1\nexit\n"
	     "r9 = 1\nr5 = *(u32 *)(r2 + 0)\nr3 = *(u64 *)(r3 + 0)\nr5 += r3\n"
	     "r3 = *(u64 *)(r4 + 0)\nr3 += r5\n*(u64 *)(r4 + 0) = r3\nr0 = 0\nexit",
	     4ULL << 32 | 1006);
	both("for_each is stopped",
	     "r1 = 0x10001 ll\nr2 = 0x20001 ll\nr3 = 0\nr4 = 0\ncall 164\nexit\n"
	     "r9 = 1\nr0 = 1\nexit", 1);
	both("loop with the stack as context",
	     "*(u64 *)(r10 - 8) = 0\nr1 = 100\nr2 = 0x20001 ll\nr3 = r10\nr3 += -8\nr4 = 0\n"
	     "call 181\nr0 = *(u64 *)(r10 - 8)\nexit\n"
	     "r9 = 1\nr3 = *(u64 *)(r2 + 0)\nr3 += r1\n*(u64 *)(r2 + 0) = r3\nr0 = 0\nexit", 4950);
}

static void test_messages(void)
{
	/* "%s %d" and "hey" on the stack, byte by byte for both byte orders */
	both("trace_printk with a string on the stack",
	     "*(u8 *)(r10 - 8) = 37\n*(u8 *)(r10 - 7) = 115\n*(u8 *)(r10 - 6) = 32\n"
	     "*(u8 *)(r10 - 5) = 37\n*(u8 *)(r10 - 4) = 100\n*(u8 *)(r10 - 3) = 0\n"
	     "*(u8 *)(r10 - 16) = 104\n*(u8 *)(r10 - 15) = 101\n*(u8 *)(r10 - 14) = 121\n"
	     "*(u8 *)(r10 - 13) = 0\n"
	     "r1 = r10\nr1 += -8\nr2 = 8\nr3 = r10\nr3 += -16\nr4 = 42\nr5 = 0\ncall 6\nexit", 6);
	tap_str(message, "hey 42", "the message");
	both("probe_read of the program's own stack",
	     "*(u64 *)(r10 - 8) = 77\nr1 = r10\nr1 += -16\nr2 = 8\nr3 = r10\nr3 += -8\ncall 113\n"
	     "r1 = *(u64 *)(r10 - 16)\nr0 += r1\nexit", 77);
	both("probe_read of a map's value",
	     PUT("0x10001", "1", "55") GET("0x10001", "1") "r3 = r0\nr1 = r10\nr1 += -24\nr2 = 8\n"
	     "call 113\nr0 = *(u64 *)(r10 - 24)\nexit", 55);
	both("probe_read onto what it reads (probe-read-overlap)",
	     "r1 = 0x1122334455667788 ll\n*(u64 *)(r10 - 16) = r1\n*(u64 *)(r10 - 8) = r1\n"
	     "r1 = r10\nr1 += -12\nr2 = 12\nr3 = r10\nr3 += -16\ncall 113\n"
	     "r1 = *(u32 *)(r10 - 4)\nr2 = *(u32 *)(r10 - 12)\nr1 -= r2\nr0 += r1\nexit", 0);
	both("probe_read_str onto what it reads (probe-read-overlap)",
	     "*(u64 *)(r10 - 16) = -1\n*(u64 *)(r10 - 8) = 0\nr1 = r10\nr1 += -15\nr2 = 15\n"
	     "r3 = r10\nr3 += -16\ncall 115\nexit", 9);
	both("probe_read of nothing to NULL (probe-read-empty)",
	     "r1 = 0\nr2 = 0\nr3 = 0\ncall 113\nexit", 0);
	both("probe_read of what is nobody's",
	     "*(u64 *)(r10 - 8) = -1\nr1 = r10\nr1 += -8\nr2 = 8\nr3 = 4096\ncall 113\n"
	     "r1 = *(u64 *)(r10 - 8)\nr0 += r1\nexit", (u64)-EFAULT);
}

static int add_record(void *cookie, const void *data, u32 size_bytes)
{
	*(u64 *)cookie += *(const u64 *)data + size_bytes;
	return 0;
}

#define RESERVE "r1 = 0x10003 ll\nr2 = 16\nr3 = 0\ncall 131\nif r0 == 0 goto +1\ngoto +1\nexit\n"

static void test_rings(void)
{
	u64 sum = 0;

	both("reserve, fill in, submit",
	     RESERVE "*(u64 *)(r0 + 0) = 100\n*(u64 *)(r0 + 8) = 0\nr1 = r0\nr2 = 0\ncall 132\n"
	     "r0 = 7\nexit", 7);
	both("discard", RESERVE "*(u64 *)(r0 + 0) = 5000\nr1 = r0\nr2 = 0\ncall 133\nr0 = 7\nexit",
	     7);
	both("output of the stack",
	     "*(u64 *)(r10 - 8) = 1000\nr1 = 0x10003 ll\nr2 = r10\nr2 += -8\nr3 = 8\nr4 = 0\n"
	     "call 130\nexit", 0);
	tap_eq(map_ringbuf_consume(maps[3], add_record, &sum), 4, "records that came out");
	tap_eq(sum, 2 * (100 + 16) + 2 * (1000 + 8), "with what was put in");
	both("what a ring says of itself", "r1 = 0x10003 ll\nr2 = 1\ncall 134\nexit", 65536);
	both("a perf buffer that nobody opened",
	     "*(u64 *)(r10 - 8) = 1\nr2 = 0x10004 ll\nr3 = -1\nr3 <<= 32\nr3 >>= 32\nr4 = r10\n"
	     "r4 += -8\nr5 = 8\ncall 25\nexit", (u64)-ENOENT);
	both("a perf buffer beyond the array",
	     "*(u64 *)(r10 - 8) = 1\nr2 = 0x10004 ll\nr3 = 4\nr4 = r10\nr4 += -8\nr5 = 8\n"
	     "call 25\nexit", (u64)-E2BIG);
	faults("a record after it was submitted",
	       RESERVE "r6 = r0\nr1 = r0\nr2 = 0\ncall 132\n*(u64 *)(r6 + 0) = 1\nexit",
	       FAULT_WRITE);
	faults("a record submitted twice",
	       RESERVE "r6 = r0\nr1 = r0\nr2 = 0\ncall 132\nr1 = r6\nr2 = 0\ncall 132\nexit",
	       FAULT_ARG);
	faults("the middle of a record", RESERVE "r1 = r0\nr1 += 8\nr2 = 0\ncall 132\nexit",
	       FAULT_ARG);
	faults("beyond a record", RESERVE "*(u64 *)(r0 + 16) = 1\nexit", FAULT_WRITE);
	sum = 0;
	faults("a record that is never committed", RESERVE "*(u64 *)(r0 + 0) = 3\nr0 = 0\nexit",
	       FAULT_CALL);
	faults("a fault with a record reserved", RESERVE "r1 = 0\nr1 = *(u64 *)(r1 + 0)\nexit",
	       FAULT_READ);
	both("an empty record out of NULL (ring-output-empty)",
	     "r1 = 0x10003 ll\nr2 = 0\nr3 = 0\nr4 = 2\ncall 130\nexit", 0);
	both("output after both",
	     "*(u64 *)(r10 - 8) = 1\nr1 = 0x10003 ll\nr2 = r10\nr2 += -8\nr3 = 8\nr4 = 0\n"
	     "call 130\nexit", 0);
	tap_eq(map_ringbuf_consume(maps[3], add_record, &sum), 6, "no record blocks the ring");
	faults("a value of an array as a record",
	       GET("0x10001", "1") "r1 = r0\nr2 = 0\ncall 132\nexit", FAULT_ARG);
}

/* strncmp(stack, 1, text of the read-only map) */
#define COMPARE GET("0x10005", "0") "r3 = r0\n*(u8 *)(r10 - 8) = 97\nr1 = r10\nr1 += -8\n"        \
	"r2 = 1\ncall 182\nexit"

static void test_strings(void)
{
	const u8 text[8] = "a";
	const u32 key = 0;

	tap_ok(!map_user_update(maps[5], &key, text, 0), "text in a map read-only for programs");
	faults("text that may yet change (string-not-frozen)", COMPARE, FAULT_ARG);
	tap_ok(!map_freeze(maps[5]), "frozen");
	both("text that cannot change (string-frozen)", COMPARE, 0);
}

static void test_guard(void)
{
	faults("a map that is none",
	       "r1 = 5\nr2 = r10\nr2 += -4\n*(u32 *)(r10 - 4) = 0\ncall 1\nexit",
	       FAULT_ARG);
	faults("a key beyond the frame",
	       "r1 = 0x10000 ll\nr2 = r10\nr2 += -2\ncall 1\nexit", FAULT_READ);
	faults("a helper on a map of another type",
	       "r1 = 0x10001 ll\nr2 = r10\nr2 += -8\nr3 = 0\ncall 87\nexit", FAULT_ARG);
	faults("a size that is negative",
	       "r1 = r10\nr1 += -16\nr2 = -1\nr3 = 0\ncall 113\nexit", FAULT_ARG);
	faults("a function that is none",
	       "r1 = 1\nr2 = 5\nr3 = 0\nr4 = 0\ncall 181\nexit", FAULT_ARG);
	faults("a callback that goes wrong",
	       "r1 = 5\nr2 = 0x20001 ll\nr3 = 0\nr4 = 0\ncall 181\nexit\n"
	       "r9 = 1\nr0 = *(u64 *)(r2 + 0)\nexit", FAULT_READ);
	faults("a map key after its callback",
	       "r1 = 0x10001 ll\nr2 = 0x20001 ll\nr3 = r10\nr3 += -8\nr4 = 0\ncall 164\n"
	       "r1 = *(u64 *)(r10 - 8)\nr0 = *(u32 *)(r1 + 0)\nexit\n"
	       "r9 = 1\n*(u64 *)(r4 + 0) = r2\nr0 = 1\nexit", FAULT_READ);
	faults("an argument never written",
	       "r1 = 0x10002 ll\nr2 = r10\nr2 += -4\n*(u32 *)(r2 + 0) = 0\ncall 195\nexit",
	       FAULT_UNINIT);
}

static int make_maps(void)
{
	static const struct map_attr attrs[MAPS] = {
		{ .type = MAP_TYPE_HASH, .key_size_bytes = 4, .value_size_bytes = 8,
		  .max_entries = 4, .name = "hash" },
		{ .type = MAP_TYPE_ARRAY, .key_size_bytes = 4, .value_size_bytes = 8,
		  .max_entries = 4, .name = "array" },
		{ .type = MAP_TYPE_PERCPU_ARRAY, .key_size_bytes = 4, .value_size_bytes = 8,
		  .max_entries = 4, .name = "percpu" },
		{ .type = MAP_TYPE_RINGBUF, .max_entries = 65536, .name = "ring" },
		{ .type = MAP_TYPE_PERF_EVENT_ARRAY, .key_size_bytes = 4, .value_size_bytes = 4,
		  .max_entries = 4, .name = "perf" },
		{ .type = MAP_TYPE_ARRAY, .key_size_bytes = 4, .value_size_bytes = 8,
		  .max_entries = 1, .flags = MAP_F_RDONLY_PROG, .name = "text" },
	};
	int err = 0;
	u32 i;

	for (i = 0; i < MAPS && !err; i++)
		err = map_create(&attrs[i], &env, &maps[i]);
	return err;
}

int main(void)
{
	u32 i;

	if (make_maps())
		return tap_ok(false, "maps for the programs"), tap_done();
	test_maps();
	test_messages();
	test_rings();
	test_guard();
	test_strings();
	for (i = 0; i < MAPS; i++)
		map_put(maps[i]);
	return tap_done();
}
