/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs for messages that need BTF: arguments of global functions, kernel functions, formats.
 * Each function's tag is the reason of the refusal, the live kernel's too; OURS: ours alone, where
 * the kernel knows more (or accepts).
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define REASON(text)	__attribute__((btf_decl_tag("reason=" text)))
#define OURS(text)	__attribute__((btf_decl_tag("ours=" text)))
#define TAG(text)	__attribute__((btf_decl_tag("arg:" text)))
#define GLOBAL		__attribute__((noinline))

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
	__uint(max_entries, 1);
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
} locks SEC(".maps");

static __u64 *number(void)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&numbers, &key);
}

/* Sections that kernel functions open. */

SEC("tc")
REASON("BPF_EXIT instruction in main prog cannot be used inside bpf_rcu_read_lock-ed region")
int exit_in_rcu(struct __sk_buff *skb)
{
	bpf_rcu_read_lock();
	return 0;
}

SEC("tc")
REASON("BPF_EXIT instruction in main prog cannot be used inside bpf_preempt_disable-ed region")
int exit_in_preempt(struct __sk_buff *skb)
{
	bpf_preempt_disable();
	return 0;
}

SEC("tc")
REASON("BPF_EXIT instruction in main prog cannot be used inside bpf_local_irq_save-ed region")
int exit_in_irq(struct __sk_buff *skb)
{
	unsigned long flags;

	bpf_local_irq_save(&flags);
	return 0;
}

SEC("tc")
REASON("unmatched rcu read unlock (kernel function bpf_rcu_read_unlock)")
int rcu_unmatched(struct __sk_buff *skb)
{
	bpf_rcu_read_unlock();
	return 0;
}

SEC("tc")
REASON("nested rcu read lock (kernel function bpf_rcu_read_lock)")
int rcu_nested(struct __sk_buff *skb)
{
	bpf_rcu_read_lock();
	bpf_rcu_read_lock();
	return 0;
}

SEC("tc")
REASON("unmatched attempt to enable preemption (kernel function bpf_preempt_enable)")
int preempt_unmatched(struct __sk_buff *skb)
{
	bpf_preempt_enable();
	return 0;
}

SEC("tc")
REASON("expected uninitialized irq flag as arg#0")
int irq_twice(struct __sk_buff *skb)
{
	unsigned long flags;

	bpf_local_irq_save(&flags);
	bpf_local_irq_save(&flags);
	return 0;
}

SEC("tc")
REASON("expected an initialized irq flag as arg#0")
int irq_uninit(struct __sk_buff *skb)
{
	unsigned long flags = 0;

	bpf_local_irq_restore(&flags);
	return 0;
}

SEC("tc")
REASON("arg#0 doesn't point to an irq flag on stack")
int irq_elsewhere(struct __sk_buff *skb)
{
	__u64 *n = number();

	if (n)
		bpf_local_irq_save((unsigned long *)n);
	return 0;
}

SEC("tc")
REASON("cannot restore irq state out of order, expected id=2 acquired at insn_idx=")
int irq_order(struct __sk_buff *skb)
{
	unsigned long a, b;

	bpf_local_irq_save(&a);
	bpf_local_irq_save(&b);
	bpf_local_irq_restore(&a);
	return 0;
}

SEC("?syscall")
REASON("sleepable helper bpf_copy_from_user#148 in rcu_read_lock region")
int sleep_in_rcu(void *ctx)
{
	char buf[8];

	bpf_rcu_read_lock();
	bpf_copy_from_user(buf, 8, NULL);
	bpf_rcu_read_unlock();
	return 0;
}

SEC("?syscall")
REASON("sleepable helper bpf_copy_from_user#148 in non-preemptible region")
int sleep_in_preempt(void *ctx)
{
	char buf[8];

	bpf_preempt_disable();
	bpf_copy_from_user(buf, 8, NULL);
	bpf_preempt_enable();
	return 0;
}

SEC("?syscall")
REASON("sleepable helper bpf_copy_from_user#148 in IRQ-disabled region")
int sleep_in_irq(void *ctx)
{
	char buf[8];
	unsigned long flags;

	bpf_local_irq_save(&flags);
	bpf_copy_from_user(buf, 8, NULL);
	bpf_local_irq_restore(&flags);
	return 0;
}

/* Iterators. */

SEC("tc")
REASON("expected uninitialized iter_num as arg #0")
int iter_twice(struct __sk_buff *skb)
{
	struct bpf_iter_num it;

	bpf_iter_num_new(&it, 0, 3);
	bpf_iter_num_new(&it, 0, 3);
	bpf_iter_num_destroy(&it);
	return 0;
}

SEC("tc")
REASON("expected an initialized iter_num as arg #0")
int iter_uninit(struct __sk_buff *skb)
{
	struct bpf_iter_num it = {};

	bpf_iter_num_next(&it);
	return 0;
}

SEC("tc")
REASON("arg#0 expected pointer to an iterator on stack")
int iter_elsewhere(struct __sk_buff *skb)
{
	__u64 *n = number();

	if (n)
		bpf_iter_num_destroy((void *)n);
	return 0;
}

SEC("tc")
REASON("R2 is not a scalar")
int iter_pointer(struct __sk_buff *skb)
{
	struct bpf_iter_num it;

	bpf_iter_num_new(&it, (long)skb, 3);
	bpf_iter_num_destroy(&it);
	return 0;
}

SEC("tc")
REASON("cannot write into rdonly_mem")
int iter_write(struct __sk_buff *skb)
{
	struct bpf_iter_num it;
	int *n;

	bpf_iter_num_new(&it, 0, 3);
	while ((n = bpf_iter_num_next(&it)))
		*(volatile int *)n = 1;
	bpf_iter_num_destroy(&it);
	return 0;
}

/* Arguments of global functions. */

GLOBAL int takes_scalar(long n)
{
	return n > 5;
}

SEC("tc")
REASON("Caller passes invalid args into func#1 ('takes_scalar')")
int scalar_pointer(struct __sk_buff *skb)
{
	return takes_scalar((long)skb);
}

GLOBAL int takes_ctx(struct __sk_buff *skb)
{
	return skb->len > 5;
}

SEC("tc")
REASON("Caller passes invalid args into func#1 ('takes_ctx')")
int ctx_number(struct __sk_buff *skb)
{
	__u64 n = 0;

	return takes_ctx((void *)&n);
}

GLOBAL int takes_nonnull(long *p TAG("nonnull"))
{
	return *p > 5;
}

SEC("tc")
REASON("Caller passes invalid args into func#1 ('takes_nonnull')")
int maybe_null(struct __sk_buff *skb)
{
	__u32 key = skb->len;

	return takes_nonnull(bpf_map_lookup_elem(&numbers, &key));
}

GLOBAL int under_lock_callee(int n)
{
	return n > 5;
}

SEC("tc")
REASON("use static function instead")
int global_under_lock(struct __sk_buff *skb)
{
	__u32 key = 0;
	struct locked *l = bpf_map_lookup_elem(&locks, &key);
	int ret;

	if (!l)
		return 0;
	bpf_spin_lock(&l->lock);
	ret = under_lock_callee(3);
	bpf_spin_unlock(&l->lock);
	return ret;
}

GLOBAL int sleeps(int n)
{
	char buf[8];

	bpf_copy_from_user(buf, 8, NULL);
	return buf[n & 7];
}

SEC("?syscall")
REASON("a non-sleepable BPF program context")
int sleeping_global_in_rcu(void *ctx)
{
	bpf_rcu_read_lock();
	sleeps(1);
	bpf_rcu_read_unlock();
	return 0;
}

GLOBAL void returns_void(int n)
{
	bpf_printk("%d", n);
}

SEC("tc")
REASON("Global function returns_void() doesn't return scalar. Only those are supported.")
int calls_void(struct __sk_buff *skb)
{
	returns_void(skb->len);
	return 0;
}

GLOBAL int ctx_and_nonnull(struct __sk_buff *skb TAG("ctx") TAG("nonnull"))
{
	return skb != NULL;
}

SEC("tc")
REASON("arg#0 has invalid combination of tags")
int bad_tags(struct __sk_buff *skb)
{
	return ctx_and_nonnull(skb);
}

GLOBAL int tagged_number(long n TAG("nonnull"))
{
	return n > 1;
}

SEC("tc")
REASON("arg#0 has pointer tag, but is not a pointer type")
int number_with_tag(struct __sk_buff *skb)
{
	return tagged_number(skb->len);
}

GLOBAL int unknown_tag(long *p TAG("whatever"))
{
	return p && *p > 1;
}

SEC("tc")
REASON("arg#0 has unsupported set of tags")
int calls_unknown_tag(struct __sk_buff *skb)
{
	return unknown_tag((long *)number());
}

struct opaque;

GLOBAL int takes_opaque(struct opaque *p)
{
	return p != NULL;
}

SEC("tc")
REASON("arg#0 reference type('FWD opaque') size cannot be determined: -22")
int calls_opaque(struct __sk_buff *skb)
{
	return takes_opaque((void *)number());
}

/* Results. */

GLOBAL __u64 *returns_pointer(int n)
{
	return number();
}

SEC("tc")
REASON("Global function returns_pointer() doesn't return scalar. Only those are supported.")
int calls_returns_pointer(struct __sk_buff *skb)
{
	return returns_pointer(1) != NULL;
}

SEC("tc")
OURS("Caller passes invalid args into func#1 ('takes_nonnull')") /* docs/parity */
int surely_null(struct __sk_buff *skb)
{
	return takes_nonnull(NULL);
}

GLOBAL long gives_ctx(struct __sk_buff *skb)
{
	return (long)skb;
}

SEC("tc")
REASON("At subprogram exit the register R0 is not a scalar value (ctx)")
int calls_gives_ctx(struct __sk_buff *skb)
{
	return gives_ctx(skb) != 0;
}

GLOBAL long global_callback(__u64 index, void *ctx)
{
	return 0;
}

SEC("tc")
REASON("callback function not static")
int callback_global(struct __sk_buff *skb)
{
	return bpf_loop(3, global_callback, NULL, 0);
}

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} progs SEC(".maps");

static __attribute__((noinline)) void tail_void(struct __sk_buff *skb)
{
	bpf_tail_call(skb, &progs, 0);
}

SEC("tc")
REASON("tail_call is only allowed in functions that return 'int'.")
int tail_in_void(struct __sk_buff *skb)
{
	tail_void(skb);
	return 0;
}

SEC("tc")
REASON("function calls are not allowed while holding a lock")
int rcu_under_lock(struct __sk_buff *skb)
{
	__u32 key = 0;
	struct locked *l = bpf_map_lookup_elem(&locks, &key);

	if (!l)
		return 0;
	bpf_spin_lock(&l->lock);
	bpf_rcu_read_lock();
	bpf_rcu_read_unlock();
	bpf_spin_unlock(&l->lock);
	return 0;
}

SEC("tc")
REASON("map 'numbers' has no valid bpf_spin_lock")
int lock_nowhere(struct __sk_buff *skb)
{
	__u64 *n = number();

	if (n)
		bpf_spin_lock((void *)n);
	return 0;
}

/* Formats and strings. */

const char not_a_string[4] SEC(".rodata.open") = "abcd";
const char text[] = "text";

SEC("tc")
REASON("string is not zero-terminated")
int string_open(struct __sk_buff *skb)
{
	char buf[4] = "abc";

	return bpf_strncmp(buf, 4, not_a_string);
}

SEC("tc")
REASON("R3 is not a constant address'")
int string_variable(struct __sk_buff *skb)
{
	char buf[4] = "abc";

	return bpf_strncmp(buf, 4, text + (skb->len & 1));
}

static const char bad_format[] = "%z";

SEC("tc")
REASON("Invalid format string")
int format_invalid(struct __sk_buff *skb)
{
	char buf[8];
	__u64 arg = 1;

	return bpf_snprintf(buf, 8, bad_format, &arg, 8);
}

static const char good_format[] = "%d";

SEC("tc")
OURS("R5: arguments of a format are 8 bytes each")
int format_size(struct __sk_buff *skb)
{
	char buf[8];
	__u64 arg[2] = { 1 };

	return bpf_snprintf(buf, 8, good_format, arg, 12);
}

/* What needs a kernel's BTF. */

SEC("tc")
OURS("kernel function bpf_cast_to_kern_ctx is typed by the BTF of a kernel")
int kernel_function(struct __sk_buff *skb)
{
	extern void *bpf_cast_to_kern_ctx(void *) __ksym;

	return bpf_cast_to_kern_ctx(skb) != NULL;
}

/* More of tags and types of arguments. */

GLOBAL int ctx_of_other(struct locked *p TAG("ctx"))
{
	return p != NULL;
}

SEC("tc")
REASON("arg#0 should be `struct __sk_buff *`")
int calls_ctx_of_other(struct __sk_buff *skb)
{
	return ctx_of_other((void *)skb);
}

GLOBAL int untrusted_nonnull(int *p TAG("untrusted") TAG("nonnull"))
{
	return p != NULL;
}

SEC("tc")
REASON("arg#0 untrusted cannot be combined with any other tags")
int calls_untrusted_nonnull(struct __sk_buff *skb)
{
	return untrusted_nonnull((void *)number());
}

struct task_struct {
	int pid;
} __attribute__((preserve_access_index));

GLOBAL int untrusted_task(struct task_struct *p TAG("untrusted"))
{
	return p != NULL;
}

SEC("tc")
OURS("arg#0: pointers typed by a kernel's BTF are not supported yet")
int calls_untrusted_task(struct __sk_buff *skb)
{
	return untrusted_task((void *)number());
}

GLOBAL int trusted_task(struct task_struct *p TAG("trusted"))
{
	return p != NULL;
}

SEC("tc")
OURS("arg#0: pointers typed by a kernel's BTF are not supported yet")
int calls_trusted_task(struct __sk_buff *skb)
{
	return trusted_task((void *)number());
}

GLOBAL int arena_nonnull(int *p TAG("arena") TAG("nonnull"))
{
	return p != NULL;
}

SEC("tc")
REASON("arg#0 arena cannot be combined with any other tags")
int calls_arena_nonnull(struct __sk_buff *skb)
{
	return arena_nonnull((void *)number());
}

GLOBAL int takes_arena(int *p TAG("arena"))
{
	return p != NULL;
}

SEC("tc")
REASON("R1 is not a pointer to arena or scalar.")
int arena_ctx(struct __sk_buff *skb)
{
	return takes_arena((void *)skb);
}

struct small {
	long n;
};

GLOBAL int takes_struct(struct small s)
{
	return s.n > 5;
}

SEC("tc")
REASON("Arg#0 type STRUCT in takes_struct() is not supported yet.")
int calls_takes_struct(struct __sk_buff *skb)
{
	struct small s = { skb->len };

	return takes_struct(s);
}

struct bpf_dynptr;

GLOBAL int takes_dynptr(struct bpf_dynptr *p)
{
	return p != NULL;
}

SEC("tc")
REASON("arg#0 expected pointer to stack or const struct bpf_dynptr")
int dynptr_ctx(struct __sk_buff *skb)
{
	return takes_dynptr((void *)skb);
}

static GLOBAL int tagged_static(long *p TAG("nonnull"))
{
	return *p > 5;
}

SEC("tc")
REASON("arg#0 type tag is not supported in static functions")
int calls_tagged_static(struct __sk_buff *skb)
{
	long n = skb->len;

	/* Its BTF is no help then, but that alone is no reason: what follows is one. */
	return tagged_static(&n) + *(volatile int *)(long)skb->hash;
}

GLOBAL int handler(__u64 cookie)
{
	return cookie > 5;
}

SEC("tc")
OURS("exception callbacks are not supported yet")
__attribute__((btf_decl_tag("exception_callback:handler")))
int with_handler(struct __sk_buff *skb)
{
	return 0;
}

/* Fields of map values that point into the kernel. */

struct with_kptr {
	__u64 n;
	struct task_struct __kptr *task;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct with_kptr);
} tasks SEC(".maps");

static void *task_value(void)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&tasks, &key);
}

SEC("tc")
REASON("kptr cannot be accessed indirectly by helper")
int kptr_helper(struct __sk_buff *skb)
{
	char *v = task_value();

	return v ? bpf_skb_load_bytes(skb, 0, v, 16) : 0;
}

SEC("tc")
REASON("kptr access cannot have variable offset")
int kptr_variable(struct __sk_buff *skb)
{
	char *v = task_value();

	return v ? *(volatile char *)(v + (skb->len & 15)) : 0;
}

SEC("tc")
REASON("kptr access misaligned expected=8 off=12")
int kptr_misaligned(struct __sk_buff *skb)
{
	char *v = task_value();

	return v ? *(volatile int *)(v + 12) : 0;
}

SEC("tc")
REASON("kptr access size must be BPF_DW")
int kptr_size(struct __sk_buff *skb)
{
	char *v = task_value();

	return v ? *(volatile int *)(v + 8) : 0;
}

SEC("tc")
OURS("access to a kptr needs kernel BTF, which is not supported yet")
int kptr_load(struct __sk_buff *skb)
{
	char *v = task_value();

	return v ? *(volatile long *)(v + 8) != 0 : 0;
}

char LICENSE[] SEC("license") = "GPL";
