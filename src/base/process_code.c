/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Windows of address space, rooms in them, and the table from a page to the code in it.
 *
 * 1. Windows are pushed on a list and never taken off or moved, so a signal handler may walk it.
 * 2. A page's entry in `code` changes only while nobody can run in that page: before a program is
 *    published, and after its last run. So whoever faults in a page finds an entry that lasts.
 * 3. The first page of a window, and the page behind each room, belong to nobody.
 */
#include "base/process_code.h"

#include <stdatomic.h>
#include <sys/mman.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/pages.h"
#include "base/process_fault.h"

#define WINDOW_BYTES (32ull << 20)

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

struct code_window {
	struct code_window *next; /* set before it is published, then constant */
	u64 start;
	u64 page_cnt, page_bytes;
	u64 free_cnt; /* pages; rooms_lock */
	u64 cursor;   /* where the search for a room goes on; rooms_lock */
	u64 missed;   /* not 0: it was to be near this address, and could not; constant */
	u64 missed_reach;
	u64 *taken;                           /* a bit for each page; rooms_lock */
	_Atomic(struct process_code *) *code; /* of each page; invariant 2 */
};

static struct lock rooms_lock;
static _Atomic(struct code_window *) windows; /* pushed under rooms_lock, read by anybody */

static bool is_near(u64 start, u64 bytes, u64 near, u64 reach)
{
	u64 end = start + bytes;

	return (start >= near ? start - near : near - start) <= reach &&
	       (end >= near ? end - near : near - end) <= reach;
}

static u64 reserve_at(u64 addr, u64 bytes)
{
	void *p;

	if (mem_fail_now())
		return 0;
	p = mmap(u64_to_ptr(addr), bytes, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (addr ? MAP_FIXED_NOREPLACE : 0), -1,
		 0);
	if (p == MAP_FAILED)
		return 0;
	/* Kernels before 4.17 take the address as a hint. */
	if (addr && ptr_to_u64(p) != addr) {
		munmap(p, bytes);
		return 0;
	}
	return ptr_to_u64(p);
}

/*
 * Looks below @near first, nearest first: below a program's text there is nothing, below a shared
 * library there are others. Above stands the heap, which grows: as far away from it as can be.
 */
static u64 reserve_near(u64 near, u64 bytes, u64 reach)
{
	u64 base = near & ~(WINDOW_BYTES - 1), addr;

	for (u64 d = bytes; d <= reach && d < base; d += WINDOW_BYTES) {
		addr = base - d;
		if (is_near(addr, bytes, near, reach) && (addr = reserve_at(addr, bytes)))
			return addr;
	}
	for (u64 d = reach & ~(WINDOW_BYTES - 1); d >= WINDOW_BYTES; d -= WINDOW_BYTES) {
		addr = base + d;
		if (is_near(addr, bytes, near, reach) && (addr = reserve_at(addr, bytes)))
			return addr;
	}
	return 0;
}

static struct code_window *window_new_locked(u64 bytes_min, u64 near, u64 reach)
{
	u64 page = pages_size_bytes(), bytes = MAX(WINDOW_BYTES, bytes_min + page), cnt;
	struct code_window *w;

	cnt = bytes / page;
	w = mem_zalloc(sizeof(*w) + cnt / 8 + 8 + cnt * sizeof(*w->code));
	if (!w)
		return NULL;
	w->start = reserve_near(near, bytes, reach);
	if (!w->start) {
		w->start = reserve_at(0, bytes);
		w->missed = near;
		w->missed_reach = reach;
	}
	if (!w->start) {
		mem_free(w);
		return NULL;
	}
	w->page_cnt = cnt;
	w->page_bytes = page;
	w->free_cnt = cnt - 1;
	w->cursor = 1;
	w->code = (void *)(w + 1);
	w->taken = (u64 *)(uintptr_t)(w->code + cnt);
	w->taken[0] = 1; /* the guard of the first room */
	w->next = atomic_load_explicit(&windows, memory_order_relaxed);
	atomic_store_explicit(&windows, w, memory_order_release);
	return w;
}

static bool page_taken(const struct code_window *w, u64 i)
{
	return w->taken[i / 64] >> i % 64 & 1;
}

static void pages_mark(struct code_window *w, u64 first, u64 cnt, bool taken)
{
	for (u64 i = first; i < first + cnt; i++) {
		if (taken)
			w->taken[i / 64] |= 1ull << i % 64;
		else
			w->taken[i / 64] &= ~(1ull << i % 64);
	}
	w->free_cnt += taken ? -cnt : cnt;
}

/* The first of @cnt free pages in a row inside [from, to); 0 when there are none. */
static u64 pages_find(const struct code_window *w, u64 cnt, u64 from, u64 to)
{
	u64 run = 0;

	for (u64 i = from; i < to; i++) {
		if (i % 64 == 0 && w->taken[i / 64] == UINT64_MAX) {
			run = 0;
			i += 63;
		} else if (page_taken(w, i)) {
			run = 0;
		} else if (++run == cnt) {
			return i + 1 - cnt;
		}
	}
	return 0;
}

static bool room_cut_locked(struct code_window *w, u64 cnt, struct process_room *ret_room)
{
	u64 first;

	if (w->free_cnt < cnt)
		return false;
	first = pages_find(w, cnt, w->cursor, w->page_cnt);
	if (!first)
		first = pages_find(w, cnt, 1, MIN(w->cursor + cnt, w->page_cnt));
	if (!first)
		return false;
	pages_mark(w, first, cnt, true);
	w->cursor = first + cnt < w->page_cnt ? first + cnt : 1;
	ret_room->start = u64_to_ptr(w->start + first * w->page_bytes);
	ret_room->bytes = (cnt - 1) * w->page_bytes;
	ret_room->window = w;
	return true;
}

/* Any window; those that are near when @near_only. */
static bool room_find_locked(u64 cnt, u64 near, u64 reach, bool near_only,
			     struct process_room *ret_room)
{
	struct code_window *w = atomic_load_explicit(&windows, memory_order_relaxed);

	for (; w; w = w->next) {
		if (near_only && !is_near(w->start, w->page_cnt * w->page_bytes, near, reach))
			continue;
		if (room_cut_locked(w, cnt, ret_room))
			return true;
	}
	return false;
}

/* True when a window was wanted there before and could not be had. */
static bool was_missed_locked(u64 near, u64 reach)
{
	struct code_window *w = atomic_load_explicit(&windows, memory_order_relaxed);

	for (; w; w = w->next) {
		if (w->missed && w->missed_reach == reach &&
		    w->missed / WINDOW_BYTES == near / WINDOW_BYTES)
			return true;
	}
	return false;
}

int process_room_take(u64 bytes, const void *near, u64 reach_bytes, struct process_room *ret_room)
{
	u64 size = pages_round(bytes), at = ptr_to_u64(near);
	u64 cnt = size / pages_size_bytes() + 1; /* with the guard behind */
	bool found;

	if (!size || size > SIZE_MAX / 4)
		return -ENOMEM;
	lock_take(&rooms_lock);
	found = room_find_locked(cnt, at, reach_bytes, true, ret_room);
	if (!found && was_missed_locked(at, reach_bytes))
		found = room_find_locked(cnt, at, reach_bytes, false, ret_room);
	if (!found) {
		struct code_window *w =
			window_new_locked(size + pages_size_bytes(), at, reach_bytes);

		found = w && room_cut_locked(w, cnt, ret_room);
	}
	lock_give(&rooms_lock);
	if (!found)
		return -ENOMEM;
	ret_room->near = is_near(ptr_to_u64(ret_room->start), size, at, reach_bytes);
	return 0;
}

void process_room_trim(struct process_room *room, u64 bytes)
{
	struct code_window *w = room->window;
	u64 keep = pages_round(bytes), first;

	if (keep >= room->bytes)
		return;
	/* The guard moves forward. */
	first = (ptr_to_u64(room->start) - w->start + keep) / w->page_bytes + 1;
	lock_take(&rooms_lock);
	pages_mark(w, first, (room->bytes - keep) / w->page_bytes, false);
	if (first < w->cursor && w->cursor == first + (room->bytes - keep) / w->page_bytes)
		w->cursor = first;
	lock_give(&rooms_lock);
	room->bytes = keep;
}

void process_room_give(struct process_room *room)
{
	struct code_window *w = room->window;

	if (!w)
		return;
	lock_take(&rooms_lock);
	pages_mark(w, (ptr_to_u64(room->start) - w->start) / w->page_bytes,
		   room->bytes / w->page_bytes + 1, false);
	lock_give(&rooms_lock);
	*room = (struct process_room){ 0 };
}

static struct code_window *window_at(u64 addr)
{
	struct code_window *w = atomic_load_explicit(&windows, memory_order_acquire);

	while (w && (addr < w->start || addr - w->start >= w->page_cnt * w->page_bytes))
		w = w->next;
	return w;
}

struct process_code *process_code_at(u64 pc)
{
	struct code_window *w = window_at(pc);
	struct process_code *code;

	if (!w)
		return NULL;
	code = atomic_load_explicit(&w->code[(pc - w->start) / w->page_bytes],
				    memory_order_acquire);
	return code && pc >= code->start && pc < code->end ? code : NULL;
}

static void entries_set(const struct process_code *code, struct process_code *value)
{
	struct code_window *w = code->window;
	u64 last = (code->end - 1 - w->start) / w->page_bytes;

	for (u64 i = (code->start - w->start) / w->page_bytes; i <= last; i++)
		atomic_store_explicit(&w->code[i], value, memory_order_release);
}

int process_code_add(struct process_code *code)
{
	struct code_window *w = window_at(code->start);
	int err;

	code->window = NULL;
	if (!w || code->end <= code->start || code->end - w->start > w->page_cnt * w->page_bytes)
		return -EINVAL;
	err = code->fault ? process_fault_catch() : 0;
	if (err)
		return err;
	code->window = w;
	entries_set(code, code);
	return 0;
}

void process_code_remove(struct process_code *code)
{
	if (code->window)
		entries_set(code, NULL);
	code->window = NULL;
}
