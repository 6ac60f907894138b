/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/sha256.h"

#include <string.h>

#include "base/bytes.h"

/* Fractional parts of the cube roots of the first 64 primes (FIPS 180-4 section 4.2.2). */
static const u32 round_constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
	0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static u32 rotr32(u32 v, u32 n)
{
	return v >> n | v << (32 - n);
}

void sha256_init(struct sha256 *s)
{
	/* Fractional parts of the square roots of the first 8 primes. */
	static const u32 start[8] = {
		0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
		0x1f83d9ab, 0x5be0cd19,
	};

	memcpy(s->state, start, sizeof(start));
	s->len_bytes = 0;
}

static u32 schedule(u32 w[16], u32 t)
{
	u32 w15 = w[(t + 1) % 16], w2 = w[(t + 14) % 16];

	w[t % 16] += (rotr32(w15, 7) ^ rotr32(w15, 18) ^ w15 >> 3) + w[(t + 9) % 16] +
		     (rotr32(w2, 17) ^ rotr32(w2, 19) ^ w2 >> 10);
	return w[t % 16];
}

/* FIPS 180-4 section 6.2.2, with the message schedule in a ring of 16 words. */
static void sha256_block(u32 state[8], const u8 *block)
{
	u32 w[16], v[8];

	memcpy(v, state, sizeof(v));
	for (u32 t = 0; t < 64; t++) {
		u32 a = v[0], e = v[4], t1, t2;

		if (t < 16)
			w[t] = load_be32(block + t * 4);
		t1 = v[7] + (rotr32(e, 6) ^ rotr32(e, 11) ^ rotr32(e, 25)) +
		     ((e & v[5]) ^ (~e & v[6])) + round_constants[t] +
		     (t < 16 ? w[t] : schedule(w, t));
		t2 = (rotr32(a, 2) ^ rotr32(a, 13) ^ rotr32(a, 22)) +
		     ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
		memmove(v + 1, v, 7 * sizeof(v[0]));
		v[4] += t1;
		v[0] = t1 + t2;
	}
	for (u32 i = 0; i < 8; i++)
		state[i] += v[i];
}

void sha256_add(struct sha256 *s, const void *data, size_t len)
{
	const u8 *p = data;

	while (len) {
		size_t have = s->len_bytes % 64;
		size_t take = len < 64 - have ? len : 64 - have;

		memcpy(s->block + have, p, take);
		s->len_bytes += take;
		p += take;
		len -= take;
		if (have + take == 64)
			sha256_block(s->state, s->block);
	}
}

void sha256_end(struct sha256 *s, u8 ret_digest[SHA256_BYTES])
{
	u8 tail[72] = { 0x80 };
	u64 bits = s->len_bytes * 8;
	size_t pad = 64 - (s->len_bytes + 8) % 64; /* 1..64, so that the length ends a block */

	store_be64(tail + pad, bits);
	sha256_add(s, tail, pad + 8);
	for (u32 i = 0; i < 8; i++)
		store_be32(ret_digest + i * 4, s->state[i]);
}
