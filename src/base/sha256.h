/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SHA-256 (FIPS 180-4), for program tags only: on Linux 6.18 a tag is the first eight bytes of a
 * program's SHA-256 (older kernels took SHA-1; docs/adr/0002). Not meant for secrets.
 */
#ifndef SKEP_BASE_SHA256_H
#define SKEP_BASE_SHA256_H

#include "base/types.h"

#define SHA256_BYTES 32

struct sha256 {
	u32 state[8];
	u64 len_bytes;
	u8 block[64];
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t len);
void sha256_end(struct sha256 *s, u8 ret_digest[SHA256_BYTES]);

#endif
