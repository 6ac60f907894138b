/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs for sides of the verifier's branches that no other case takes (tools/coverage_verify.py
 * -v lists them): sections, references and objects on the stack whose states are told apart where
 * paths meet.
 */
#include "sides.h"

/* Global functions whose argument must be precise where they begin. */

GLOBAL int index_of(long n)
{
	char buf[16] = { 1, 2, 3 };

	barrier();
	return buf[n & 15];
}

SEC("tc") ACCEPTED OFTEN
int precise_argument(struct __sk_buff *skb)
{
	return index_of(skb->len);
}

GLOBAL int index_of_two(long n, long m)
{
	char buf[32] = { 1, 2, 3 };

	barrier();
	if (m > 3)
		m = 3;
	if (m < 0)
		m = 0;
	return buf[(n & 15) + m];
}

SEC("tc") ACCEPTED OFTEN
int precise_arguments(struct __sk_buff *skb)
{
	return index_of_two(skb->len, skb->mark);
}

/* What clang knows of a number ends here: it cannot lead two tests of it into one. */
#define hide(n)	asm volatile("" : "+r"(n))

/* Where paths meet: different sections. */

SEC("tc") OFTEN
REASON("cannot be used inside bpf_preempt_disable-ed region")
int meet_preempt(struct __sk_buff *skb)
{
	__u32 n = skb->len;

	if (n > 100)
		bpf_preempt_disable();
	hide(n);
	skb->mark = n;
	hide(n);
	if (n > 100)
		bpf_preempt_enable();
	return 0;
}

SEC("tc") OFTEN
REASON("cannot be used inside bpf_rcu_read_lock-ed region")
int meet_rcu(struct __sk_buff *skb)
{
	__u32 n = skb->len;

	if (n > 100)
		bpf_rcu_read_lock();
	hide(n);
	skb->mark = n;
	hide(n);
	if (n > 100)
		bpf_rcu_read_unlock();
	return 0;
}

#define LOOKUP(skb)							\
	({									\
		struct bpf_sock_tuple t = { .ipv4 = { 1, 2, 3, 4 } };		\
		bpf_sk_lookup_tcp(skb, &t, sizeof(t.ipv4), BPF_F_CURRENT_NETNS, 0); \
	})

SEC("tc") OFTEN
REASON("cannot be used inside bpf_local_irq_save-ed region")
int meet_irq_or_ref(struct __sk_buff *skb)
{
	__u32 n = skb->len;
	unsigned long flags;
	struct bpf_sock *sk = NULL;

	if (n > 100) {
		bpf_local_irq_save(&flags);
	} else {
		sk = LOOKUP(skb);
		if (!sk)
			return 0;
	}
	hide(n);
	skb->mark = n;
	hide(n);
	if (n > 100)
		bpf_local_irq_restore(&flags);
	else if (sk)
		bpf_sk_release(sk);
	return 0;
}

SEC("tc") OFTEN
REASON("cannot be used inside bpf_spin_lock-ed region")
int meet_lock_or_ref(struct __sk_buff *skb)
{
	__u32 n = skb->len;
	struct locked *l = zero_of(&locks);
	struct bpf_sock *sk = NULL;

	if (!l)
		return 0;
	if (n > 100) {
		bpf_spin_lock(&l->lock);
	} else {
		sk = LOOKUP(skb);
		if (!sk)
			return 0;
	}
	hide(n);
	l->n = n;
	hide(n);
	if (n > 100)
		bpf_spin_unlock(&l->lock);
	else if (sk)
		bpf_sk_release(sk);
	return 0;
}

SEC("tc") OFTEN
REASON("bpf_spin_unlock of different lock")
int meet_two_locks(struct __sk_buff *skb)
{
	__u32 n = skb->len;
	struct locked *a = zero_of(&locks), *b = zero_of(&more_locks);

	if (!a || !b)
		return 0;
	if (n > 100)
		bpf_spin_lock(&a->lock);
	else
		bpf_spin_lock(&b->lock);
	hide(n);
	a->n = n;
	hide(n);
	if (n > 100)
		bpf_spin_unlock(&a->lock);
	else
		bpf_spin_unlock(&b->lock);
	return 0;
}

SEC("tc") OFTEN
REASON("bpf_spin_unlock of different lock")
int meet_global_lock(struct __sk_buff *skb)
{
	__u32 n = skb->len;
	struct locked *a = zero_of(&locks);

	if (!a)
		return 0;
	if (n > 100)
		bpf_spin_lock(&a->lock);
	else
		bpf_spin_lock(&global_lock);
	hide(n);
	a->n = n;
	hide(n);
	if (n > 100)
		bpf_spin_unlock(&a->lock);
	else
		bpf_spin_unlock(&global_lock);
	return 0;
}

SEC("tc") ACCEPTED OFTEN
int meet_order(struct __sk_buff *skb)
{
	__u32 n = skb->len;
	unsigned long flags;
	struct bpf_sock *sk;

	if (n > 100) {
		bpf_local_irq_save(&flags);
		sk = LOOKUP(skb);
	} else {
		sk = LOOKUP(skb);
		bpf_local_irq_save(&flags);
	}
	hide(n);
	skb->mark = n;
	hide(n);
	if (sk)
		bpf_sk_release(sk);
	bpf_local_irq_restore(&flags);
	return 0;
}

SEC("tc") ACCEPTED OFTEN
int meet_irq(struct __sk_buff *skb)
{
	__u32 n = skb->len;
	unsigned long flags;

	bpf_local_irq_save(&flags);
	if (n > 100)
		skb->mark = 1;
	barrier();
	skb->priority = 2;
	bpf_local_irq_restore(&flags);
	return 0;
}

SEC("tc") OFTEN
REASON("cannot restore irq state out of order, expected id=")
int meet_irqs(struct __sk_buff *skb)
{
	__u32 n = skb->len;
	unsigned long a, b;

	if (n > 100) {
		bpf_local_irq_save(&a);
		bpf_local_irq_save(&b);
	} else {
		bpf_local_irq_save(&b);
		bpf_local_irq_save(&a);
	}
	skb->mark = 1;
	bpf_local_irq_restore(&b);
	bpf_local_irq_restore(&a);
	return 0;
}

SEC("tc") OFTEN
REASON("cannot restore irq state out of order, expected id=")
int meet_irqs_other(struct __sk_buff *skb)
{
	__u32 n = skb->len;
	unsigned long a, b;

	if (n <= 100) {
		bpf_local_irq_save(&a);
		bpf_local_irq_save(&b);
	} else {
		bpf_local_irq_save(&b);
		bpf_local_irq_save(&a);
	}
	skb->mark = 1;
	bpf_local_irq_restore(&b);
	bpf_local_irq_restore(&a);
	return 0;
}

SEC("tc") ACCEPTED OFTEN
int irqs_in_order(struct __sk_buff *skb)
{
	unsigned long a, b;

	struct bpf_sock *sk;

	bpf_local_irq_save(&a);
	sk = LOOKUP(skb);
	bpf_local_irq_save(&b);
	bpf_local_irq_restore(&b);
	bpf_local_irq_restore(&a);
	if (sk)
		bpf_sk_release(sk);
	return 0;
}

SEC("tc")
REASON("cannot restore irq state out of order, expected id=3 acquired at insn_idx=")
int irqs_of_three(struct __sk_buff *skb)
{
	unsigned long a, b, c;

	bpf_local_irq_save(&a);
	bpf_local_irq_save(&b);
	bpf_local_irq_save(&c);
	bpf_local_irq_restore(&b);
	return 0;
}

SEC("tc") ACCEPTED OFTEN
int meet_iters(struct __sk_buff *skb)
{
	__u32 n = skb->len;
	struct bpf_iter_num a, b;

	if (n > 100) {
		bpf_iter_num_new(&a, 0, 3);
		bpf_iter_num_new(&b, 0, 3);
	} else {
		bpf_iter_num_new(&b, 0, 3);
		bpf_iter_num_new(&a, 0, 3);
	}
	barrier();
	skb->mark = n;
	barrier();
	bpf_iter_num_next(&a);
	bpf_iter_num_next(&b);
	bpf_iter_num_destroy(&a);
	bpf_iter_num_destroy(&b);
	return 0;
}

SEC("tc") ACCEPTED OFTEN
int iter_drained(struct __sk_buff *skb)
{
	struct bpf_iter_num a;
	int sum = 0, *v;

	bpf_iter_num_new(&a, 0, 3);
	while ((v = bpf_iter_num_next(&a)))
		sum += *v;
	for (int i = 0; i < 5; i++) {
		barrier();
		skb->mark = i;
		if (bpf_iter_num_next(&a))
			sum++;
	}
	bpf_iter_num_destroy(&a);
	return sum;
}

SEC("tc") ACCEPTED OFTEN
int meet_dynptrs(struct __sk_buff *skb)
{
	__u32 n = skb->len;
	struct bpf_dynptr a, b;

	if (n > 100) {
		bpf_ringbuf_reserve_dynptr(&ring, 8, 0, &a);
		bpf_ringbuf_reserve_dynptr(&ring, 8, 0, &b);
	} else {
		bpf_ringbuf_reserve_dynptr(&ring, 8, 0, &b);
		bpf_ringbuf_reserve_dynptr(&ring, 8, 0, &a);
	}
	barrier();
	skb->mark = n;
	barrier();
	bpf_ringbuf_discard_dynptr(&a, 0);
	bpf_ringbuf_discard_dynptr(&b, 0);
	return 0;
}

SEC("tc") OFTEN
REASON("arg")
int meet_dynptr_types(struct __sk_buff *skb)
{
	__u32 n = skb->len;
	struct bpf_dynptr a, b;
	long *v = zero_of(&numbers);

	if (!v)
		return 0;
	if (n > 100) {
		bpf_ringbuf_reserve_dynptr(&ring, 8, 0, &a);
		bpf_dynptr_from_mem(v, 8, 0, &b);
	} else {
		bpf_dynptr_from_mem(v, 8, 0, &a);
		bpf_ringbuf_reserve_dynptr(&ring, 8, 0, &b);
	}
	skb->mark = 1;
	bpf_ringbuf_discard_dynptr(&a, 0);
	return 0;
}

SEC("tc") OFTEN
REASON("arg")
int meet_dynptr_types_other(struct __sk_buff *skb)
{
	__u32 n = skb->len;
	struct bpf_dynptr a, b;
	long *v = zero_of(&numbers);

	if (!v)
		return 0;
	if (n <= 100) {
		bpf_ringbuf_reserve_dynptr(&ring, 8, 0, &a);
		bpf_dynptr_from_mem(v, 8, 0, &b);
	} else {
		bpf_dynptr_from_mem(v, 8, 0, &a);
		bpf_ringbuf_reserve_dynptr(&ring, 8, 0, &b);
	}
	skb->mark = 1;
	bpf_ringbuf_discard_dynptr(&a, 0);
	return 0;
}

SEC("tc") OFTEN
REASON("Expected an initialized dynptr as arg #0")
int meet_dynptr_shifted_0(struct __sk_buff *skb)
{
	__u32 n = skb->len;
	char mem[24] __attribute__((aligned(8)));
	long *v = zero_of(&numbers);

	if (!v)
		return 0;
	if (n > 100)
		bpf_dynptr_from_mem(v, 8, 0, (void *)mem);
	else
		bpf_dynptr_from_mem(v, 8, 0, (void *)(mem + 8));
	skb->mark = 1;
	bpf_dynptr_write((void *)(mem + 0), 0, v, 8, 0);
	return 0;
}

SEC("tc") OFTEN
REASON("Expected an initialized dynptr as arg #0")
int meet_dynptr_shifted_1(struct __sk_buff *skb)
{
	__u32 n = skb->len;
	char mem[24] __attribute__((aligned(8)));
	long *v = zero_of(&numbers);

	if (!v)
		return 0;
	if (n > 100)
		bpf_dynptr_from_mem(v, 8, 0, (void *)mem);
	else
		bpf_dynptr_from_mem(v, 8, 0, (void *)(mem + 8));
	skb->mark = 1;
	bpf_dynptr_write((void *)(mem + 8), 0, v, 8, 0);
	return 0;
}

SEC("tc") OFTEN
REASON("Expected an initialized dynptr as arg #0")
int meet_dynptr_shifted_2(struct __sk_buff *skb)
{
	__u32 n = skb->len;
	char mem[24] __attribute__((aligned(8)));
	long *v = zero_of(&numbers);

	if (!v)
		return 0;
	if (n <= 100)
		bpf_dynptr_from_mem(v, 8, 0, (void *)mem);
	else
		bpf_dynptr_from_mem(v, 8, 0, (void *)(mem + 8));
	skb->mark = 1;
	bpf_dynptr_write((void *)(mem + 0), 0, v, 8, 0);
	return 0;
}

SEC("tc") OFTEN
REASON("Expected an initialized dynptr as arg #0")
int meet_dynptr_shifted_3(struct __sk_buff *skb)
{
	__u32 n = skb->len;
	char mem[24] __attribute__((aligned(8)));
	long *v = zero_of(&numbers);

	if (!v)
		return 0;
	if (n <= 100)
		bpf_dynptr_from_mem(v, 8, 0, (void *)mem);
	else
		bpf_dynptr_from_mem(v, 8, 0, (void *)(mem + 8));
	skb->mark = 1;
	bpf_dynptr_write((void *)(mem + 8), 0, v, 8, 0);
	return 0;
}

SEC("tc")
REASON("Expected an initialized dynptr as arg #2")
int dynptr_half_new(struct __sk_buff *skb)
{
	char mem[24] __attribute__((aligned(8))), buf[8];
	long *v = zero_of(&numbers);

	if (!v)
		return 0;
	bpf_dynptr_from_mem(v, 8, 0, (void *)mem);
	bpf_dynptr_from_mem(v, 8, 0, (void *)(mem + 8));
	bpf_dynptr_read(buf, 8, (void *)mem, 0, 0);
	return buf[0];
}

/* One function under two depths of calls. */

LOCAL int leaf(struct __sk_buff *skb, int n)
{
	if (n > 3)
		skb->mark = n;
	barrier();
	if (n > 5)
		skb->priority = n;
	return n;
}

LOCAL int middle(struct __sk_buff *skb, int n)
{
	if (n == 77)
		skb->mark = 2;
	barrier();
	return leaf(skb, n + 1) + 1;
}

SEC("tc") ACCEPTED OFTEN
int two_depths(struct __sk_buff *skb)
{
	int n = skb->len;

	if (n > 100)
		return middle(skb, n);
	return leaf(skb, n);
}

/* Sleeping sections. */

GLOBAL int sleeps(int n)
{
	char buf[8];

	bpf_copy_from_user(buf, 8, NULL);
	return buf[n & 7];
}

SEC("?syscall")
REASON("a non-sleepable BPF program context")
int sleeping_global_in_preempt(void *ctx)
{
	bpf_preempt_disable();
	sleeps(1);
	bpf_preempt_enable();
	return 0;
}

SEC("?syscall")
REASON("a non-sleepable BPF program context")
int sleeping_global_in_irq(void *ctx)
{
	unsigned long flags;

	bpf_local_irq_save(&flags);
	sleeps(1);
	bpf_local_irq_restore(&flags);
	return 0;
}

SEC("?syscall") ACCEPTED
int sleeping_global(void *ctx)
{
	return sleeps(1);
}

SEC("tc")
REASON("a non-sleepable BPF program context")
int sleeping_global_in_tc(struct __sk_buff *skb)
{
	return sleeps(1);
}

SEC("?syscall") ACCEPTED
int sections_of_lookups(void *ctx)
{
	unsigned long flags;
	__u64 *n;

	bpf_rcu_read_lock();
	n = zero_of(&numbers);
	bpf_rcu_read_unlock();
	bpf_preempt_disable();
	n = zero_of(&numbers);
	bpf_preempt_enable();
	bpf_local_irq_save(&flags);
	n = zero_of(&numbers);
	bpf_local_irq_restore(&flags);
	return n != NULL;
}

SEC("tc")
REASON("function calls are not allowed while holding a lock")
int preempt_under_lock(struct __sk_buff *skb)
{
	struct locked *l = zero_of(&locks);

	if (!l)
		return 0;
	bpf_spin_lock(&l->lock);
	bpf_preempt_disable();
	bpf_preempt_enable();
	bpf_spin_unlock(&l->lock);
	return 0;
}

SEC("tc")
REASON("arg#0 expected pointer to an iterator on stack")
int iter_of_ctx(struct __sk_buff *skb)
{
	bpf_iter_num_new((void *)skb, 0, 3);
	return 0;
}

SEC("tc")
REASON("irq_flag")
int irq_variable(struct __sk_buff *skb)
{
	unsigned long flags[4];

	bpf_local_irq_save(&flags[skb->len & 3]);
	return 0;
}

SEC("tc")
REASON("irq_flag")
int irq_variable_restore(struct __sk_buff *skb)
{
	unsigned long flags[4];

	bpf_local_irq_save(&flags[0]);
	bpf_local_irq_restore(&flags[skb->len & 3]);
	return 0;
}

SEC("tc")
REASON("expected an initialized irq flag as arg#0")
int irq_written(struct __sk_buff *skb)
{
	unsigned long flags;

	bpf_local_irq_save(&flags);
	*(volatile char *)&flags = 1;
	bpf_local_irq_restore(&flags);
	return 0;
}

SEC("tc")
REASON("expected an initialized iter_num as arg #0")
int iter_written(struct __sk_buff *skb)
{
	struct bpf_iter_num it;

	bpf_iter_num_new(&it, 0, 3);
	*(volatile char *)&it = 1;
	bpf_iter_num_destroy(&it);
	return 0;
}

/* Reads and writes on paths that go on from kept states: each slot is copied when it is written. */

SEC("tc") ACCEPTED OFTEN
int objects_after_branch(struct __sk_buff *skb)
{
	struct bpf_iter_num it;
	struct bpf_dynptr ptr;
	unsigned long flags;
	long *v = zero_of(&numbers), sum = 0;
	volatile long spilled = skb->len;

	if (!v)
		return 0;
	if (skb->len > 3)
		spilled = 2;
	bpf_local_irq_save(&flags);
	if (skb->mark > 3)
		spilled = 3;
	bpf_local_irq_restore(&flags);
	if (skb->mark > 4)
		spilled = 4;
	bpf_iter_num_new(&it, 0, 3);
	if (skb->mark > 5)
		spilled = 5;
	for (int *n; (n = bpf_iter_num_next(&it));)
		sum += *n;
	bpf_iter_num_destroy(&it);
	if (skb->mark > 6)
		spilled = 6;
	bpf_dynptr_from_mem(v, 8, 0, &ptr);
	if (skb->mark > 7)
		spilled = 7;
	bpf_dynptr_from_mem(v, 8, 0, &ptr);
	if (skb->mark > 8)
		bpf_ringbuf_reserve_dynptr(&ring, 8, 0, &ptr);
	else
		return spilled + sum;
	if (skb->mark > 9)
		spilled = 9;
	bpf_ringbuf_discard_dynptr(&ptr, 0);
	return spilled + sum;
}

/* The same, where clang does lead the two tests into one: the paths part for good. */

SEC("tc") ACCEPTED OFTEN
int apart_irq_or_ref(struct __sk_buff *skb)
{
	__u32 n = skb->len;
	unsigned long flags;
	struct bpf_sock *sk = NULL;

	if (n > 100) {
		bpf_local_irq_save(&flags);
	} else {
		sk = LOOKUP(skb);
		if (!sk)
			return 0;
	}
	barrier();
	skb->mark = n;
	barrier();
	if (n > 100)
		bpf_local_irq_restore(&flags);
	else if (sk)
		bpf_sk_release(sk);
	return 0;
}

SEC("tc") ACCEPTED OFTEN
int apart_lock_or_ref(struct __sk_buff *skb)
{
	__u32 n = skb->len;
	struct locked *l = zero_of(&locks);
	struct bpf_sock *sk = NULL;

	if (!l)
		return 0;
	if (n > 100) {
		bpf_spin_lock(&l->lock);
	} else {
		sk = LOOKUP(skb);
		if (!sk)
			return 0;
	}
	barrier();
	l->n = n;
	barrier();
	if (n > 100)
		bpf_spin_unlock(&l->lock);
	else if (sk)
		bpf_sk_release(sk);
	return 0;
}

SEC("tc") ACCEPTED
int next_under_lock(struct __sk_buff *skb)
{
	struct locked *l = zero_of(&locks);
	struct bpf_iter_num it;

	bpf_iter_num_new(&it, 0, 3);
	if (l) {
		bpf_spin_lock(&l->lock);
		bpf_iter_num_next(&it);
		bpf_spin_unlock(&l->lock);
	}
	bpf_iter_num_destroy(&it);
	return 0;
}

static const char format_control[] = "%s\x01";

SEC("tc")
REASON("Invalid format string")
int ends_in_control(struct __sk_buff *skb)
{
	char buf[8];
	__u64 arg = 1;

	return bpf_snprintf(buf, 8, format_control, &arg, 8);
}

static const char format_delete[] = "%s\x7f";

SEC("tc")
REASON("Invalid format string")
int ends_in_delete(struct __sk_buff *skb)
{
	char buf[8];
	__u64 arg = 1;

	return bpf_snprintf(buf, 8, format_delete, &arg, 8);
}

static const char format_percent[] = "%";

SEC("tc")
REASON("Invalid format string")
int ends_in_percent(struct __sk_buff *skb)
{
	char buf[8];
	__u64 arg = 1;

	return bpf_snprintf(buf, 8, format_percent, &arg, 8);
}

static const char format_zero[] = "%0";

SEC("tc")
REASON("Invalid format string")
int ends_in_zero(struct __sk_buff *skb)
{
	char buf[8];
	__u64 arg = 1;

	return bpf_snprintf(buf, 8, format_zero, &arg, 8);
}

static const char format_width[] = "%5";

SEC("tc")
REASON("Invalid format string")
int ends_in_width(struct __sk_buff *skb)
{
	char buf[8];
	__u64 arg = 1;

	return bpf_snprintf(buf, 8, format_width, &arg, 8);
}

static const char format_dash[] = "%-";

SEC("tc")
REASON("Invalid format string")
int ends_in_dash(struct __sk_buff *skb)
{
	char buf[8];
	__u64 arg = 1;

	return bpf_snprintf(buf, 8, format_dash, &arg, 8);
}

static const char format_ks[] = "%pks\x01";

SEC("tc")
REASON("Invalid format string")
int ends_in_ks(struct __sk_buff *skb)
{
	char buf[8];
	__u64 arg = 1;

	return bpf_snprintf(buf, 8, format_ks, &arg, 8);
}

SEC("tc")
REASON("R3 is not a constant address'")
int format_variable(struct __sk_buff *skb)
{
	char buf[8];
	__u64 arg = 1;

	return bpf_snprintf(buf, 8, format_zero + (skb->len & 1), &arg, 8);
}

char LICENSE[] SEC("license") = "GPL";
