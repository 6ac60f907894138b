/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ring buffers (the kernel's ringbuf.c). The memfd: a page with the consumer's position, a page
 * with the producer's, then twice the data. A record lies at its position modulo the size and runs
 * on into the second half where it passes the end, so every record is in one piece. A client reads
 * that as it reads the kernel's, whose second half mirrors the first.
 *
 * 1. Clients can write to all of the memfd. Nothing in it is believed but the consumer's position,
 *    and that only to refuse room: what the records are stands in ctl (`heads`), which no client
 *    sees. So whatever a client writes, reservations stay inside and do not overlap
 *    (CVE-2024-41009).
 * 2. heads[i] describes the record whose header is at byte 8i: 0 none, else its length with the
 *    header's flags, and HEAD_SET, as length 0 is possible.
 * 3. The lock guards positions and heads, but for the owner of a record, who alone commits it.
 */
#include "map/ringbuf.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/lock.h"
#include "base/mem.h"
#include "base/pages.h"
#include "map/map_int.h"

#define HDR_BYTES	 8u	     /* of a record: u32 length and flags, u32 page offset */
#define HDR_BUSY	 (1u << 31)  /* BPF_RINGBUF_BUSY_BIT */
#define HDR_DISCARD	 (1u << 30)  /* BPF_RINGBUF_DISCARD_BIT */
#define HEAD_SET	 (1ull << 32)
#define RECORD_BYTES_MAX (UINT32_MAX / 4)

struct ringbuf_ctl {
	struct lock lock;
	u32 pad;
	u64 prod_pos, pend_pos; /* pend: all records before it are committed */
	_Atomic u64 heads[];
};

struct map_ringbuf {
	struct map map;
	struct ringbuf_ctl *ctl;
	_Atomic u64 *cons_pos, *prod_pos; /* in the memfd; prod_pos is only told, never read */
	u8 *data;
	u64 size, mask;
	int event_fd;
};

static struct map_ringbuf *as_ringbuf(struct map *map)
{
	return container_of(map, struct map_ringbuf, map);
}

/* ringbuf_map_alloc */
static int ringbuf_check(const struct map_attr *attr)
{
	if (attr->flags & ~(u32)MAP_F_NUMA_NODE || attr->key_size_bytes ||
	    attr->value_size_bytes || !is_pow2(attr->max_entries) ||
	    attr->max_entries % pages_size_bytes())
		return -EINVAL;
	return 0;
}

static void ringbuf_free(struct map *map)
{
	struct map_ringbuf *rb = as_ringbuf(map);

	if (rb->event_fd >= 0)
		close(rb->event_fd);
	region_fini(&map->region);
	mem_free(rb);
}

static int ringbuf_alloc(const struct map_attr *attr, const struct map_env *env,
			 struct map **ret_map)
{
	u64 page = pages_size_bytes(), size = attr->max_entries;
	struct region_spec spec = {
		.data_bytes = 2 * page + 2 * size,
		.ctl_bytes = sizeof(struct ringbuf_ctl) + size / HDR_BYTES * sizeof(u64),
		.mappable = true,
		.at_once = true,
	};
	struct map_ringbuf *rb = mem_zalloc(sizeof(*rb));
	int err;

	if (!rb)
		return -ENOMEM;
	map_init(&rb->map, attr, env, &map_ringbuf_ops);
	rb->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = rb->event_fd < 0 ? -errno : region_init(&rb->map.region, &spec);
	if (err) {
		ringbuf_free(&rb->map);
		return err;
	}
	map_region_stamp(&rb->map);
	rb->ctl = region_ctl(&rb->map.region);
	rb->cons_pos = (_Atomic u64 *)(void *)rb->map.region.data;
	rb->prod_pos = (_Atomic u64 *)(void *)(rb->map.region.data + page);
	rb->data = rb->map.region.data + 2 * page;
	rb->size = size;
	rb->mask = size - 1;
	*ret_map = &rb->map;
	return 0;
}

static _Atomic u64 *head_at(struct map_ringbuf *rb, u64 pos)
{
	return &rb->ctl->heads[(pos & rb->mask) / HDR_BYTES];
}

static _Atomic u32 *hdr_at(struct map_ringbuf *rb, u64 pos)
{
	return (_Atomic u32 *)(void *)(rb->data + (pos & rb->mask));
}

static u64 record_bytes(u64 head)
{
	return align_up((head & ~(HEAD_SET | HDR_BUSY | HDR_DISCARD)) + HDR_BYTES, HDR_BYTES);
}

/* Moves pend_pos over what has been committed meanwhile. */
static void pend_advance_locked(struct map_ringbuf *rb)
{
	struct ringbuf_ctl *ctl = rb->ctl;

	while (ctl->pend_pos < ctl->prod_pos) {
		u64 head = atomic_load_explicit(head_at(rb, ctl->pend_pos), memory_order_acquire);

		if (head & HDR_BUSY)
			return;
		ctl->pend_pos += record_bytes(head);
	}
}

/* __bpf_ringbuf_reserve */
void *map_ringbuf_reserve(struct map *map, u64 size_bytes, u64 flags)
{
	struct map_ringbuf *rb = as_ringbuf(map);
	u64 len, pos, end, cons;
	void *sample = NULL;

	if (flags || size_bytes > RECORD_BYTES_MAX)
		return NULL;
	len = align_up(size_bytes + HDR_BYTES, HDR_BYTES);
	if (len > rb->size)
		return NULL;
	lock_take(&rb->ctl->lock);
	cons = atomic_load_explicit(rb->cons_pos, memory_order_acquire);
	pend_advance_locked(rb);
	pos = rb->ctl->prod_pos;
	end = pos + len;
	if (end - cons <= rb->mask && end - rb->ctl->pend_pos <= rb->mask) {
		for (u64 at = pos + HDR_BYTES; at < end; at += HDR_BYTES)
			atomic_store_explicit(head_at(rb, at), 0, memory_order_relaxed);
		atomic_store_explicit(head_at(rb, pos), size_bytes | HDR_BUSY | HEAD_SET,
				      memory_order_relaxed);
		hdr_at(rb, pos)[1] = (u32)((pos & rb->mask) / pages_size_bytes());
		atomic_store_explicit(hdr_at(rb, pos), (u32)size_bytes | HDR_BUSY,
				      memory_order_relaxed);
		rb->ctl->prod_pos = end;
		/* The consumer sees the busy header once it sees the position. */
		atomic_store_explicit(rb->prod_pos, end, memory_order_release);
		sample = rb->data + (pos & rb->mask) + HDR_BYTES;
	}
	lock_give(&rb->ctl->lock);
	return sample;
}

static void ringbuf_wake(struct map_ringbuf *rb)
{
	u64 one = 1;

	/* A full counter is no loss: it can be read already. */
	if (write(rb->event_fd, &one, sizeof(one)) < 0)
		return;
}

/* bpf_ringbuf_commit */
int map_ringbuf_commit(struct map *map, void *sample, u64 flags, bool discard)
{
	struct map_ringbuf *rb = as_ringbuf(map);
	u64 off = ptr_to_u64(sample) - ptr_to_u64(rb->data) - HDR_BYTES, head;

	if (off > rb->mask || off % HDR_BYTES)
		return -EINVAL;
	head = atomic_load_explicit(head_at(rb, off), memory_order_relaxed);
	if (!(head & HEAD_SET) || !(head & HDR_BUSY))
		return -EINVAL;
	head = (head & ~(u64)HDR_BUSY) | (discard ? HDR_DISCARD : 0);
	/* The header first: when pend_pos may pass, consumers may too. */
	atomic_store(hdr_at(rb, off), (u32)head);
	atomic_store_explicit(head_at(rb, off), head, memory_order_release);
	/* The consumer looks for the header after it moved its position, we the other way round. */
	if (flags & RINGBUF_FORCE_WAKEUP ||
	    (!(flags & RINGBUF_NO_WAKEUP) && (atomic_load(rb->cons_pos) & rb->mask) == off))
		ringbuf_wake(rb);
	return 0;
}

int map_ringbuf_output(struct map *map, const void *data, u64 size_bytes, u64 flags)
{
	void *sample;

	if (flags & ~(u64)(RINGBUF_NO_WAKEUP | RINGBUF_FORCE_WAKEUP))
		return -EINVAL;
	sample = map_ringbuf_reserve(map, size_bytes, 0);
	if (!sample)
		return -EAGAIN;
	if (size_bytes)
		memcpy(sample, data, size_bytes); /* @data of an empty record may be NULL */
	return map_ringbuf_commit(map, sample, flags, false);
}

u64 map_ringbuf_query(struct map *map, u64 what)
{
	struct map_ringbuf *rb = as_ringbuf(map);
	u64 cons = atomic_load_explicit(rb->cons_pos, memory_order_acquire);
	u64 prod = atomic_load_explicit(rb->prod_pos, memory_order_acquire);

	if (what == RINGBUF_AVAIL_DATA)
		return prod - cons;
	if (what == RINGBUF_RING_SIZE)
		return rb->size;
	if (what == RINGBUF_CONS_POS)
		return cons;
	return what == RINGBUF_PROD_POS ? prod : 0;
}

int map_ringbuf_event_fd(const struct map *map)
{
	return ((const struct map_ringbuf *)map)->event_fd; /* map is its first member */
}

u64 map_ringbuf_consume(struct map *map, map_ringbuf_fn fn, void *cookie)
{
	struct map_ringbuf *rb = as_ringbuf(map);
	u64 pos = atomic_load_explicit(rb->cons_pos, memory_order_relaxed), cnt = 0, end;
	int stop = 0;

	lock_take(&rb->ctl->lock);
	end = rb->ctl->prod_pos;
	lock_give(&rb->ctl->lock);
	while (pos < end && !stop) {
		u64 head = atomic_load_explicit(head_at(rb, pos), memory_order_acquire);

		/* Not a record's start: a client moved the position to somewhere else. */
		if (!(head & HEAD_SET) || head & HDR_BUSY)
			break;
		if (!(head & HDR_DISCARD)) {
			cnt++;
			stop = fn(cookie, rb->data + (pos & rb->mask) + HDR_BYTES,
				  (u32)head & (HDR_DISCARD - 1));
		}
		pos += record_bytes(head);
		atomic_store(rb->cons_pos, pos);
	}
	return cnt;
}

/* Elements there are none: what the kernel says to all commands on them. */
static void *ringbuf_lookup(struct map *map, u32 cpu, const void *key)
{
	(void)map;
	(void)cpu;
	(void)key;
	return NULL;
}

static int ringbuf_update(struct map *map, u32 cpu, const void *key, const void *value, u64 flags)
{
	(void)map;
	(void)cpu;
	(void)key;
	(void)value;
	(void)flags;
	return -ENOTSUPP;
}

static int ringbuf_delete(struct map *map, const void *key)
{
	return ringbuf_update(map, 0, key, NULL, 0);
}

static int ringbuf_user_lookup(struct map *map, const void *key, void *ret_value, u64 flags)
{
	return ringbuf_update(map, 0, key, ret_value, flags);
}

static int ringbuf_user_update(struct map *map, const void *key, const void *value, u64 flags)
{
	return ringbuf_update(map, 0, key, value, flags);
}

static int ringbuf_next_key(struct map *map, const void *key, void *ret_next_key)
{
	return ringbuf_update(map, 0, key, ret_next_key, 0);
}

/* Only records that are reserved and not yet committed are the program's. */
static bool ringbuf_extent_at(struct map *map, u64 addr, struct extent *ret_extent)
{
	struct map_ringbuf *rb = as_ringbuf(map);
	u64 base = ptr_to_u64(rb->data), slot, head = 0;

	if (addr < base || addr >= base + 2 * rb->size)
		return false;
	/* Headers are in the first half only; between one and its record's end heads[] is empty. */
	slot = (addr - base) / HDR_BYTES;
	slot = MIN(slot, rb->mask / HDR_BYTES);
	for (;; slot--) {
		head = atomic_load_explicit(&rb->ctl->heads[slot], memory_order_relaxed);
		if (head || !slot)
			break;
	}
	if (!(head & HDR_BUSY))
		return false;
	*ret_extent = (struct extent){
		.base = base + slot * HDR_BYTES + HDR_BYTES,
		.size_bytes = head & (HDR_DISCARD - 1),
		.kind = EXTENT_MAP_VALUE,
		.perm = EXTENT_READ | EXTENT_WRITE,
		.name = map->attr.name,
		.index = -1,
	};
	return true;
}

const struct map_ops map_ringbuf_ops = {
	.check = ringbuf_check,
	.alloc = ringbuf_alloc,
	.free = ringbuf_free,
	.lookup = ringbuf_lookup,
	.update = ringbuf_update,
	.delete = ringbuf_delete,
	.user_lookup = ringbuf_user_lookup,
	.user_update = ringbuf_user_update,
	.next_key = ringbuf_next_key,
	.extent_at = ringbuf_extent_at,
	.holds = OBJ_KIND_CNT,
	.inner = MAP_INNER_ALIKE,
};

_Static_assert(offsetof(struct map_ringbuf, map) == 0, "a map is its first member");
