/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program with all that its verification needs, as text: what tools/selftests and the objects of
 * packages are turned into, and what verify_replay gives to the live kernel and to Skep. A file
 * holds blobs and records, one fact a line:
 *
 *	blob N HEX                  bytes that several records share (BTF)
 *	record NAME                 starts a record; "end" ends it
 *	type N / attach N / flags N / level N / license TEXT
 *	insns HEX                   as loaded, map fds 0
 *	btf N                       blob number
 *	func_info BYTES HEX, line_info BYTES HEX
 *	map TYPE KEY VALUE MAX FLAGS EXTRA BTF KTYPE VTYPE INNER FROZEN NAME
 *	                            BTF: blob number or -1; INNER: number of a map above or -1
 *	elem MAP KEYHEX VALUEHEX    preset element; elemmap MAP KEYHEX MAP: of a map in map
 *	fix INSN MAP                the map whose fd this instruction holds
 *	kfunc INSN NAME             a call of a kernel function
 *	run RET RET-UNPRIV HEX      data to run it over; what it returns is for the tools to know
 *	tag TEXT                    for the tools, not for the loader
 */
#ifndef SKEP_TESTS_VERIFY_RECORD_H
#define SKEP_TESTS_VERIFY_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct blob {
	uint8_t *data;
	uint32_t bytes;
};

struct record_elem {
	struct record_elem *next;
	struct blob key, value;
	int inner; /* >= 0: the value is this map */
};

struct record_map {
	uint32_t type, key_bytes, value_bytes, max_entries, flags;
	uint64_t extra;
	int btf; /* blob, or -1 */
	uint32_t key_type, value_type;
	int inner; /* map, or -1 */
	bool frozen;
	char name[16];
	struct record_elem *elems;
};

struct record_fix {
	uint32_t insn;
	int map;
};

#define RECORD_RUNS_MAX 8

struct record {
	struct record *next;
	char *name;
	uint32_t type, attach, flags, level;
	char license[64];
	struct blob insns, func_info, line_info;
	uint32_t func_info_bytes, line_info_bytes;
	int btf;
	struct record_map *maps;
	uint32_t map_cnt;
	struct record_fix *fixes;
	uint32_t fix_cnt;
	struct blob runs[RECORD_RUNS_MAX];
	uint32_t run_cnt;
};

struct record_file {
	struct record *first;
	struct blob *blobs;
	uint32_t blob_cnt;
};

/* False after a line on stderr. */
bool record_file_read(struct record_file *file, FILE *in, const char *name);
void record_file_fini(struct record_file *file);
void record_free(struct record *r);

#endif
