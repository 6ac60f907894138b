/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verifier as a call: is this program safe, what did the proof cost, and if not, why? Nothing
 * is loaded and nothing runs. Programs of all types are taken, whether or not their hook exists
 * here. Rules, errors and the text of the log are those of Linux 6.18.
 *
 * Any number of threads may verify in one instance at once.
 */
#ifndef SKEP_VERIFY_H
#define SKEP_VERIFY_H

#include <skep/skep.h>

#ifdef __cplusplus
extern "C" {
#endif

struct skep_verify_opts {
	size_t size; /* sizeof(struct skep_verify_opts): lets the struct grow */
	uint32_t prog_type;	       /* enum bpf_prog_type of <linux/bpf.h> */
	uint32_t expected_attach_type; /* enum bpf_attach_type */
	uint32_t prog_flags;	       /* BPF_F_STRICT_ALIGNMENT, BPF_F_TEST_STATE_FREQ… */
	uint32_t rights;	       /* enum skep_rights */
	/* Instructions name maps by these (BPF_PSEUDO_MAP_IDX), or by fd (BPF_PSEUDO_MAP_FD). */
	const int *fd_array;
	uint32_t fd_cnt;
	int32_t btf_fd; /* of the program's BTF, with the records of BTF.ext below; 0: none */
	const void *func_info, *line_info;
	uint32_t func_info_cnt, func_info_rec_size, line_info_cnt, line_info_rec_size;
	const char *license; /* NULL: "GPL" */
	const char *name;    /* of the program; NULL: none */
	/* As for BPF_PROG_LOAD: 1 each instruction, 2 all states, 4 statistics, 8 the start. */
	uint32_t log_level;
	uint32_t log_size;
	char *log; /* NUL-terminated when log_size > 0 */
	/* Limits; 0: the kernel's million of processed instructions, any memory, any time. */
	uint64_t insns_max, memory_bytes_max, time_ns_max;
	/* NULL, or: -ECANCELED soon after it becomes other than 0 (written atomically). */
	const unsigned char *cancel;
};

/* One branch of the path that led to the refused instruction. */
struct skep_verify_step {
	uint32_t insn, to;
};

#define SKEP_VERIFY_PATH_MAX 32

/* Strings are valid until skep_verify_result_free. */
struct skep_verify_result {
	size_t size; /* sizeof(struct skep_verify_result), set by the caller */
	int32_t err; /* 0: accepted; else what BPF_PROG_LOAD would return */
	uint32_t insn;		 /* refused instruction */
	const char *reason;	 /* in the kernel's words; NULL when accepted */
	const char *code;	 /* the same for every refusal of this kind */
	const char *reg;	 /* the register that was wrong, as the log shows it, or NULL */
	const char *source_file; /* NULL without line information */
	const char *source_line;
	uint32_t line, column;
	uint32_t path_cnt; /* newest first */
	struct skep_verify_step path[SKEP_VERIFY_PATH_MAX];
	/* The cost. */
	uint64_t insns_processed, time_ns, memory_peak_bytes;
	uint32_t total_states, peak_states, max_states_per_insn, stack_bytes;
	uint32_t log_true_size; /* what the whole log would need */
	void *owned;
};

/*
 * @insns: struct bpf_insn, copied. Returns 0 when there is a verdict, which is in @ret->err (the
 * caller frees it with skep_verify_result_free); -EINVAL for options that this version does not
 * know or an unknown program type, -EBADF for a wrong fd, -E2BIG, -ENOMEM.
 */
SKEP_API int skep_verify(struct skep *skep, const void *insns, uint32_t insn_cnt,
			 const struct skep_verify_opts *opts, struct skep_verify_result *ret);
/* Works on a zeroed struct, too. */
SKEP_API void skep_verify_result_free(struct skep_verify_result *result);

#ifdef __cplusplus
}
#endif

#endif
