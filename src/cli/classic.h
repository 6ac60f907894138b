/* SPDX-License-Identifier: BSD-2-Clause */
/* What `skep filter` and `skep convert` share: libpcap's compiler, and a filter ready to run. */
#ifndef SKEP_CLI_CLASSIC_H
#define SKEP_CLI_CLASSIC_H

#include <pcap/pcap.h>

#include "isa/cbpf/cbpf.h"
#include "isa/cbpf/view.h"
#include "prog/prog.h"

/* libpcap's struct bpf_insn has our layout: one may be read as the other. */
_Static_assert(sizeof(struct bpf_insn) == sizeof(struct cbpf_insn), "the two layouts are one");

enum classic_engine_kind {
	CLASSIC_ENGINE_JIT,	/* converted, compiled; the next on machines without a target */
	CLASSIC_ENGINE_RUN,	/* converted, trusted interpreter */
	CLASSIC_ENGINE_GUARD,	/* converted, every access checked */
	CLASSIC_ENGINE_CLASSIC, /* our direct interpreter */
	CLASSIC_ENGINE_LIBPCAP, /* bpf_filter, to compare with */
};

/* False when there is no engine of that name. */
bool classic_engine_named(const char *name, enum classic_engine_kind *ret_kind);

struct classic_filter;
/* The engine that took the filter, which may be another one than was asked for. */
const char *classic_engine_name(const struct classic_filter *filter);

struct classic_filter {
	enum classic_engine_kind kind;
	struct cbpf_prog *classic; /* owned */
	struct prog *prog;	   /* the first three only */
	struct run *run;
	struct cbpf_view view;
};

/* After a message on stderr, which names @what: CLI_FAILED; else 0. */
int classic_filter_init(struct classic_filter *filter, const struct cbpf_insn *insns, u32 len,
			enum classic_engine_kind kind, const char *what) must_check;
void classic_filter_fini(struct classic_filter *filter);

/* 0 or 1 in *ret_matched; -EFAULT when the guard stopped the program (our bug; reported). */
int classic_filter_packet(struct classic_filter *filter, const u8 *bytes, u32 captured_bytes,
			  u32 wire_bytes, bool *ret_matched) must_check;

/*
 * The expression in @args (joined by blanks) or, when @file is not NULL, in that file, as one
 * string to mem_free. NULL after a message on stderr.
 */
char *classic_expression(char *const *args, int arg_cnt, const char *file) must_check;

#endif
