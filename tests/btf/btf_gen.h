/* SPDX-License-Identifier: BSD-2-Clause */
/* Random BTF, mostly sensible, and mutated. Included once by a program that sets rng_state. */
#ifndef SKEP_TESTS_BTF_GEN_H
#define SKEP_TESTS_BTF_GEN_H

#include "base/str.h"
#include "btf/btf.h"
#include "base/err.h"
#include "base/mem.h"
#include "btf/fields.h"
#include "tests/btf/btf_blob.h"

static uint64_t rng_state;

static uint32_t rnd(uint32_t below)
{
	rng_state = rng_state * 6364136223846793005ull + 1442695040888963407ull;
	return below ? (uint32_t)(rng_state >> 33) % below : 0;
}

/* Everything that a reader may ask; the values go nowhere. */
static inline void ask_all(struct btf *btf)
{
	static const uint8_t zeros[256];
	const struct btf_show_opts opts = { .style = BTF_SHOW_C };
	struct str text = STR_INIT;
	struct btf_fields *fields;

	for (uint32_t id = 0; id < btf_type_cnt(btf); id++) {
		uint32_t at = id, size;

		btf_type_sized(btf, &at, &size);
		at = id;
		btf_type_skip_modifiers(btf, &at);
		if (btf_parse_fields(btf, id, ~0u, &fields) == -ENOMEM)
			__builtin_trap();
		mem_free(fields);
		str_reset(&text);
		btf_type_text(btf, id, &text);
		btf_show(&(struct btf_value){ btf, id, zeros, sizeof(zeros) }, &opts, &text);
	}
	str_fini(&text);
}

static const char *const names[] = { "", "a", "foo", "bar.x", ".data", "9x", "?x y", "int" };

static const char *some_name(bool wanted)
{
	if (rnd(12) == 0)
		return names[rnd(8)];
	return wanted ? names[1 + rnd(3)] : "";
}

static uint32_t some_id(const struct btf_blob *b, uint32_t total)
{
	switch (rnd(24)) {
	case 0:
		return 0;
	case 1:
		return total + rnd(3);
	case 2:
	case 3:
	case 4:
	case 5:
		return 1 + rnd(total);
	default:
		return b->type_cnt ? 1 + rnd(b->type_cnt) : 1;
	}
}

static void add_struct(struct btf_blob *b, uint32_t total, uint32_t kind)
{
	uint32_t vlen = rnd(4), kflag = rnd(4) == 0, off = 0;

	blob_word(b, blob_str(b, some_name(rnd(2))));
	blob_word(b, kflag << 31 | kind << 24 | vlen);
	blob_word(b, rnd(6) ? 8 * (1 + rnd(8)) : rnd(40));
	for (uint32_t i = 0; i < vlen; i++) {
		uint32_t bits = kflag && rnd(2) ? rnd(rnd(2) ? 34 : 9) << 24 : 0;

		blob_member(b, some_name(rnd(2)), some_id(b, total), off | bits);
		if (kind == 4)
			off += rnd(4) ? 64 : rnd(4) ? 32 : rnd(20);
	}
	b->type_cnt++;
}

static void add_vlen_type(struct btf_blob *b, uint32_t total, uint32_t kind)
{
	uint32_t vlen = rnd(4), at = 0;

	if (kind == 6 || kind == 19) { /* enumerations */
		blob_type(b, some_name(rnd(2)), kind, vlen, rnd(8) ? 1u << rnd(4) : rnd(10));
		for (uint32_t i = 0; i < vlen; i++) {
			blob_word(b, blob_str(b, some_name(true)));
			blob_word(b, i);
			if (kind == 19)
				blob_word(b, 0);
		}
	} else if (kind == 13) { /* prototype */
		blob_type(b, some_name(false), kind, vlen, rnd(2) ? 0 : some_id(b, total));
		for (uint32_t i = 0; i < vlen; i++) {
			blob_word(b, blob_str(b, some_name(true)));
			blob_word(b, i + 1 == vlen && !rnd(3) ? 0 : some_id(b, total));
		}
	} else { /* data section */
		blob_type(b, some_name(true), kind, vlen, 16 * (vlen + rnd(8) / 7));
		for (uint32_t i = 0; i < vlen; i++) {
			blob_word(b, some_id(b, total));
			blob_word(b, rnd(10) ? at : rnd(20));
			blob_word(b, rnd(6) ? 16 : rnd(20));
			at += 16;
		}
	}
}

static void add_type(struct btf_blob *b, uint32_t total)
{
	static const uint32_t int_data[] = { 32, 32, 1u << 24 | 32, 8, 64, 16, 128, 7, 4 << 16 | 8,
					     3u << 24 | 32, 129, 1u << 28 | 32, 0 };
	uint32_t kind = rnd(3) ? 1 + rnd(19) : 1 + rnd(5);

	if (rnd(80) == 0)
		kind = rnd(33);
	switch (kind) {
	case 1:
		blob_int(b, some_name(true), rnd(8) ? 4u << rnd(3) : rnd(20),
			 int_data[rnd(rnd(3) ? 7 : 13)]);
		break;
	case 3:
		blob_array(b, some_id(b, total), some_id(b, total), rnd(8) ? rnd(9) : 0x40000000);
		break;
	case 4:
	case 5:
		add_struct(b, total, kind);
		break;
	case 6:
	case 13:
	case 15:
	case 19:
		add_vlen_type(b, total, kind);
		break;
	case 7:
		blob_type(b, some_name(true), kind | (rnd(2) << 7), 0, 0);
		break;
	case 12:
		blob_type(b, some_name(true), kind, rnd(8) / 6, some_id(b, total));
		break;
	case 14:
		blob_type(b, some_name(true), kind, 0, some_id(b, total));
		blob_word(b, rnd(9) / 4);
		break;
	case 16:
		blob_type(b, some_name(true), kind, 0, rnd(4) ? 4u << rnd(3) : rnd(20));
		break;
	case 17:
		kind |= rnd(6) ? 0 : 1u << 7;
		blob_type(b, some_name(true), kind, 0, some_id(b, total));
		blob_word(b, rnd(4) - 2);
		break;
	case 18:
		kind |= rnd(6) ? 0 : 1u << 7;
		blob_type(b, some_name(true), kind, 0, some_id(b, total));
		break;
	case 8:
		blob_type(b, some_name(true), kind, 0, some_id(b, total));
		break;
	default:
		blob_type(b, some_name(false), kind, 0, some_id(b, total));
	}
}

static inline void make_blob(struct btf_blob *b)
{
	uint32_t total = 1 + rnd(rnd(8) ? 10 : 60);

	blob_init(b);
	blob_int(b, "int", 4, 1u << 24 | 32);
	while (b->type_cnt < total)
		add_type(b, total);
	blob_finish(b);
	if (rnd(4) == 0) {
		uint32_t flips = 1 + rnd(3);

		while (flips--)
			b->raw[rnd(rnd(2) ? b->raw_len : 24)] ^= (uint8_t)(1u << rnd(8));
	}
	if (rnd(30) == 0)
		b->raw_len = rnd(b->raw_len);
}

#endif
