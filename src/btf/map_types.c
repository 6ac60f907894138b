/* SPDX-License-Identifier: BSD-2-Clause */
/* The declared types of a map's keys and values against its sizes (map_check_btf). */
#include "base/err.h"
#include "btf/btf_int.h"

/* array_map_check_btf(): one 32-bit integer, or no key for a map that holds one data section. */
static int array_key_check(const struct btf_map_types *types, const struct btf_type *key,
			   const struct btf_type *value)
{
	if (!key)
		return types->max_entries == 1 && types->keyless_ok &&
				       btf_type_kind(value) == BTF_KIND_DATASEC
			       ? 0
			       : -EINVAL;
	if (btf_type_kind(key) != BTF_KIND_INT || btf_int_bits(key) != 32 || btf_int_off_bits(key))
		return -EINVAL;
	return 0;
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
	} else if (!types->array && !types->key_struct) {
		return -EINVAL;
	}
	value = btf_type_sized(btf, &value_id, &size_bytes);
	if (!value || size_bytes != types->value_size_bytes)
		return -EINVAL;
	if (types->array)
		return array_key_check(types, key, value);
	if (types->key_struct && (!key || btf_type_kind(key) != BTF_KIND_STRUCT))
		return -EINVAL;
	return 0;
}
