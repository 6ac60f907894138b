/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as BTF: what parses answers every question, and nothing is read outside. */
#include <string.h>

#include "tests/btf/btf_gen.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct btf *btf;

	if (!btf_parse(data, len, NULL, &btf)) {
		ask_all(btf);
		btf_put(btf);
	}
	return 0;
}

size_t fuzz_make(u64 *rng, u8 *buf)
{
	static struct btf_blob blob;
	size_t len;

	rng_state = *rng;
	make_blob(&blob);
	*rng = rng_state | 1;
	len = MIN(blob.raw_len, (size_t)FUZZ_INPUT_BYTES_MAX);
	memcpy(buf, blob.raw, len);
	return len;
}
