/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers that work on a packet. r1 is the run's struct pkt where the helper takes a context;
 * memory arguments were checked by the caller (the guard, or once a verifier) against the rows of
 * spec/helpers. Every function is a helper_fn of the name that the row has; helper/impl.def lists
 * it.
 */
#ifndef SKEP_HELPER_PACKET_H
#define SKEP_HELPER_PACKET_H

#include "helper/helper_int.h"

struct pkt;

/* The packet behind r1. */
static inline struct pkt *helper_pkt(u64 r1)
{
	return u64_to_ptr(r1);
}

#endif
