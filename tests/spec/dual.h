/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One program, loaded into the live kernel and into an instance that only verifies: verdict and
 * reason side by side. Maps are made in both; a program names the kernel's descriptors.
 */
#ifndef SKEP_TESTS_SPEC_DUAL_H
#define SKEP_TESTS_SPEC_DUAL_H

#include "base/types.h"
#include "core/skep.h"
#include "isa/insn.h"
#include "skep/skep.h"
#include "tests/kernel_bpf.h"

#define DUAL_LOG_BYTES 65536u
#define DUAL_INSNS     64u
#define DUAL_MAPS      64u

struct dual {
	struct skep *skep;
	int fds[DUAL_MAPS][2]; /* the kernel's, ours */
	u32 map_cnt;
	int btf[2];
	char log[2][DUAL_LOG_BYTES];
	const char *reason[2]; /* of the last load, in log */
	long ret[2];	       /* 0 or -errno */
};

/* The line before the statistics. */
static inline const char *dual_reason(char *text)
{
	char *end = strstr(text, "processed "), *at;

	if (end)
		*end = 0;
	for (at = text + strlen(text); at > text && at[-1] == '\n'; at--)
		at[-1] = 0;
	at = strrchr(text, '\n');
	return at ? at + 1 : text;
}

static inline long dual_bpf(const struct dual *d, u32 who, int cmd, union bpf_attr *attr)
{
	long ret;

	if (who)
		return skep_bpf(d->skep, cmd, attr, sizeof(*attr));
	ret = syscall(SYS_bpf, cmd, attr, sizeof(*attr));
	return ret < 0 ? -errno : ret;
}

/* The kernel's descriptor, or the error of the first that fails. */
static inline int dual_map(struct dual *d, union bpf_attr *attr)
{
	const u32 inner = attr->inner_map_fd;
	int *fds = d->fds[d->map_cnt];

	for (u32 who = 0; who < 2; who++) {
		union bpf_attr a = *attr;

		if (a.btf_key_type_id)
			a.btf_fd = (u32)d->btf[who];
		for (u32 i = 0; who && inner && i < d->map_cnt; i++)
			if (d->fds[i][0] == (int)inner)
				a.inner_map_fd = (u32)d->fds[i][1];
		fds[who] = (int)dual_bpf(d, who, BPF_MAP_CREATE, &a);
		if (fds[who] < 0)
			return fds[who];
	}
	d->map_cnt++;
	return fds[0];
}

/* @attr has type, attach type, flags, func_info; *@insns are for the kernel. */
static inline void dual_load(struct dual *d, const union bpf_attr *attr, const struct insn *insns,
			     u32 cnt)
{
	struct insn code[DUAL_INSNS];

	memcpy(code, insns, cnt * sizeof(*insns));
	for (u32 who = 0; who < 2; who++) {
		union bpf_attr a = *attr;
		long fd;

		for (u32 i = 0; who && i + 1 < cnt; i++)
			for (u32 m = 0; code[i].code == 0x18 && code[i].src == 1 && m < d->map_cnt;
			     m++)
				if (insns[i].imm == d->fds[m][0])
					code[i].imm = d->fds[m][1];
		a.insns = ptr_to_u64(code);
		a.insn_cnt = cnt;
		a.license = ptr_to_u64("GPL");
		a.log_buf = ptr_to_u64(d->log[who]);
		a.log_size = DUAL_LOG_BYTES;
		a.log_level = 2;
		if (a.func_info_cnt)
			a.prog_btf_fd = (u32)d->btf[who];
		d->log[who][0] = 0;
		fd = dual_bpf(d, who, BPF_PROG_LOAD, &a);
		if (fd >= 0)
			close((int)fd);
		d->ret[who] = fd < 0 ? fd : 0;
		d->reason[who] = dual_reason(d->log[who]);
	}
}

static inline bool dual_agree(const struct dual *d)
{
	return d->ret[0] == d->ret[1] && (!d->ret[0] || !strcmp(d->reason[0], d->reason[1]));
}

#endif
