/* SPDX-License-Identifier: BSD-2-Clause */
#include "spec/ctx.h"

#include "base/bits.h"
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

/* bpf_ctx_narrow_access_ok: parts are a power of two wide and aligned; pointers come whole. */
static bool ctx_width_ok(const struct ctx_field *f, u32 off, u32 size_bytes, bool narrow_ok)
{
	if (!is_pow2(size_bytes) || off % size_bytes)
		return false;
	return size_bytes == f->size_bytes || narrow_ok;
}

int ctx_load(const struct ctx_class *cls, const void *ctx, u32 off, u32 size_bytes, u64 *ret_value)
{
	const struct ctx_field *f = ctx_field_at(cls, off, size_bytes);
	const u8 *member;
	u64 value;
	u32 skip;

	if (!f || !(f->access & CTX_READ))
		return -EACCES;
	if (!ctx_width_ok(f, off, size_bytes, f->access & (CTX_NARROW | CTX_BYTES)))
		return -EACCES;
	member = (const u8 *)ctx + f->member_off;
	skip = off - f->off;
	if (f->access & CTX_BYTES) {
		*ret_value = load_sized(member + skip, size_bytes);
		return 0;
	}
	value = load_sized(member, f->member_size_bytes);
	if (f->value != CTX_SCALAR) {
		*ret_value = value; /* 32 bits in the UAPI, a whole pointer to the program */
		return 0;
	}
	*ret_value = value;
	/*
	 * The kernel shifts and masks the full field only where the load is narrower than the
	 * member (target_size in convert_ctx_accesses): any other reads the member whole.
	 */
	if (size_bytes >= f->member_size_bytes)
		return 0;
	if (HOST_BIG_ENDIAN)
		skip = f->size_bytes - size_bytes - skip;
	*ret_value = value >> skip * 8 & ((1ULL << size_bytes * 8) - 1);
	return 0;
}

int ctx_store(const struct ctx_class *cls, void *ctx, u32 off, u32 size_bytes, u64 value)
{
	const struct ctx_field *f = ctx_field_at(cls, off, size_bytes);
	u8 *member;

	if (!f || !(f->access & CTX_WRITE))
		return -EACCES;
	if (!ctx_width_ok(f, off, size_bytes, f->access & CTX_BYTES))
		return -EACCES;
	member = (u8 *)ctx + f->member_off;
	if (f->access & CTX_BYTES) {
		store_sized(member + off - f->off, size_bytes, value);
		return 0;
	}
	if (size_bytes < 8)
		value &= (1ULL << size_bytes * 8) - 1;
	if (f->access & CTX_BELOW_MAX && value >= (1ULL << f->member_size_bytes * 8) - 1)
		return 0;
	store_sized(member, f->member_size_bytes, value);
	return 0;
}
