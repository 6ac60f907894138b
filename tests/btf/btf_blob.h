/* SPDX-License-Identifier: BSD-2-Clause */
/* Builds raw BTF word by word, good or bad. Strings and types have fixed room: tests are small. */
#ifndef SKEP_TESTS_BTF_BLOB_H
#define SKEP_TESTS_BTF_BLOB_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define BLOB_TYPE_WORDS 8192
#define BLOB_STR_BYTES	2048
#define BLOB_BYTES	(24 + BLOB_TYPE_WORDS * 4 + BLOB_STR_BYTES)

struct btf_blob {
	uint32_t words[BLOB_TYPE_WORDS], word_cnt, type_cnt;
	char str[BLOB_STR_BYTES];
	uint32_t str_len;
	uint8_t raw[BLOB_BYTES];
	uint32_t raw_len;
};

static inline void blob_init(struct btf_blob *b)
{
	memset(b, 0, sizeof(*b));
	b->str_len = 1;
}

static inline uint32_t blob_str(struct btf_blob *b, const char *s)
{
	uint32_t off = b->str_len, len = (uint32_t)strlen(s) + 1;

	if (!*s)
		return 0;
	memcpy(b->str + off, s, len);
	b->str_len += len;
	return off;
}

static inline void blob_word(struct btf_blob *b, uint32_t w)
{
	if (b->word_cnt < BLOB_TYPE_WORDS)
		b->words[b->word_cnt++] = w;
}

/* One record's first three words; returns its id. */
static inline uint32_t blob_type(struct btf_blob *b, const char *name, uint32_t kind, uint32_t vlen,
				 uint32_t size_or_type)
{
	blob_word(b, blob_str(b, name));
	blob_word(b, kind << 24 | vlen);
	blob_word(b, size_or_type);
	return ++b->type_cnt;
}

static inline uint32_t blob_int(struct btf_blob *b, const char *name, uint32_t size, uint32_t data)
{
	uint32_t id = blob_type(b, name, 1, 0, size);

	blob_word(b, data);
	return id;
}

static inline uint32_t blob_array(struct btf_blob *b, uint32_t elem, uint32_t index, uint32_t cnt)
{
	uint32_t id = blob_type(b, "", 3, 0, 0);

	blob_word(b, elem);
	blob_word(b, index);
	blob_word(b, cnt);
	return id;
}

static inline void blob_member(struct btf_blob *b, const char *name, uint32_t type, uint32_t off)
{
	blob_word(b, blob_str(b, name));
	blob_word(b, type);
	blob_word(b, off);
}

static inline void blob_finish(struct btf_blob *b)
{
	uint32_t type_len = b->word_cnt * 4;
	const uint32_t header[6] = { 0x0001eb9f, 24, 0, type_len, type_len, b->str_len };

	memcpy(b->raw, header, sizeof(header));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	b->raw[0] = 0xeb, b->raw[1] = 0x9f, b->raw[2] = 1, b->raw[3] = 0;
#endif
	memcpy(b->raw + 24, b->words, type_len);
	memcpy(b->raw + 24 + type_len, b->str, b->str_len);
	b->raw_len = 24 + type_len + b->str_len;
}

#endif
