/* SPDX-License-Identifier: BSD-2-Clause */
/* What a classic program sees of a struct pkt: the view that is its context. */
#ifndef SKEP_PKT_CLASSIC_H
#define SKEP_PKT_CLASSIC_H

#include "isa/cbpf/view.h"
#include "pkt/pkt.h"

/*
 * Fills @view, which borrows the packet's bytes. @cpu is the run's slot, @seed where the view's
 * random numbers start.
 */
static inline void pkt_classic_view(const struct pkt *pkt, u32 cpu, u64 seed,
				    struct cbpf_view *view)
{
	*view = (struct cbpf_view){
		.headroom_bytes = (u32)(pkt->data - pkt->hard_start),
		.mac_off_bytes = pkt->mac ? (s32)(pkt->mac - pkt->data) : CBPF_NO_HEADER,
		.net_off_bytes = pkt->net ? (s32)(pkt->net - pkt->data) : 0,
		.protocol = pkt->protocol,
		.vlan_proto = pkt->vlan_proto,
		.vlan_tci = pkt->vlan_tci,
		.vlan_present = pkt->vlan_present != 0,
		.queue_mapping = pkt->queue_mapping,
		.hatype = pkt->hatype,
		.pkt_type = pkt->pkt_type,
		.ifindex = pkt->ifindex,
		.mark = pkt->mark,
		.hash = pkt->hash,
		.cpu = cpu,
		.rand_state = seed,
	};
	cbpf_view_set(view, pkt->data, pkt_caplen(pkt), pkt->len);
}

#endif
