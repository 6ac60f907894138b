/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one text format of vectors. A file holds any number of them; a file without "-- test" is
 * one vector named after the file, so that bpf_conformance's files are read as they are.
 *
 *	# comment, anywhere at the start of a line
 *	-- test NAME          starts a vector
 *	-- asm                program text, any dialect of isa/asm.h
 *	-- raw                or its words in hex, byte by byte in little-endian encoding
 *	-- mem                bytes in hex: r1 points to a copy, r2 is their number
 *	-- map-value          bytes in hex: every map that the program names is an array of one such
 *	                      value
 *	-- result             r0 when the program has ended
 *	-- reject             it must be refused with this text in the reason
 *	-- unchecked          isa_check refuses it, engines run it all the same
 *	-- xdp                the verifier is to see it as an XDP program, not a socket filter
 *	-- waits              what must exist before anything can be said; counted as waiting
 *	-- log, -- xlated, -- jit   texts for rooms to come, kept
 *
 * Helper 5 returns r1.
 */
#ifndef SKEP_TESTS_VECTOR_H
#define SKEP_TESTS_VECTOR_H

#include "base/types.h"
#include "isa/insn.h"

struct vector {
	char name[96]; /* "file.data: name" */
	u32 line;
	struct insn *insns;
	u32 insn_cnt;
	u8 *mem, *map;
	u32 mem_bytes, map_bytes;
	bool has_mem, has_result, unchecked, is_xdp;
	u64 result;
	char *reject, *waits; /* NULL: no such section */
};

struct vector_set {
	struct vector *vectors;
	u32 cnt, cap;
};

/* Adds the vectors of @path. False after a line on stdout ("# path:line: what") when it is bad. */
bool vector_set_read(struct vector_set *set, const char *path);
void vector_set_fini(struct vector_set *set);

#endif
