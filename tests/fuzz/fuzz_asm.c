/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The assembler on any text: it gives a program or an error with a place. A program it gives
 * comes back the same through the default style's text.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "isa/asm.h"
#include "isa/text.h"
#include "tests/fuzz/fuzz.h"

static const char *const seeds[] = {
	"r1 += 5\n", "w1 s>>= w2\n", "r1 = (s8)r2\n", "w3 = -w3\n", "r1 = bswap16 r1\n",
	"r1 = *(u32 *)(r2 +8)\n", "*(u64 *)(r10 -8) = r1\n", "*(u8 *)(r1 +0) = 7\n",
	"if r1 s<= 0x5 goto pc-2\n", "if w1 & w2 goto +0x3 <prog+0x20>\n", "goto pc+3\n",
	"gotol pc-70000\n", "may_goto pc+2\n", "call bpf_map_lookup_elem#1\n", "call pc+5\n",
	"call kernel-function#77 ; !off=2\n", "(18) r1 = 0x5 ; !src=1\n", "exit ; !dst=3\n",
	"r1 = 0x1122334455667788 ll\n", "lock *(u32 *)(r1 +8) ^= r2\n", "(8f) BUG_8f ; !imm=3\n",
	"r2 = atomic64_fetch_add((u64 *)(r1 +8), r2)\n", "store_release((u64 *)(r1 +8), r2)\n",
	"r0 = atomic_cmpxchg((u32 *)(r1 -4), r0, r2)\n", "r1 = load_acquire((u8 *)(r2 +8))\n",
	"r1 = addr_space_cast(r2, 0, 1)\n", "r0 = *(u16 *)skb[12]\n", "r0 = *(u8 *)skb[r3 + -4]\n",
	"       0:\tb7 00 00 00 02 00 00 00\tr0 = 0x2\n", "0000000000000000 <prog>:\n",
	"r2 = xchg_64(r1 + 0x8, r2)\n", "ld_pseudo\tr1, 0x2, 0xfffffffb\n", "mov32 r0, 1\n",
	"add %r1,%r2\n", "swap64 r1\n", "movsx832 r1, r2\n", "lddw r0, 0x123456789abcdef0\n",
	"ldxdw r2, [r1+0]\n", "stw [r10-4], 0xCCBBAA99\n", "jeq r1, 0x10, out\n", "out:\n",
	"lock fetch add32 [r10-8], r1\n", "call local out\n", "callx r3\n", "exit\n",
	"movs32 %r1,%r2,16\n", "endbe %r1,64\n", "xaddw [%r1+8],%r2\n", "/* x */", "# x\n",
	"ldindb %r1,5\n", "jal -2\n", "again: goto again\n",
};

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	const struct isa_text_opts opts = { .style = ISA_STYLE_KERNEL };
	char text[FUZZ_INPUT_BYTES_MAX + 1];
	struct insn *insns = NULL, *back = NULL;
	struct isa_asm_error error;
	struct str out = STR_INIT;
	u32 cnt = 0, back_cnt = 0;
	int err;

	len = MIN(len, FUZZ_INPUT_BYTES_MAX);
	memcpy(text, data, len);
	text[len] = 0;
	err = isa_asm(text, &insns, &cnt, &error);
	fuzz_assert(!err || (err == -EINVAL && error.line && error.col && error.text[0]));
	if (!err && cnt && insns[0].dst % 4 == 0) {
		isa_text_program(&out, insns, cnt, &opts);
		fuzz_assert(!isa_asm(str_c(&out), &back, &back_cnt, &error));
		fuzz_assert(back_cnt == cnt && !memcmp(back, insns, cnt * sizeof(*insns)));
	}
	str_fini(&out);
	mem_free(insns);
	mem_free(back);
	return 0;
}

/* A few lines, with bytes changed, dropped, doubled, or pieces of other lines put in. */
size_t fuzz_make(u64 *rng, u8 *buf)
{
	const u32 lines = 1 + fuzz_below(rng, 3);
	u32 n, changes;
	size_t len = 0;

	for (n = 0; n < lines; n++) {
		const char *seed = seeds[fuzz_below(rng, ARRAY_SIZE(seeds))];
		const size_t from = fuzz_below(rng, 8) ? 0 : fuzz_below(rng, (u32)strlen(seed));

		memcpy(buf + len, seed + from, strlen(seed + from));
		len += strlen(seed + from);
	}
	for (changes = fuzz_below(rng, 4); changes && len > 1; changes--) {
		static const char bytes[] = " ,()[]+-=*;:#!<>&|^%0123456789abcfhlrswxu\n\t_\"";
		const u32 at = fuzz_below(rng, (u32)len);

		if (fuzz_below(rng, 3)) {
			buf[at] = fuzz_below(rng, 4) ?
					  (u8)bytes[fuzz_below(rng, sizeof(bytes) - 1)] :
					  (u8)fuzz_below(rng, 256);
		} else {
			memmove(buf + at, buf + at + 1, len - at - 1);
			len--;
		}
	}
	return len;
}
