/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random classic programs for the differential tests and the fuzzer: mostly well-formed, with the
 * corners (special offsets, scratch memory, long jumps, division) drawn often.
 */
#ifndef SKEP_TESTS_CBPF_GEN_H
#define SKEP_TESTS_CBPF_GEN_H

#include "isa/cbpf/cbpf.h"

struct gen {
	u64 state; /* the seed; then the generator's state */
};

u64 gen_u64(struct gen *g);
/* 0 .. n - 1 */
u32 gen_below(struct gen *g, u32 n);

enum gen_kind {
	GEN_SOCKET,
	GEN_SECCOMP,
	GEN_PCAP, /* no special offsets, no constant shifts of 32 and more */
};

/* Writes a program of at most @max (>= 8) instructions; returns its length. */
u32 gen_program(struct gen *g, enum gen_kind kind, struct cbpf_insn *out, u32 max);
/* Breaks some field of some instruction. */
void gen_mutate(struct gen *g, struct cbpf_insn *insns, u32 len);
/* Packet bytes with structure: netlink attributes here and there, else random. */
void gen_packet(struct gen *g, u8 *out, u32 len);

#endif
