/* SPDX-License-Identifier: BSD-2-Clause */
/* What can be said about the flow that a packet belongs to. */
#ifndef SKEP_PKT_FLOW_H
#define SKEP_PKT_FLOW_H

#include "pkt/pkt.h"

/*
 * A hash of the addresses, the protocol and, for unfragmented TCP, UDP, SCTP and DCCP, the ports;
 * the same for both directions of a flow and in every run, never 0. The kernel's skb_get_hash has
 * the same inputs and a random key.
 */
u32 pkt_flow_hash(const struct pkt *pkt);

#endif
