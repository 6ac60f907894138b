/* SPDX-License-Identifier: BSD-2-Clause */
/* What the programs of sides*.bpf.c share. Tags as in reasons.bpf.c; ACCEPTED: by both. */
#ifndef SKEP_TESTS_VERIFY_SIDES_H
#define SKEP_TESTS_VERIFY_SIDES_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define REASON(text)	__attribute__((btf_decl_tag("reason=" text)))
#define OURS(text)	__attribute__((btf_decl_tag("ours=" text)))
#define ACCEPTED	__attribute__((btf_decl_tag("accepted=")))
/* A state is kept at each point where paths may meet (BPF_F_TEST_STATE_FREQ). */
#define OFTEN		__attribute__((btf_decl_tag("flags=8")))
#define TAG(text)	__attribute__((btf_decl_tag("arg:" text)))
#define GLOBAL		__attribute__((noinline))
#define LOCAL		static __attribute__((noinline))
#define barrier()	asm volatile("" ::: "memory")

struct bpf_iter_num {
	__u64 opaque[1];
} __attribute__((aligned(8)));

extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
extern void bpf_preempt_disable(void) __ksym;
extern void bpf_preempt_enable(void) __ksym;
extern void bpf_local_irq_save(unsigned long *) __ksym;
extern void bpf_local_irq_restore(unsigned long *) __ksym;
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} numbers SEC(".maps");

struct locked {
	struct bpf_spin_lock lock;
	__u32 n;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct locked);
} locks SEC(".maps"), more_locks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

struct bpf_spin_lock global_lock SEC(".data.locked");

static void *zero_of(void *map)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(map, &key);
}

#endif
