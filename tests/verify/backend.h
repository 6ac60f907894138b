/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "Verify this program", by the live kernel or by Skep: the seam of every test that compares the
 * two. A backend gives bpf(2); what is loaded is a record (record.h).
 */
#ifndef SKEP_TESTS_VERIFY_BACKEND_H
#define SKEP_TESTS_VERIFY_BACKEND_H

#include <stdint.h>

#include "tests/verify/record.h"

enum rights {
	RIGHTS_UNPRIV, /* no capability; needs kernel.unprivileged_bpf_disabled=0 */
	RIGHTS_BPF,    /* CAP_BPF and CAP_NET_ADMIN */
	RIGHTS_PRIV,   /* and CAP_PERFMON: what the kernel's tests call privileged */
};

enum backend_kind { BACKEND_KERNEL, BACKEND_SKEP };

struct backend;

struct verdict {
	int ret; /* 0 accepted, or -errno of BPF_PROG_LOAD */
	int setup_ret; /* not 0: maps or BTF could not be made; nothing was verified */
	const char *setup; /* what could not be made */
	const char *log; /* valid until the next call; "" without */
	uint64_t usec, cpu_usec; /* of the load: what passed, and when this thread ran */
	uint64_t memory_bytes; /* Skep's peak after backend_watch(), else 0 */
};

/* NULL after a line on stderr. */
struct backend *backend_new(enum backend_kind kind);
void backend_free(struct backend *b);

/* Loads @r with @level (0: the record's own) and unloads it. */
void backend_verify(struct backend *b, const struct record_file *file, const struct record *r,
		    enum rights rights, uint32_t level, struct verdict *ret);

/*
 * Makes @r's maps and BTF once, for all records that have the same ->maps (and BTF blob). False
 * after a line on stderr.
 */
bool backend_keep(struct backend *b, const struct record_file *file, const struct record *r);
/* Lets go of what backend_keep() made for @r. */
void backend_drop(struct backend *b, const struct record *r);

/* From now on Skep's verdicts carry ->memory_bytes. Its logs then end at 16 MB. */
void backend_watch(struct backend *b);

/*
 * From now on what is accepted is loaded for good, as by a user's program, by @engine of Skep
 * (enum skep_engine), and given to @loaded before it is closed; what that writes to @log, at most
 * BACKEND_LOG_BYTES, takes the log's place.
 */
#define BACKEND_LOG_BYTES (64u << 20)
typedef void (*backend_loaded_fn)(struct backend *b, const struct record *r, int fd, char *log);
void backend_use(struct backend *b, uint32_t engine, backend_loaded_fn loaded);

/* bpf(2) of the backend: what it returns, or -errno. */
union bpf_attr;
long backend_bpf(struct backend *b, int cmd, union bpf_attr *attr);

/* 0: may be used here; else why not. Rights that the kernel refuses to drop to are skipped. */
const char *backend_refuses(struct backend *b, enum rights rights);

#endif
