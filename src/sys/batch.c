/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many elements in one call. The map room walks the map; here keys and values are copied from and
 * to the caller. Buffers are sized by the map, not by the caller's count, and every product of
 * counts and sizes is checked (CVE-2021-38166).
 */
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/mem.h"
#include "sys/elem.h"
#include "sys/user_mem.h"

#define BATCH_UPDATE_CNT 256u /* elements copied in at a time */

struct batch {
	struct sys_call *call;
	const struct attr_batch *a;
	struct elem_op op; /* key and value are arrays here */
	struct map_batch map_batch;
	u32 key_bytes, done;
};

static int put_count(const struct batch *b, u32 count)
{
	return sys_put_u32(b->call, offsetof(struct attr_batch, count), count);
}

static int begin(struct batch *b, struct sys_call *call, u32 need)
{
	int err;

	b->call = call;
	b->a = &call->attr.batch;
	err = elem_begin(&b->op, call, b->a->map_fd, need);
	if (err)
		return err;
	b->key_bytes = b->op.map->attr.key_size_bytes;
	b->map_batch.elem_flags = b->a->elem_flags;
	return 0;
}

/* Room for @cnt keys and values. */
static int arrays_alloc(struct batch *b, u64 cnt)
{
	if (cnt > UINT32_MAX)
		return -ENOMEM;
	b->op.key = mem_zalloc_array(cnt, b->key_bytes);
	b->op.value = mem_zalloc_array(cnt, b->op.value_bytes);
	b->map_batch.keys = b->op.key;
	b->map_batch.values = b->op.value;
	b->map_batch.cnt = (u32)cnt;
	return b->op.key && b->op.value ? 0 : -ENOMEM;
}

static int lookup_copy_out(struct batch *b, u32 token_bytes)
{
	u32 cnt = b->map_batch.cnt;

	if (user_write(b->a->keys, b->op.key, (size_t)cnt * b->key_bytes) ||
	    user_write(b->a->values, b->op.value, (size_t)cnt * b->op.value_bytes) ||
	    put_count(b, cnt))
		return -EFAULT;
	/* Hashes hand back where they are in any case (__htab_map_lookup_and_delete_batch). */
	if (!cnt && !b->op.map->ops->user_lookup_batch)
		return 0;
	return user_write(b->a->out_batch, b->map_batch.token, token_bytes);
}

static int lookup_run(struct batch *b)
{
	u32 token_bytes = map_batch_token_bytes(b->op.map);
	u8 *token = mem_zalloc(token_bytes);
	int err = token ? 0 : -ENOMEM, copy_err;

	b->map_batch.token = token;
	b->map_batch.start = !b->a->in_batch;
	if (!err)
		/* One more than there can be, so that the end is seen as the end. */
		err = arrays_alloc(b, MIN(b->a->count, b->op.map->attr.max_entries + 1ull));
	if (!err)
		err = put_count(b, 0);
	if (!err && b->a->in_batch)
		err = user_read(token, b->a->in_batch, token_bytes);
	if (!err) {
		err = map_user_lookup_batch(b->op.map, &b->map_batch);
		if (!err || err == -ENOENT || err == -ENOSPC) {
			copy_err = lookup_copy_out(b, token_bytes);
			err = copy_err ? copy_err : err;
		}
	}
	mem_free(token);
	return err;
}

static long lookup(struct sys_call *call, bool take)
{
	struct batch b = { 0 };
	int err = begin(&b, call, take ? OBJ_READ | OBJ_WRITE : OBJ_READ);

	b.map_batch.delete = take;
	if (!err && !(b.op.map->ops->batches &
		      (take ? MAP_BATCH_LOOKUP_DELETE : MAP_BATCH_LOOKUP)))
		err = -ENOTSUPP;
	/* No value has a spin lock: no flag is left; generic_map_lookup_batch() ignores `flags`. */
	if (!err && (b.a->elem_flags || (b.a->flags && b.op.map->ops->user_lookup_batch)))
		err = -EINVAL;
	if (!err && b.a->count)
		err = lookup_run(&b);
	elem_end(&b.op);
	return err;
}

long sys_batch_lookup(struct sys_call *call)
{
	return lookup(call, false);
}

long sys_batch_lookup_and_delete(struct sys_call *call)
{
	return lookup(call, true);
}

/* Copies the next elements in and hands them over; b->done counts what was done. */
static int store_some(struct batch *b, u32 cnt, bool update)
{
	int err = user_read(b->op.key, b->a->keys + (u64)b->done * b->key_bytes,
			    (size_t)cnt * b->key_bytes);

	if (!err && update)
		err = user_read(b->op.value, b->a->values + (u64)b->done * b->op.value_bytes,
				(size_t)cnt * b->op.value_bytes);
	if (err)
		return err;
	b->map_batch.cnt = cnt;
	err = update ? map_user_update_batch(b->op.map, &b->map_batch)
		     : map_user_delete_batch(b->op.map, &b->map_batch);
	b->done += b->map_batch.cnt;
	return err;
}

static long store(struct sys_call *call, bool update)
{
	struct batch b = { 0 };
	int err = begin(&b, call, OBJ_WRITE);

	/* Maps of objects would need a descriptor looked up for each element. */
	if (!err && (b.op.map->ops->holds != OBJ_KIND_CNT ||
		     !(b.op.map->ops->batches & (update ? MAP_BATCH_UPDATE : MAP_BATCH_DELETE))))
		err = -ENOTSUPP;
	if (!err && b.a->elem_flags)
		err = -EINVAL;
	if (!err && b.a->count) {
		err = arrays_alloc(&b, MIN(b.a->count, BATCH_UPDATE_CNT));
		while (!err && b.done < b.a->count)
			err = store_some(&b, MIN(b.a->count - b.done, BATCH_UPDATE_CNT), update);
		if (put_count(&b, b.done))
			err = -EFAULT;
	}
	elem_end(&b.op);
	return err;
}

long sys_batch_update(struct sys_call *call)
{
	return store(call, true);
}

long sys_batch_delete(struct sys_call *call)
{
	return store(call, false);
}
