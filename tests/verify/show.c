/* SPDX-License-Identifier: BSD-2-Clause */
/* show.h: runs and translated programs, asked of bpf(2) alike from both backends. */
#include "tests/verify/show.h"

#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "isa/text.h"

#define DATA_BYTES  64 /* of a run: TEST_DATA_LEN of the kernel's selftests */
#define INSNS_BYTES (8u << 20)

struct text {
	char *at;
	size_t room;
};

static void add(struct text *t, const char *line)
{
	const int n = snprintf(t->at, t->room, "%s\n", line);

	if (n > 0 && (size_t)n < t->room) {
		t->at += n;
		t->room -= (size_t)n;
	}
}

/* One run over @data; a program that starts from nothing (syscall) takes none. */
static void run(struct backend *b, const struct record *r, int fd, const struct blob *data,
		struct text *out)
{
	uint8_t in[DATA_BYTES] = { 0 }, result[DATA_BYTES * 4];
	union bpf_attr attr;
	char line[64];
	long ret;

	if (data && data->bytes)
		memcpy(in, data->data, data->bytes < DATA_BYTES ? data->bytes : DATA_BYTES);
	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)fd;
	if (r->type != BPF_PROG_TYPE_SYSCALL) {
		attr.test.data_in = (uint64_t)(uintptr_t)in;
		attr.test.data_size_in = sizeof(in);
		attr.test.data_out = (uint64_t)(uintptr_t)result;
		attr.test.data_size_out = sizeof(result);
		attr.test.repeat = 1;
	}
	ret = backend_bpf(b, BPF_PROG_TEST_RUN, &attr);
	snprintf(line, sizeof(line), "run %ld %d", ret, ret ? 0 : (int)attr.test.retval);
	add(out, line);
}

/* A move by a per-CPU offset: no instruction of ours (is_mov_percpu_addr of the kernel). */
static bool is_percpu(const struct insn *insn)
{
	return insn->code == 0xbf && insn->off == -1;
}

static void dump(struct backend *b, int fd, struct text *out)
{
	const struct isa_text_opts opts = { .no_marks = true };
	struct insn *insns = malloc(INSNS_BYTES);
	struct bpf_prog_info info = { .xlated_prog_len = INSNS_BYTES };
	struct str text = STR_INIT;
	union bpf_attr attr;
	uint32_t cnt;

	if (!insns)
		return;
	info.xlated_prog_insns = (uint64_t)(uintptr_t)insns;
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uint64_t)(uintptr_t)&info;
	cnt = backend_bpf(b, BPF_OBJ_GET_INFO_BY_FD, &attr) ? 0 : info.xlated_prog_len / 8;
	for (uint32_t i = 0, words; i < cnt; i += words) {
		words = 1;
		str_reset(&text);
		str_addf(&text, "%u: ", i);
		if (is_percpu(&insns[i]))
			str_addf(&text, "(bf) r%u = &(void __percpu *)(r%u)", insns[i].dst,
				 insns[i].src);
		else
			words = isa_text_insn(&text, insns, cnt, i, &opts);
		add(out, str_c(&text));
	}
	str_fini(&text);
	free(insns);
}

void show_loaded(struct backend *b, const struct record *r, int fd, char *log)
{
	struct text out = { .at = log, .room = BACKEND_LOG_BYTES };

	log[0] = 0;
	dump(b, fd, &out); /* first: of what is too long the end is kept */
	for (uint32_t i = 0; i < r->run_cnt; i++)
		run(b, r, fd, &r->runs[i], &out);
	if (!r->run_cnt)
		run(b, r, fd, NULL, &out);
}
