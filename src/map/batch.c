/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Batches made element by element (the kernel's generic_map_lookup_batch, …update_batch and
 * …delete_batch); the token is then the last key.
 */
#include "base/mem.h"
#include "map/map_int.h"

u32 map_batch_token_bytes(const struct map *map)
{
	return map->ops->user_lookup_batch ? 4 : map->attr.key_size_bytes;
}

static int batch_check(const struct map *map, const struct map_batch *batch, u32 cmd)
{
	if (!(map->ops->batches & cmd))
		return -ENOTSUPP;
	/* Of all flags only BPF_F_LOCK is known, and no value has a spin lock. */
	return batch->elem_flags ? -EINVAL : 0;
}

static int lookup_generic(struct map *map, struct map_batch *batch)
{
	u32 key_bytes = map->attr.key_size_bytes, value_bytes = map_user_value_bytes(map);
	const u8 *after = batch->start ? NULL : batch->token;
	u32 room = batch->cnt, done = 0;
	u8 *keys = batch->keys, *values = batch->values, *key;
	int err = 0;

	/* Keys are looked for with what was there, even when it is gone meanwhile. */
	key = mem_alloc(key_bytes);
	if (!key)
		return -ENOMEM;
	while (done < room) {
		err = map_user_next_key(map, after, key);
		if (err)
			break;
		memcpy(batch->token, key, key_bytes);
		after = batch->token;
		err = map->ops->user_lookup(map, key, values + (size_t)done * value_bytes, 0);
		if (err == -ENOENT)
			continue;
		if (err)
			break;
		memcpy(keys + (size_t)done * key_bytes, key, key_bytes);
		done++;
	}
	mem_free(key);
	batch->cnt = done;
	return err == -ENOENT && done == room ? 0 : err;
}

int map_user_lookup_batch(struct map *map, struct map_batch *batch)
{
	int err;

	if (batch->delete) {
		err = map_write_begin(map);
		if (err)
			return err;
		err = batch_check(map, batch, MAP_BATCH_LOOKUP_DELETE);
		if (!err && batch->cnt)
			err = map->ops->user_lookup_batch(map, batch);
		return map_write_end(map, err);
	}
	err = batch_check(map, batch, MAP_BATCH_LOOKUP);
	if (err || !batch->cnt)
		return err;
	return map->ops->user_lookup_batch ? map->ops->user_lookup_batch(map, batch) :
					     lookup_generic(map, batch);
}

int map_user_update_batch(struct map *map, struct map_batch *batch)
{
	u32 value_bytes = map_user_value_bytes(map), cnt = batch->cnt;
	const u8 *keys = batch->keys, *values = batch->values;
	int err = map_write_begin(map);

	if (err)
		return err;
	err = batch_check(map, batch, MAP_BATCH_UPDATE);
	if (!err && cnt)
		batch->cnt = 0;
	for (u32 i = 0; !err && i < cnt; i++) {
		err = map->ops->user_update(map, keys + (size_t)i * map->attr.key_size_bytes,
					    values + (size_t)i * value_bytes, 0);
		if (!err)
			batch->cnt++;
	}
	return map_write_end(map, err);
}

int map_user_delete_batch(struct map *map, struct map_batch *batch)
{
	const u8 *keys = batch->keys;
	u32 cnt = batch->cnt;
	int err = map_write_begin(map);

	if (err)
		return err;
	err = batch_check(map, batch, MAP_BATCH_DELETE);
	if (!err && cnt)
		batch->cnt = 0;
	for (u32 i = 0; !err && i < cnt; i++) {
		err = map->ops->delete(map, keys + (size_t)i * map->attr.key_size_bytes);
		if (!err)
			batch->cnt++;
	}
	return map_write_end(map, err);
}
