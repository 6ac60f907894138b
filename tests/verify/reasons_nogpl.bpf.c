/* SPDX-License-Identifier: BSD-2-Clause */
/* As reasons.bpf.c: what a program is refused because of its licence. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define REASON(text) __attribute__((btf_decl_tag("reason=" text)))

extern void bpf_rcu_read_lock(void) __ksym;

SEC("tc")
REASON("cannot call kernel function from non-GPL compatible program")
int kernel_function_nogpl(struct __sk_buff *skb)
{
	bpf_rcu_read_lock();
	return 0;
}

char LICENSE[] SEC("license") = "Proprietary";
