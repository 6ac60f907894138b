/* SPDX-License-Identifier: BSD-2-Clause */
/* What is not worth being inlined of the encoders for x86-64. */
#include "jit/x86_64/enc.h"

#define NOP_BYTES_MAX 9u

/* The forms that Intel recommends for 1 to 9 bytes (SDM volume 2, NOP). */
static const u8 nops[NOP_BYTES_MAX][NOP_BYTES_MAX] = {
	{ 0x90 },
	{ 0x66, 0x90 },
	{ 0x0f, 0x1f, 0x00 },
	{ 0x0f, 0x1f, 0x40, 0 },
	{ 0x0f, 0x1f, 0x44, 0, 0 },
	{ 0x66, 0x0f, 0x1f, 0x44, 0, 0 },
	{ 0x0f, 0x1f, 0x80, 0, 0, 0, 0 },
	{ 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0 },
	{ 0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0 },
};

void x86_nop(struct jit_buf *b, u32 n)
{
	while (n) {
		const u32 take = MIN(n, NOP_BYTES_MAX);

		memcpy(b->p + b->len, nops[take - 1], take);
		b->len += take;
		n -= take;
	}
}
