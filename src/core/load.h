/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From bytes to a program that can run: check the encoding, resolve maps and functions, bind an
 * engine. What BPF_PROG_LOAD does after its attr is parsed, and what the embedding doors call.
 */
#ifndef SKEP_CORE_LOAD_H
#define SKEP_CORE_LOAD_H

#include "base/types.h"
#include "isa/insn.h"
#include "prog/prog.h"
#include "spec/spec.h"

struct btf;
struct skep;
struct vlog;
struct reject_record;
struct verify_opts;
struct verify_result;

struct prog_load_attr {
	enum prog_type type;
	u32 expected_attach_type;
	u32 flags;
	const struct insn *insns; /* copied */
	u32 insn_cnt;
	char name[PROG_NAME_BYTES];
	bool gpl_compatible;
	struct btf *btf; /* borrowed; NULL without */
	/* Raw func_info and line_info of BTF.ext, record sizes as given. */
	const void *func_info, *line_info;
	u32 func_info_cnt, func_info_rec_bytes;
	u32 line_info_cnt, line_info_rec_bytes;
	/*
	 * A new reference to the map behind @fd (BPF_PSEUDO_MAP_FD) or fd_array[@fd]
	 * (BPF_PSEUDO_MAP_IDX, @by_index). 0, -EBADF, -EINVAL.
	 */
	int (*map_of_fd)(void *cookie, s32 fd, bool by_index, struct map **ret_map);
	void *cookie;
	/* NULL, or gets the reason when loading fails before the verifier is at work. */
	struct reject_record *reject;
	struct vlog *log; /* borrowed; the caller finishes it. NULL: none */
};

/*
 * Verifies and does no more. @opts->log is @attr->log. What verify_prog returns, or the errors of
 * loading; *@ret says why in either case. -EINVAL for an unknown type.
 */
int core_prog_verify(struct skep *skep, const struct prog_load_attr *attr,
		     const struct verify_opts *opts, struct verify_result *ret) must_check;

/* license_is_gpl_compatible() */
bool license_is_gpl(const char *license);

int core_prog_load(struct skep *skep, const struct prog_load_attr *attr,
		   struct prog **ret_prog) must_check;

#endif
