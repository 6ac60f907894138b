/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers that work on a packet. r1 is the run's struct pkt where the helper takes a context;
 * memory arguments were checked by the caller (the guard, or once a verifier) against the rows of
 * spec/helpers. Every function is a helper_fn of the name that the row has.
 */
#ifndef SKEP_HELPER_PACKET_H
#define SKEP_HELPER_PACKET_H

#include "base/types.h"
#include "prog/run.h"

#define PACKET_HELPERS(X)                                                                          \
	X(csum_diff) X(csum_level) X(csum_update) X(l3_csum_replace) X(l4_csum_replace)            \
	X(skb_load_bytes) X(skb_load_bytes_relative) X(skb_store_bytes) X(skb_pull_data)           \
	X(skb_vlan_push) X(skb_vlan_pop) X(skb_change_type) X(get_hash_recalc) X(set_hash)         \
	X(set_hash_invalid) X(skb_ecn_set_ce)                                                      \
	X(skb_change_proto) X(skb_change_head) X(skb_change_tail) X(skb_adjust_room)               \
	X(xdp_adjust_head) X(xdp_adjust_meta) X(xdp_adjust_tail) X(xdp_get_buff_len)               \
	X(xdp_load_bytes) X(xdp_store_bytes) X(redirect) X(redirect_map)

/* Opens a helper; those of r1..r5 and run that it does not have stay unused. */
#define HELPER_FN(name)                                                                            \
	u64 helper_##name(HELPER_ARG u64 r1, HELPER_ARG u64 r2, HELPER_ARG u64 r3,                 \
			  HELPER_ARG u64 r4, HELPER_ARG u64 r5, HELPER_ARG struct run *run)
#define HELPER_ARG __attribute__((unused))

#define PACKET_HELPER_DECL(name) HELPER_FN(name);
PACKET_HELPERS(PACKET_HELPER_DECL)
#undef PACKET_HELPER_DECL

struct pkt;

/* The packet behind r1. */
static inline struct pkt *helper_pkt(u64 r1)
{
	return u64_to_ptr(r1);
}

/* Negative errno as the program's r0. */
static inline u64 helper_err(int err)
{
	return (u64)(s64)err;
}

#endif
