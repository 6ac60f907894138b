/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libskep: the Linux kernel's BPF system in user space.
 *
 * A struct skep is one whole BPF "kernel": its maps, programs and BTF have ids of their own. A
 * process may hold several; nothing is shared between them. Functions are thread-safe unless they
 * say otherwise. Those that return int return 0 or a negative errno; pointers are returned through
 * the last argument and written only on success. Freeing NULL does nothing.
 */
#ifndef SKEP_SKEP_H
#define SKEP_SKEP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SKEP_API __attribute__((visibility("default")))

struct skep;

/* One line or message of the system: bpf_trace_printk, a loader's warning. @text has no NUL. */
typedef void (*skep_text_fn)(void *cookie, const char *text, size_t len);

/* What the loader of programs may do, as the kernel's capabilities say it. */
enum skep_rights {
	SKEP_RIGHTS_ALL = 0, /* CAP_SYS_ADMIN */
	SKEP_RIGHTS_UNPRIV = 1, /* none */
	SKEP_RIGHTS_BPF = 2, /* CAP_BPF, CAP_NET_ADMIN: no pointer leaks, speculation is fenced */
	SKEP_RIGHTS_PERFMON = 3, /* and CAP_PERFMON */
};

/* What is done with programs that are loaded. */
enum skep_check {
	SKEP_CHECK_PROVE = 0, /* they are verified, and refused when they are not proved safe */
	SKEP_CHECK_GUARD = 1, /* no proof: each access is checked as they run */
};

/* What runs programs that are proved, or whose loader vouches for them. */
enum skep_engine {
	SKEP_ENGINE_DEFAULT = 0, /* the JIT where it knows machine and program, else `interp` */
	SKEP_ENGINE_JIT = 1, /* the JIT, or an error: -EOPNOTSUPP */
	SKEP_ENGINE_INTERP = 2, /* the fast interpreter */
};

/*
 * Against programs that want their constants to be found as machine code: constants are blinded,
 * and code begins at a random place (the kernel's bpf_jit_harden). Blinded programs call lookups
 * of maps instead of containing them. Speculation barriers are the verifier's matter (`rights`).
 */
enum skep_harden {
	SKEP_HARDEN_UNPRIV = 0, /* programs of loaders with SKEP_RIGHTS_UNPRIV: bpf_jit_harden=1 */
	SKEP_HARDEN_ALL = 1, /* all programs that are compiled: bpf_jit_harden=2 */
	SKEP_HARDEN_NONE = 2,
};

struct skep_opts {
	size_t size; /* sizeof(struct skep_opts): lets the struct grow */
	skep_text_fn trace; /* what programs print; NULL: stderr */
	void *trace_cookie;
	uint32_t cpus; /* CPU slots; 0: as many as the host has possible CPUs */
	uint32_t check; /* enum skep_check */
	uint64_t guard_budget; /* instructions per guarded execution; 0: the default */
	uint32_t rights; /* enum skep_rights */
	uint32_t engine; /* enum skep_engine, for SKEP_CHECK_PROVE */
	uint32_t harden; /* enum skep_harden */
	uint32_t reserved; /* must be 0 */
};

/*
 * @opts may be NULL. -EINVAL for a size or option that this version does not know; -EOPNOTSUPP for
 * SKEP_ENGINE_JIT on a machine that the JIT does not know.
 */
SKEP_API int skep_new(const struct skep_opts *opts, struct skep **ret_skep);
/* Drops the caller's hold; what open fds still refer to lives on until those close. */
SKEP_API void skep_free(struct skep *skep);

/* "0.1.0"; never freed. */
SKEP_API const char *skep_version(void);

/*
 * bpf(2) on this instance: same commands, attr layout and errors as Linux 6.18, but the error is
 * returned as a negative number instead of through errno. Fds are real fds of this process.
 */
SKEP_API long skep_bpf(struct skep *skep, int cmd, void *attr, unsigned int size);

#ifdef __cplusplus
}
#endif

#endif
