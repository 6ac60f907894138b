/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ring buffers (BPF_MAP_TYPE_RINGBUF): programs reserve records, fill them in and submit or discard
 * them; a client consumes them through its mapping of the map's memfd, as libbpf does, or somebody
 * in this process through map_ringbuf_consume. All maps given here are of that type.
 */
#ifndef SKEP_MAP_RINGBUF_H
#define SKEP_MAP_RINGBUF_H

#include "map/map.h"

enum ringbuf_flag { RINGBUF_NO_WAKEUP = 1, RINGBUF_FORCE_WAKEUP = 2 }; /* BPF_RB_* */
enum ringbuf_query { /* BPF_RB_* of bpf_ringbuf_query */
	RINGBUF_AVAIL_DATA,
	RINGBUF_RING_SIZE,
	RINGBUF_CONS_POS,
	RINGBUF_PROD_POS,
};

/* bpf_ringbuf_reserve: @size_bytes of memory; NULL without room, or when @flags is not 0. */
void *map_ringbuf_reserve(struct map *map, u64 size_bytes, u64 flags);
/*
 * bpf_ringbuf_submit and (@discard) bpf_ringbuf_discard. -EINVAL when @sample is not what reserve
 * returned, or was committed before: programs give nothing but a pointer, so a caller that does not
 * know whose it is asks all maps of the program.
 */
int map_ringbuf_commit(struct map *map, void *sample, u64 flags, bool discard) must_check;
/* bpf_ringbuf_output: 0, -EINVAL (flags), -EAGAIN (no room). */
int map_ringbuf_output(struct map *map, const void *data, u64 size_bytes, u64 flags) must_check;
/* bpf_ringbuf_query; 0 for what is no enum ringbuf_query. */
u64 map_ringbuf_query(struct map *map, u64 what);

/* An eventfd (borrowed) that can be read when the kernel would wake who polls on the map. */
int map_ringbuf_event_fd(const struct map *map);

/*
 * Consumes all records that are there, oldest first, up to one that is not committed yet. One
 * thread at a time, and no other consumer. Not 0 from @fn ends it. How many were consumed.
 */
typedef int (*map_ringbuf_fn)(void *cookie, const void *data, u32 size_bytes);
u64 map_ringbuf_consume(struct map *map, map_ringbuf_fn fn, void *cookie);

#endif
