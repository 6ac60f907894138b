/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs that see a dynptr as a name alone, and marks of the stack by the hundreds. Tags as in
 * reasons.bpf.c.
 */
#define REASON(text)	__attribute__((btf_decl_tag("reason=" text)))
#define ACCEPTED	__attribute__((btf_decl_tag("accepted=")))
#define OFTEN		__attribute__((btf_decl_tag("flags=8")))
#define SEC(name)	__attribute__((section(name), used))
#define GLOBAL		__attribute__((noinline))
#define TAG(text)	__attribute__((btf_decl_tag("arg:" text)))

struct __sk_buff {
	unsigned int len, pkt_type, mark;
};

struct bpf_dynptr;

static long (*bpf_dynptr_data)(const struct bpf_dynptr *p, unsigned int off, unsigned int len) =
	(void *)203;

GLOBAL long declared_dynptr(struct bpf_dynptr *p)
{
	return bpf_dynptr_data(p, 0, 8) != 0;
}

SEC("tc")
REASON("arg#0 expected pointer to stack or const struct bpf_dynptr")
int calls_declared_dynptr(struct __sk_buff *skb)
{
	return declared_dynptr((void *)skb);
}

struct bpf_dynptr_kern {
	unsigned long opaque[2];
};

GLOBAL int memory_of_kern(struct bpf_dynptr_kern *p)
{
	return p ? p->opaque[0] > 5 : 0;
}

/* Another name: plain memory. */
SEC("tc") ACCEPTED
int calls_memory_of_kern(struct __sk_buff *skb)
{
	struct bpf_dynptr_kern k = { { skb->len, 2 } };

	return memory_of_kern(&k);
}

/* Each of many paths finds other slots read or written. */

#define ONE(i)						\
	if (bits & 1ul << (i) % 63)			\
		slots[(i) % 40] = bits + (i);		\
	else						\
		sum += slots[((i) * 7) % 40];		\
	bits = bits >> 1 | (unsigned long)skb->mark << 40;
#define FOUR(i)	   ONE(i) ONE((i) + 1) ONE((i) + 2) ONE((i) + 3)
#define SIXTEEN(i) FOUR(i) FOUR((i) + 4) FOUR((i) + 8) FOUR((i) + 12)
#define MANY(i)	   SIXTEEN(i) SIXTEEN((i) + 16) SIXTEEN((i) + 32) SIXTEEN((i) + 48)

SEC("tc") ACCEPTED
int many_marks(struct __sk_buff *skb)
{
	volatile unsigned long slots[40];
	unsigned long bits = skb->len, sum = 0;

	for (int i = 0; i < 40; i++)
		slots[i] = i;
	MANY(0)
	MANY(64)
	return sum > 5;
}

static GLOBAL unsigned long marks_of_caller(struct __sk_buff *skb, volatile unsigned long *slots)
{
	unsigned long bits = skb->len, sum = 0;

	MANY(0)
	return sum;
}

SEC("tc") ACCEPTED
int many_marks_of_caller(struct __sk_buff *skb)
{
	volatile unsigned long slots[40];

	for (int i = 0; i < 40; i++)
		slots[i] = i;
	return marks_of_caller(skb, slots) + slots[3] > 5;
}

char LICENSE[] SEC("license") = "GPL";
