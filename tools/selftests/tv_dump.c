/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's test_verifier as records (tests/verify/record.h). Its source is included from where
 * it was unpacked and brings the table of tests and their fix-ups; what it would do with bpf(2) is
 * remembered by tests/verify/fake.c instead, and its main() is not called. Built by
 * tools/selftests/run.py, at test time.
 */
#define main test_verifier_main
#include "test_verifier.c"
#undef main

#include "tests/verify/fake.h"

/* What test_verifier.c takes from files that we leave out; nothing here has capabilities. */
int testing_prog_flags(void)
{
	return 0;
}

int cap_enable_effective(__u64 caps, __u64 *old_caps)
{
	return 0;
}

int cap_disable_effective(__u64 caps, __u64 *old_caps)
{
	return 0;
}

static const char *kfunc_name(int32_t id)
{
	const struct btf_type *t;

	if (!vmlinux_btf)
		vmlinux_btf = btf__load_vmlinux_btf();
	t = vmlinux_btf ? btf__type_by_id(vmlinux_btf, (uint32_t)id) : NULL;
	return t && id ? btf__name_by_offset(vmlinux_btf, t->name_off) : NULL;
}

static void text_write(const char *key, const char *text)
{
	printf("tag %s=", key);
	for (; *text; text++) {
		if (*text == '\n')
			printf("\\n");
		else if (*text == '\\')
			printf("\\\\");
		else
			putchar(*text);
	}
	printf("\n");
}

static const char *result_name(int result)
{
	return result == ACCEPT ? "accept" : result == REJECT ? "reject" : "verbose";
}

static void expectation_write(const struct bpf_test *t)
{
	int unpriv = t->result_unpriv != UNDEF ? t->result_unpriv : t->result;
	const char *err_unpriv = t->errstr_unpriv ? t->errstr_unpriv : t->errstr;

	text_write("result", result_name(t->result));
	if (t->errstr)
		text_write("errstr", t->errstr);
	if (!t->prog_type || t->prog_type == BPF_PROG_TYPE_SOCKET_FILTER ||
	    t->prog_type == BPF_PROG_TYPE_CGROUP_SKB) {
		text_write("result_unpriv", result_name(unpriv));
		if (err_unpriv)
			text_write("errstr_unpriv", err_unpriv);
	}
	if (t->insn_processed)
		printf("tag processed=%u\n", t->insn_processed);
	for (int i = 0; i < (t->runs > 0 ? t->runs : t->runs == 0); i++) {
		printf("run %u %u ", t->retvals[i].retval, t->retvals[i].retval_unpriv);
		for (int n = 0; n < TEST_DATA_LEN; n++)
			printf("%02x", t->retvals[i].data[n]);
		printf("\n");
	}
	for (int i = 0; t->fixup_kfunc_btf_id[i].kfunc; i++)
		printf("tag needs_kfunc=%s\n", t->fixup_kfunc_btf_id[i].kfunc);
}

/* Named by file and place in it, as descriptions are not unique. */
static void test_write(struct bpf_test *t, const char *file, int idx)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts);
	int type = t->prog_type ? (int)t->prog_type : BPF_PROG_TYPE_SOCKET_FILTER;
	int map_fds[MAX_NR_MAPS], fd_array[2] = { -1, -1 }, len, btf = -1;
	struct bpf_insn *insns = t->insns;
	char name[256];

	for (int i = 0; i < MAX_NR_MAPS; i++)
		map_fds[i] = -1;
	do_test_fixup(t, type, insns, map_fds, &fd_array[1]);
	if (t->fill_insns)
		insns = t->fill_insns;
	len = t->fill_insns ? t->prog_len : probe_filter_length(insns);
	if (t->flags & F_LOAD_WITH_STRICT_ALIGNMENT)
		opts.prog_flags |= BPF_F_STRICT_ALIGNMENT;
	if (t->flags & F_NEEDS_EFFICIENT_UNALIGNED_ACCESS)
		opts.prog_flags |= BPF_F_ANY_ALIGNMENT;
	if (t->flags & ~3)
		opts.prog_flags |= t->flags;
	opts.expected_attach_type = t->expected_attach_type;
	if (t->btf_types[0]) {
		btf = load_btf_for_test(t);
		opts.prog_btf_fd = btf;
	}
	opts.func_info = t->func_info;
	opts.func_info_cnt = t->func_info_cnt;
	opts.func_info_rec_size = t->func_info_cnt ? sizeof(t->func_info[0]) : 0;
	snprintf(name, sizeof(name), "%s#%d %s", file, idx, t->descr);
	for (char *c = name; *c; c++)
		if (*c == '\n' || *c == '\t')
			*c = ' ';
	if (type == BPF_PROG_TYPE_TRACING || type == BPF_PROG_TYPE_LSM ||
	    type == BPF_PROG_TYPE_EXT || type == BPF_PROG_TYPE_STRUCT_OPS) {
		printf("skip %s: program type %d\n", name, type);
	} else {
		struct fake_record rec = { .name = name, .kfunc_name = kfunc_name };

		rec.prog_fd = bpf_prog_load(type, NULL, "GPL", insns, len, &opts);
		if (rec.prog_fd < 0 || fake_write(stdout, &rec)) {
			printf("skip %s: not loaded\n", name);
		} else {
			expectation_write(t);
			printf("end\n");
		}
		close(rec.prog_fd);
	}
	free(t->fill_insns);
	for (int i = 0; i < MAX_NR_MAPS; i++)
		if (map_fds[i] >= 0)
			close(map_fds[i]);
	fake_reset();
}

int main(void)
{
	const char *file = "?";
	int idx = 0;

	bpf_semi_rand_init();
	for (int i = 0; i < (int)ARRAY_SIZE(tests); i++) {
		/* Between the files' tests our verifier/tests.h puts entries that name the file. */
		if (!strncmp(tests[i].descr, "@file ", 6)) {
			file = tests[i].descr + 6;
			idx = 0;
			continue;
		}
		test_write(&tests[i], file, idx++);
	}
	return 0;
}
