/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs that see a dynptr as a name alone. Tags as in reasons.bpf.c.
 */
#define REASON(text)	__attribute__((btf_decl_tag("reason=" text)))
#define ACCEPTED	__attribute__((btf_decl_tag("accepted=")))
#define SEC(name)	__attribute__((section(name), used))
#define GLOBAL		__attribute__((noinline))

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

char LICENSE[] SEC("license") = "GPL";
