/* SPDX-License-Identifier: BSD-2-Clause */
#include "spec/ctx.h"

#include "base/bytes.h"
#include "base/err.h"

const struct ctx_field *ctx_field_at(const struct ctx_class *cls, u32 off, u32 size_bytes)
{
	u32 lo = 0, hi = cls->field_cnt;

	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;
		const struct ctx_field *f = &cls->fields[mid];

		if (off < f->off)
			hi = mid;
		else if (off >= (u32)f->off + f->size_bytes)
			lo = mid + 1;
		else
			return size_bytes <= f->off + f->size_bytes - off ? f : NULL;
	}
	return NULL;
}

int ctx_load(const struct ctx_class *cls, const void *ctx, u32 off, u32 size_bytes, u64 *ret_value)
{
	const struct ctx_field *f = ctx_field_at(cls, off, size_bytes);
	u64 value;
	u32 skip;

	if (!f || !(f->access & CTX_READ))
		return -EACCES;
	if (size_bytes != f->size_bytes && !(f->access & CTX_NARROW))
		return -EACCES;
	value = load_sized((const u8 *)ctx + f->member_off, f->member_size_bytes);
	if (f->value != CTX_SCALAR) {
		*ret_value = value; /* 32 bits in the UAPI, a whole pointer to the program */
		return 0;
	}
	skip = off - f->off;
	if (HOST_BIG_ENDIAN)
		skip = f->size_bytes - size_bytes - skip;
	value >>= skip * 8;
	*ret_value = size_bytes >= 8 ? value : value & ((1ULL << size_bytes * 8) - 1);
	return 0;
}

int ctx_store(const struct ctx_class *cls, void *ctx, u32 off, u32 size_bytes, u64 value)
{
	const struct ctx_field *f = ctx_field_at(cls, off, size_bytes);

	if (!f || !(f->access & CTX_WRITE) || size_bytes != f->size_bytes)
		return -EACCES;
	store_sized((u8 *)ctx + f->member_off, f->member_size_bytes, value);
	return 0;
}
