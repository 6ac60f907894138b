/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From bytes to a struct btf: header, sections, index by id. The order of the checks is
 * btf_parse()'s of the kernel, so that a block with two faults is refused for the same one.
 *
 * After btf_parse succeeded every id, string offset and length inside the block is known to be
 * good. Chains of names and qualifiers end, but an array (of size 0) may contain itself through a
 * typedef when a pointer to that was resolved first, as in the kernel: who walks into elements
 * bounds his steps.
 */
#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "btf/btf_int.h"
#include "btf/fields.h"

static const struct btf_type void_type;

const char *const btf_kind_names[BTF_KIND_CNT] = {
#define BTF_KIND(id, value, name, sized, extra, per_vlen) [value] = name,
#include "btf/kinds.def"
#undef BTF_KIND
};

const char *btf_kind_name(enum btf_kind kind)
{
	return (u32)kind < BTF_KIND_CNT ? btf_kind_names[kind] : "UNKNOWN";
}

int btf_fail(struct btf *btf, u32 id, int err, const char *fmt, ...)
{
	va_list ap;

	if (!btf->log)
		return err;
	if (id) {
		const struct btf_type *t = btf_type_by_id(btf, id);
		u32 kind = t ? (u32)btf_type_kind(t) : BTF_KIND_CNT;
		const char *name = t ? btf_str(btf, t->name_off) : NULL;

		str_addf(btf->log, "[%u] %s %s: ", id,
			 kind < BTF_KIND_CNT ? btf_kind_names[kind] : "type",
			 !name ? "(bad name)" : *name ? name : "(anon)");
	}
	va_start(ap, fmt);
	str_vaddf(btf->log, fmt, ap);
	va_end(ap);
	str_add_char(btf->log, '\n');
	return err;
}

static int sections_check(struct btf *btf)
{
	const struct btf_header *h = &btf->hdr;
	u32 expected = btf->raw_bytes - h->hdr_len, total = 0;
	bool str_first = h->str_off < h->type_off;
	struct {
		u32 off, len;
	} secs[2] = { { h->type_off, h->type_len }, { h->str_off, h->str_len } };

	for (u32 i = 0; i < 2; i++) {
		u32 s = str_first ? 1 - i : i;

		if (expected < secs[s].off)
			return btf_fail(btf, 0, -EINVAL, "Invalid section offset");
		if (total < secs[s].off)
			return btf_fail(btf, 0, -EINVAL, "Unsupported section found");
		if (total > secs[s].off)
			return btf_fail(btf, 0, -EINVAL, "Section overlap found");
		if (expected - total < secs[s].len)
			return btf_fail(btf, 0, -EINVAL, "Total section length too long");
		total += secs[s].len;
	}
	if (expected != total)
		return btf_fail(btf, 0, -EINVAL, "Unsupported section found");
	return 0;
}

static int header_check(struct btf *btf, const u8 *data, u32 size)
{
	struct btf_header *h = &btf->hdr;
	u32 hdr_len;

	if (size < offsetof(struct btf_header, hdr_len) + sizeof(u32))
		return btf_fail(btf, 0, -EINVAL, "hdr_len not found");
	hdr_len = load_u32(data + offsetof(struct btf_header, hdr_len));
	if (size < hdr_len)
		return btf_fail(btf, 0, -EINVAL, "btf_header not found");
	for (u32 i = sizeof(*h); i < hdr_len; i++) {
		if (data[i])
			return btf_fail(btf, 0, -E2BIG, "Unsupported btf_header");
	}
	/* A shorter header's missing fields are 0. */
	memcpy(h, data, MIN(hdr_len, sizeof(*h)));
	h->hdr_len = hdr_len;
	if (h->magic != BTF_MAGIC_NUMBER)
		return btf_fail(btf, 0, -EINVAL, "Invalid magic");
	if (h->version != BTF_VERSION_NUMBER)
		return btf_fail(btf, 0, -ENOTSUPP, "Unsupported version");
	if (h->flags)
		return btf_fail(btf, 0, -ENOTSUPP, "Unsupported flags");
	if (size == hdr_len)
		return btf_fail(btf, 0, -EINVAL, "No data");
	return sections_check(btf);
}

static int strings_check(struct btf *btf)
{
	const struct btf_header *h = &btf->hdr;

	if (h->hdr_len + h->str_off + h->str_len != btf->raw_bytes)
		return btf_fail(btf, 0, -EINVAL, "String section is not at the end");
	if (!h->str_len || h->str_len - 1 > BTF_NAME_OFF_MAX ||
	    btf->raw[btf->raw_bytes - 1] || btf->strings[0])
		return btf_fail(btf, 0, -EINVAL, "Invalid string section");
	return 0;
}

static int type_add(struct btf *btf, const struct btf_type *t)
{
	if (btf->type_cnt == btf->type_cap) {
		u32 cap = btf->type_cap ? btf->type_cap * 2 : 64;
		const struct btf_type **by_id;

		by_id = mem_realloc(btf->by_id, cap * sizeof(*by_id));
		if (!by_id)
			return -ENOMEM;
		btf->by_id = by_id;
		btf->type_cap = cap;
	}
	btf->by_id[btf->type_cnt++] = t;
	return 0;
}

static int types_index(struct btf *btf)
{
	const struct btf_header *h = &btf->hdr;
	u32 at = 0;
	int err;

	if (h->type_off & 3)
		return btf_fail(btf, 0, -EINVAL, "Unaligned type_off");
	if (!h->type_len)
		return btf_fail(btf, 0, -EINVAL, "No type found");
	err = type_add(btf, &void_type);
	while (!err && at < h->type_len) {
		const struct btf_type *t = (const void *)(btf->types + at);

		if (h->type_len - at < sizeof(*t))
			return btf_fail(btf, 0, -EINVAL, "[%u] meta_left:%u meta_needed:%zu",
					btf->type_cnt, h->type_len - at, sizeof(*t));
		if (btf->type_cnt > BTF_TYPE_ID_MAX)
			return btf_fail(btf, 0, -E2BIG, "Exceeded max num of types");
		/* In the index first, so that a message can name it. */
		err = type_add(btf, t);
		if (!err)
			err = btf_meta_check(btf, btf->type_cnt - 1, t, h->type_len - at);
		if (!err)
			at += btf_meta_bytes(t);
	}
	return err;
}

static void btf_destroy(struct obj *obj)
{
	struct btf *btf = btf_of_obj(obj);

	mem_free(btf->mem);
	mem_free(btf->by_id);
	mem_free(btf->resolved_id);
	mem_free(btf->resolved_bytes);
	mem_free(btf->visit);
	mem_free(btf);
}

/* Copies the block so that the type section, which follows a header of any length, is aligned. */
static int raw_copy(struct btf *btf, const void *data, u32 size)
{
	u32 pad = (8 - btf->hdr.hdr_len % 8) % 8;
	u8 *mem = mem_alloc((size_t)size + pad);

	if (!mem)
		return -ENOMEM;
	memcpy(mem + pad, data, size);
	btf->mem = mem;
	btf->raw = mem + pad;
	btf->types = btf->raw + btf->hdr.hdr_len + btf->hdr.type_off;
	btf->strings = (const char *)btf->raw + btf->hdr.hdr_len + btf->hdr.str_off;
	return 0;
}

static int btf_parse_into(struct btf *btf, const void *data)
{
	int err;

	err = header_check(btf, data, btf->raw_bytes);
	if (!err)
		err = raw_copy(btf, data, btf->raw_bytes);
	if (!err)
		err = strings_check(btf);
	if (!err)
		err = types_index(btf);
	if (err)
		return err;
	btf->resolved_id = mem_zalloc_array(btf->type_cnt, sizeof(u32));
	btf->resolved_bytes = mem_zalloc_array(btf->type_cnt, sizeof(u32));
	btf->visit = mem_zalloc(btf->type_cnt);
	if (!btf->resolved_id || !btf->resolved_bytes || !btf->visit)
		return -ENOMEM;
	err = btf_resolve_all(btf);
	return err ? err : btf_metas_check(btf);
}

int btf_parse(const void *data, size_t size_bytes, struct str *log, struct btf **ret_btf)
{
	struct btf *btf;
	int err;

	if (size_bytes > BTF_SIZE_BYTES_MAX)
		return -E2BIG;
	btf = mem_zalloc(sizeof(*btf));
	if (!btf)
		return -ENOMEM;
	obj_init(&btf->obj, OBJ_BTF, btf_destroy);
	btf->raw_bytes = (u32)size_bytes;
	btf->log = log;
	err = btf_parse_into(btf, data);
	btf->log = NULL;
	mem_free(btf->visit);
	btf->visit = NULL;
	if (err) {
		btf_put(btf);
		return err;
	}
	*ret_btf = btf;
	return 0;
}
