/* SPDX-License-Identifier: BSD-2-Clause */
/* Machine code as text, by each of the three ways that are here. */
#include "cli/native_text.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "tests/tap.h"

#define RANDOM_BYTES 20000
#define ADDR         0x555512340000ull

struct seen {
	const struct native_code *code;
	u64 at;    /* what comes next */
	u32 wrong; /* gaps, overlaps, empty or untidy text */
	u32 cnt, stop_after;
	char texts[8][64];
};

static int see(void *cookie, const struct native_insn *insn)
{
	struct seen *s = cookie;

	s->wrong += insn->addr != s->at ||
		    insn->code != (const u8 *)s->code->code + (s->at - ADDR) || !insn->bytes ||
		    !*insn->text || strchr(insn->text, '\t') || strstr(insn->text, "  ");
	s->at = insn->addr + insn->bytes;
	if (s->cnt < 8)
		snprintf(s->texts[s->cnt], sizeof(s->texts[0]), "%s", insn->text);
	s->cnt++;
	return s->stop_after && s->cnt == s->stop_after ? 42 : 0;
}

static const char *const how_names[] = { "the best", "capstone", "objdump", "hex" };

static const u8 x86[] = { 0xf3, 0x0f, 0x1e, 0xfa, 0x48, 0x8b, 0x07,
			  0x0f, 0xff, 0xff, 0xff, 0xeb, 0xf7, 0xc3 };
static const u32 arm64[] = { 0xf9400001, 0x00000000, 0x17fffffe, 0xd65f03c0 };

/* The mnemonics, those that both libraries agree on; NULL: anything. */
static const char *const x86_want[] = { "endbr64", "mov" };
static const char *const arm64_want[] = { "ldr", NULL, "b", "ret" };

static void test_known(enum native_how how, const char *isa)
{
	bool is_arm = *isa == 'a';
	const struct native_code code = { .code = is_arm ? (const void *)arm64 : x86,
					  .bytes = is_arm ? sizeof(arm64) : sizeof(x86),
					  .addr = ADDR,
					  .isa = isa,
					  .how = how };
	const char *const *want = is_arm ? arm64_want : x86_want;
	u32 cnt = is_arm ? ARRAY_SIZE(arm64_want) : ARRAY_SIZE(x86_want);
	struct seen s = { .code = &code, .at = ADDR };
	int err = native_text(&code, see, &s);

	if (err == -ENOTSUP && how != NATIVE_HEX && how != NATIVE_BEST) {
		tap_skip("no %s for %s here", how_names[how], isa);
		return;
	}
	tap_eq(err, 0, "%s of %s", how_names[how], isa);
	tap_ok(!s.wrong && s.at == ADDR + code.bytes, "%s of %s: all bytes, once", how_names[how],
	       isa);
	for (u32 i = 0; i < cnt && how != NATIVE_HEX && how != NATIVE_BEST; i++)
		if (want[i])
			tap_ok(!strncmp(s.texts[i], want[i], strlen(want[i])),
			       "%s of %s: \"%s\" is %s", how_names[how], isa, s.texts[i], want[i]);
	s = (struct seen){ .code = &code, .at = ADDR, .stop_after = 2 };
	tap_ok(native_text(&code, see, &s) == 42 && s.cnt == 2, "%s of %s: ends when told",
	       how_names[how], isa);
}

/* Data must be shown whole, too. */
static void test_random(enum native_how how, const char *isa)
{
	u8 *bytes = mem_zalloc(RANDOM_BYTES);
	const struct native_code code = {
		.code = bytes, .bytes = RANDOM_BYTES - 3, .addr = ADDR, .isa = isa, .how = how
	};
	struct seen s = { .code = &code, .at = ADDR };
	u64 x = 88172645463325252ull;
	int err;

	for (u32 i = 0; bytes && i < RANDOM_BYTES; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		bytes[i] = (i / 64) % 5 ? (u8)x : 0; /* and rows of zeros */
	}
	err = bytes ? native_text(&code, see, &s) : -ENOMEM;
	if (err == -ENOTSUP)
		tap_skip("no %s for %s here", how_names[how], isa);
	else
		tap_ok(!err && s.at == ADDR + code.bytes && !s.wrong,
		       "%s of %s: any bytes, all of them", how_names[how], isa);
	mem_free(bytes);
}

int main(void)
{
	const struct native_code bad = { .code = x86, .bytes = 1, .isa = "vax" };
	const struct native_code none = { .code = x86, .bytes = 0, .isa = "arm64" };
	struct seen s = { .code = &none };

	for (u32 how = NATIVE_BEST; how <= NATIVE_HEX; how++) {
		test_known((enum native_how)how, "x86_64");
		test_known((enum native_how)how, "arm64");
		test_random((enum native_how)how, "x86_64");
		test_random((enum native_how)how, "arm64");
	}
	tap_eq(native_text(&bad, see, &s), -EINVAL, "an unknown machine");
	tap_ok(!native_text(&none, see, &s) && !s.cnt, "no code, no text");
	/* Nothing to run: hex. */
	setenv("PATH", "/nowhere", 1);
	test_known(NATIVE_OBJDUMP, "x86_64");
	test_known(NATIVE_BEST, "x86_64");
	return tap_done();
}
