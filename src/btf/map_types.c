/* SPDX-License-Identifier: BSD-2-Clause */
/* The declared types of a map's keys and values against its sizes (map_check_btf). */
#include "base/err.h"
#include "btf/btf_int.h"

static bool is_int(const struct btf_type *t, u32 bits)
{
	return t && btf_type_kind(t) == BTF_KIND_INT && btf_int_bits(t) == bits &&
	       !btf_int_off_bits(t);
}

/* cgroup_storage_check_btf(): a cgroup's id, or a struct of it and an attach type. */
static bool cgroup_key_ok(const struct btf *btf, const struct btf_type *key)
{
	const struct btf_member *m = btf_type_extra(key);
	u32 id, attach;

	if (btf_type_kind(key) != BTF_KIND_STRUCT)
		return is_int(key, 64);
	if (btf_type_vlen(key) != 2 || btf_member_off_bits(key, &m[0]) ||
	    btf_member_off_bits(key, &m[1]) != 64)
		return false;
	id = m[0].type;
	attach = m[1].type;
	return is_int(btf_type_sized(btf, &id, NULL), 64) &&
	       is_int(btf_type_sized(btf, &attach, NULL), 32);
}

/* ops->map_check_btf of the map's type; @key is NULL where there is no key type. */
static int key_check(const struct btf *btf, const struct btf_map_types *types,
		     const struct btf_type *key, const struct btf_type *value)
{
	switch (types->key) {
	case BTF_KEY_ANY:
		return 0;
	case BTF_KEY_NONE:
		return -ENOTSUPP;
	case BTF_KEY_INDEX:
		break;
	case BTF_KEY_INDEX_OR_SECTION:
		if (!key && types->max_entries == 1 && btf_type_kind(value) == BTF_KIND_DATASEC)
			return 0;
		break;
	case BTF_KEY_STRUCT:
		return key && btf_type_kind(key) == BTF_KIND_STRUCT ? 0 : -EINVAL;
	case BTF_KEY_NO_KEY:
		return key ? -EINVAL : 0;
	case BTF_KEY_CGROUP:
		return key && cgroup_key_ok(btf, key) ? 0 : -EINVAL;
	}
	return is_int(key, 32) ? 0 : -EINVAL;
}

int btf_map_check(const struct btf *btf, const struct btf_map_types *types)
{
	const struct btf_type *key = NULL, *value;
	u32 key_id = types->key_id, value_id = types->value_id, size_bytes;

	if (!value_id)
		return 0;
	if (key_id) {
		key = btf_type_sized(btf, &key_id, &size_bytes);
		if (!key || size_bytes != types->key_size_bytes)
			return -EINVAL;
	} else if (types->key == BTF_KEY_ANY) {
		return -EINVAL;
	}
	value = btf_type_sized(btf, &value_id, &size_bytes);
	if (!value || size_bytes != types->value_size_bytes)
		return -EINVAL;
	return key_check(btf, types, key, value);
}
