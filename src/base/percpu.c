/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Leases of CPU slots. Each slot is one word on its own cache line, 1 while leased. `gave` counts
 * slots given back while somebody waited: a waiter reads it, looks at every slot once more, then
 * sleeps on it, so that no give is missed.
 */
#include "base/percpu.h"

#include <assert.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/epoch.h"
#include "base/err.h"
#include "base/lock.h"
#include "base/mem.h"

#define CPUS_MAX   65536u
#define SLOT_BYTES 128 /* two cache lines: neighbours are fetched in pairs */

struct cpu_slot {
	/* Acquire on lease, release on give: the next holder sees the last one's writes. */
	_Atomic u32 leased;
	u8 pad[SLOT_BYTES - sizeof(u32)];
};

struct cpu_slots {
	u32 cnt;
	_Atomic u32 waiters; /* seq_cst, against `leased` in both directions */
	_Atomic u32 gave;
	struct epoch *epoch;
	struct cpu_slot slots[];
};

/* Highest CPU of a list such as "0-3,8-11\n", plus 1; 0 when it is no such list. */
static u32 cpu_list_end(const char *list)
{
	u32 end = 0, n = 0;
	bool digits = false;

	for (; *list && *list != '\n'; list++) {
		if (*list >= '0' && *list <= '9') {
			n = digits ? n * 10 + (u32)(*list - '0') : (u32)(*list - '0');
			if (n >= CPUS_MAX)
				return 0;
			digits = true;
			end = MAX(end, n + 1);
		} else if (*list == '-' || *list == ',') {
			digits = false;
		} else {
			return 0;
		}
	}
	return end;
}

u32 cpus_possible(void)
{
	char list[1024];
	ssize_t len;
	int fd = open("/sys/devices/system/cpu/possible", O_RDONLY | O_CLOEXEC);
	long configured;
	u32 end = 0;

	if (fd >= 0) {
		len = read(fd, list, sizeof(list) - 1);
		close(fd);
		if (len > 0) {
			list[len] = '\0';
			end = cpu_list_end(list);
		}
	}
	if (end)
		return end;
	/* A sandbox without /sys: what libc knows. */
	configured = sysconf(_SC_NPROCESSORS_CONF);
	return configured > 0 && configured < (long)CPUS_MAX ? (u32)configured : 1;
}

int cpu_slots_new(u32 cnt, struct cpu_slots **ret_slots)
{
	struct cpu_slots *slots;

	if (!cnt || cnt > CPUS_MAX)
		return -EINVAL;
	slots = mem_zalloc(sizeof(*slots) + cnt * sizeof(slots->slots[0]));
	if (!slots)
		return -ENOMEM;
	if (epoch_new(&slots->epoch)) {
		mem_free(slots);
		return -ENOMEM;
	}
	slots->cnt = cnt;
	*ret_slots = slots;
	return 0;
}

void cpu_slots_free(struct cpu_slots *slots)
{
	for (u32 i = 0; slots && i < slots->cnt; i++)
		assert(!atomic_load(&slots->slots[i].leased));
	if (slots)
		epoch_free(slots->epoch);
	mem_free(slots);
}

struct epoch *cpu_slots_epoch(const struct cpu_slots *slots)
{
	return slots->epoch;
}

u32 cpu_slots_cnt(const struct cpu_slots *slots)
{
	return slots->cnt;
}

static bool slot_lease(struct cpu_slot *slot)
{
	u32 leased = 0;

	return !atomic_load_explicit(&slot->leased, memory_order_relaxed) &&
	       atomic_compare_exchange_strong(&slot->leased, &leased, 1);
}

int cpu_slot_try(struct cpu_slots *slots, u32 *ret_cpu)
{
	int here = sched_getcpu();
	u32 first = here < 0 ? 0 : (u32)here % slots->cnt;

	for (u32 i = 0; i < slots->cnt; i++) {
		u32 cpu = first + i < slots->cnt ? first + i : first + i - slots->cnt;

		if (slot_lease(&slots->slots[cpu])) {
			*ret_cpu = cpu;
			return 0;
		}
	}
	return -EBUSY;
}

u32 cpu_slot_take(struct cpu_slots *slots)
{
	u32 cpu, gave;

	if (cpu_slot_try(slots, &cpu) == 0)
		return cpu;
	atomic_fetch_add(&slots->waiters, 1);
	for (;;) {
		gave = atomic_load(&slots->gave);
		if (cpu_slot_try(slots, &cpu) == 0)
			break;
		futex_wait(&slots->gave, gave);
	}
	atomic_fetch_sub(&slots->waiters, 1);
	return cpu;
}

void cpu_slot_give(struct cpu_slots *slots, u32 cpu)
{
	assert(cpu < slots->cnt && atomic_load(&slots->slots[cpu].leased) == 1);
	atomic_store(&slots->slots[cpu].leased, 0);
	if (unlikely(atomic_load(&slots->waiters))) {
		atomic_fetch_add(&slots->gave, 1);
		futex_wake(&slots->gave, 1);
	}
}
