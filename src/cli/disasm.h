/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of `skep disasm`. */
#ifndef SKEP_CLI_DISASM_H
#define SKEP_CLI_DISASM_H

#include "base/str.h"
#include "base/types.h"
#include "isa/text.h"

#define DISASM_PROGS_MAX 16

struct disasm_opts {
	const char *in;
	enum isa_style style;
	bool json, hex, raw, jited;
	const char *progs[DISASM_PROGS_MAX]; /* --prog, with --jited; none: all */
	u32 prog_cnt;
};

/* A name at an instruction, for headings and llvm's jump targets. */
struct disasm_symbol {
	const char *name;
	s64 idx;
};

/* One run of instructions: an object's section, or a whole raw file (no name, no symbols). */
struct disasm_code {
	const char *section; /* NULL: none */
	const struct insn *insns;
	u32 cnt;
	const struct disasm_symbol *symbols; /* ascending by idx */
	u32 symbol_cnt;
};

void disasm_code_add(struct str *out, const struct disasm_opts *opts,
		     const struct disasm_code *code);
/* All executable sections of the object in @data. A cli_exit. */
int disasm_elf(struct str *out, const struct disasm_opts *opts, char *data, size_t len);
/* The machine code of the programs of the object, or source, opts->in. A cli_exit. */
int disasm_jited(struct str *out, const struct disasm_opts *opts);

#endif
