/* SPDX-License-Identifier: BSD-2-Clause */
/* Types and tags of arguments that no case of reasons.bpf.c has (tools/coverage_verify.py -v). */
#include "sides.h"

enum wide { WIDE_ONE = 1, WIDE_MANY = 1ull << 40 };
enum narrow { NARROW_ONE = 1, NARROW_TWO };
union either {
	long n;
	char c;
};

GLOBAL int takes_wide(enum wide w)
{
	return w > WIDE_ONE;
}

SEC("tc") ACCEPTED
int wide_enum(struct __sk_buff *skb)
{
	return takes_wide(skb->len);
}

GLOBAL enum wide gives_wide(enum narrow n)
{
	return n == NARROW_TWO ? WIDE_MANY : WIDE_ONE;
}

SEC("tc") ACCEPTED
int wide_result(struct __sk_buff *skb)
{
	return gives_wide(skb->len) == WIDE_ONE;
}

GLOBAL int takes_tagged(long n __attribute__((btf_decl_tag("of no meaning"))))
{
	return n > 1;
}

SEC("tc") ACCEPTED
int other_tag(struct __sk_buff *skb)
{
	return takes_tagged(skb->len);
}

GLOBAL int takes_restrict(char *restrict *p)
{
	return p != NULL;
}

SEC("tc") ACCEPTED
int restrict_pointer(struct __sk_buff *skb)
{
	return takes_restrict(zero_of(&numbers));
}

GLOBAL int takes_type_tag(char __attribute__((btf_type_tag("user"))) *p)
{
	return p != NULL;
}

SEC("tc") ACCEPTED
int type_tag(struct __sk_buff *skb)
{
	return takes_type_tag(zero_of(&numbers));
}

GLOBAL int takes_volatile(volatile const int *p)
{
	return p ? *p : 0;
}

SEC("tc") ACCEPTED
int volatile_pointer(struct __sk_buff *skb)
{
	return takes_volatile(zero_of(&numbers));
}

GLOBAL int takes_union(union either *p)
{
	return p ? p->c : 0;
}

SEC("tc") ACCEPTED
int union_pointer(struct __sk_buff *skb)
{
	return takes_union(zero_of(&numbers));
}

GLOBAL int ctx_of_void(const void *ctx TAG("ctx"))
{
	return ctx != NULL;
}

SEC("tc") ACCEPTED
int const_void(struct __sk_buff *skb)
{
	return ctx_of_void(skb);
}

GLOBAL int ctx_of_u64(__u64 *ctx TAG("ctx"))
{
	return ctx[0] > 5;
}

SEC("raw_tp/sys_enter") ACCEPTED
int raw_u64(__u64 *ctx)
{
	return ctx_of_u64(ctx);
}

GLOBAL int ctx_of_int(int *ctx TAG("ctx"))
{
	return ctx != NULL;
}

SEC("raw_tp/sys_enter")
REASON("arg#0 should be `struct bpf_raw_tracepoint_args *`")
int raw_int(__u64 *ctx)
{
	return ctx_of_int((int *)ctx);
}

GLOBAL int ctx_of_locked(struct locked *ctx TAG("ctx"))
{
	return ctx != NULL;
}

SEC("raw_tp/sys_enter")
REASON("arg#0 should be `struct bpf_raw_tracepoint_args *`")
int raw_struct(__u64 *ctx)
{
	return ctx_of_locked((void *)ctx);
}

GLOBAL int ctx_of_lirc(struct locked *ctx TAG("ctx"))
{
	return ctx != NULL;
}

SEC("lirc_mode2") /* a type that not every kernel is built with */
OURS("arg#0 should be void pointer")
int lirc_ctx(unsigned int *sample)
{
	return ctx_of_lirc((void *)sample);
}

GLOBAL int nullable(int *p TAG("nullable"))
{
	return p != NULL;
}

SEC("tc")
REASON("arg#0 has invalid combination of tags")
int calls_nullable(struct __sk_buff *skb)
{
	return nullable(zero_of(&numbers));
}

GLOBAL int untrusted_void(void *p TAG("untrusted"))
{
	return p != NULL;
}

SEC("tc") ACCEPTED
int calls_untrusted_void(struct __sk_buff *skb)
{
	return untrusted_void((void *)(long)skb->len);
}

GLOBAL int untrusted_int(int *p TAG("untrusted"))
{
	return p ? *p : 0;
}

SEC("tc")
OURS("R1: access through rdonly_untrusted_mem needs kernel BTF, which is not supported yet")
int calls_untrusted_int(struct __sk_buff *skb)
{
	return untrusted_int((int *)(long)skb->len);
}

struct bpf_dynptr_kern {
	__u64 opaque[2];
};

GLOBAL int takes_dynptr_kern(struct bpf_dynptr_kern *p)
{
	return p != NULL;
}

SEC("tc")
REASON("R1 type=ctx expected=fp")
int dynptr_kern(struct __sk_buff *skb)
{
	return takes_dynptr_kern((void *)skb);
}

GLOBAL int tagged_dynptr(struct bpf_dynptr *p TAG("nonnull"))
{
	return p != NULL;
}

SEC("tc")
REASON("arg#0 has invalid combination of tags")
int calls_tagged_dynptr(struct __sk_buff *skb)
{
	return tagged_dynptr((void *)skb);
}

GLOBAL long reads_dynptr(struct bpf_dynptr *p)
{
	char buf[8] = { 0 };

	bpf_dynptr_read(buf, sizeof(buf), p, 0, 0);
	return buf[0];
}

SEC("tc") ACCEPTED
int calls_reads_dynptr(struct __sk_buff *skb)
{
	struct bpf_dynptr ptr;
	long *n = zero_of(&numbers);

	if (!n)
		return 0;
	bpf_dynptr_from_mem(n, sizeof(*n), 0, &ptr);
	return reads_dynptr(&ptr);
}

GLOBAL long slices_dynptr(struct bpf_dynptr *p)
{
	long *n = bpf_dynptr_data(p, 0, sizeof(*n));

	return n ? *n : 0;
}

SEC("tc") ACCEPTED
int calls_slices_dynptr(struct __sk_buff *skb)
{
	struct bpf_dynptr ptr;
	long *n = zero_of(&numbers);

	if (!n)
		return 0;
	bpf_dynptr_from_mem(n, sizeof(*n), 0, &ptr);
	return slices_dynptr(&ptr);
}

GLOBAL long writes_const_dynptr(struct bpf_dynptr *p)
{
	long *n = zero_of(&numbers);

	if (n)
		bpf_dynptr_from_mem(n, sizeof(*n), 0, p);
	return 0;
}

SEC("tc")
REASON("Dynptr has to be an uninitialized dynptr")
int calls_writes_const_dynptr(struct __sk_buff *skb)
{
	struct bpf_dynptr ptr;
	long *n = zero_of(&numbers);

	if (!n)
		return 0;
	bpf_dynptr_from_mem(n, sizeof(*n), 0, &ptr);
	return writes_const_dynptr(&ptr);
}

struct task_struct {
	int pid;
} __attribute__((preserve_access_index));

GLOBAL int trusted_nonnull(struct task_struct *p TAG("trusted") TAG("nonnull"))
{
	return p != NULL;
}

SEC("tc")
REASON("arg#0 has invalid combination of tags")
int calls_trusted_nonnull(struct __sk_buff *skb)
{
	return trusted_nonnull(zero_of(&numbers));
}

GLOBAL int takes_arena(int *p TAG("arena"))
{
	return p != NULL;
}

SEC("tc")
OURS("") /* the kernel wants an arena map for the function's own proof */
int arena_number(struct __sk_buff *skb)
{
	return takes_arena((int *)(long)skb->len) + *(volatile int *)(long)skb->hash;
}

struct pair {
	int a, b;
};

LOCAL int static_struct(struct pair p)
{
	return p.a > p.b;
}

SEC("tc") ACCEPTED
int calls_static_struct(struct __sk_buff *skb)
{
	struct pair p = { skb->len, skb->mark };

	return static_struct(p);
}

LOCAL int six(int a, int b, int unused, int c, int d, int e)
{
	barrier();
	return a + b > c + d + e;
}

SEC("tc") ACCEPTED
int calls_six(struct __sk_buff *skb)
{
	return six(skb->len, skb->mark, skb->hash, skb->priority, skb->ifindex, 1);
}

LOCAL void static_void(struct __sk_buff *skb)
{
	skb->mark = 3;
}

SEC("tc") ACCEPTED
int calls_static_void(struct __sk_buff *skb)
{
	static_void(skb);
	return 0;
}

GLOBAL int takes_memory(long *p)
{
	return p ? *p > 5 : 0;
}

SEC("tc")
REASON("dereference of modified ctx ptr R1 off=8 disallowed")
int moved_ctx(struct __sk_buff *skb)
{
	void *p = skb;

	asm volatile("%0 += 8" : "+r"(p));
	return takes_memory(p);
}

SEC("tc")
REASON("Caller passes invalid args into func#")
int moved_ctx_as_ctx(struct __sk_buff *skb)
{
	void *p = skb;

	asm volatile("%0 += 8" : "+r"(p));
	return ctx_of_void(p);
}

char LICENSE[] SEC("license") = "GPL";
