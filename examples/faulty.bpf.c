/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Faulty, on purpose: counts TCP connections that are being opened, but forgets that a frame may be
 * something else, or shorter than it hopes. `skep run` stops it at the first packet that is too
 * short and names packet, line and byte; the kernel's verifier refuses to load it at all. The mend
 * is the commented line.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <bpf/bpf_helpers.h>

__u64 opened;

SEC("xdp")
int count_syn(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	struct iphdr *ip = data + sizeof(struct ethhdr);
	struct tcphdr *tcp = (void *)(ip + 1);

	/* if ((void *)(tcp + 1) > (void *)(long)ctx->data_end) return XDP_PASS; */
	if (tcp->syn && !tcp->ack)
		opened++;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
