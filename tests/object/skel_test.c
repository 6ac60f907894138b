/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A skeleton that bpftool generated, with libbpf as the embedder linked it (--wrap=syscall): maps,
 * .rodata, .data, .bss through mappings, calls, tail calls, BPF_PROG_TEST_RUN, pins, iteration by
 * id, and honest answers to libbpf's feature probes.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <skep/object.h>
#include <skep/skep.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "all.skel.h"
#include "tests/tap.h"

static char messages[65536];

static int keep_message(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	size_t len = strlen(messages);

	if (level != LIBBPF_DEBUG)
		vsnprintf(messages + len, sizeof(messages) - len, fmt, ap);
	return 0;
}

static int run(int fd, unsigned char first, unsigned int len)
{
	unsigned char packet[256] = { first };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = len);
	int err = bpf_prog_test_run_opts(fd, &opts);

	return err ? err : (int)opts.retval;
}

static void test_data(struct all_bpf *skel)
{
	int fd = bpf_program__fd(skel->progs.xdp_main);

	tap_eq(run(fd, 7, 60), XDP_PASS, "an empty slot of the program array falls through");
	tap_eq(skel->bss->seen, 1, ".bss is mapped and written");
	tap_str(skel->bss->last, "xdp_main", "bytes in .bss");
	skel->data->jump_to = 2;
	tap_eq(run(fd, 7, 130), XDP_DROP, "a tail call that .data chose");
	tap_eq(skel->bss->tailed, 1, "the other program ran");
	tap_eq(skel->rodata->long_from, 120, ".rodata as it was set before loading");
}

static void test_maps(struct all_bpf *skel)
{
	struct {
		unsigned long long packets, bytes;
		unsigned int kind;
	} flow = { 0 };
	int cpus = libbpf_num_possible_cpus();
	unsigned long long *per_cpu = calloc((size_t)cpus, 8), sum = 0;
	unsigned int key = 7, next = 0;

	tap_eq(bpf_map__lookup_elem(skel->maps.flows, &key, 4, &flow, sizeof(flow), 0), 0,
	       "an entry that the program made");
	tap_eq(flow.packets, 2, "packets");
	tap_eq(flow.bytes, 190, "bytes");
	tap_eq(flow.kind, 2, "kind, by .rodata's limit");
	tap_eq(bpf_map__get_next_key(skel->maps.flows, NULL, &next, 4), 0, "first key");
	tap_eq(next, 7, "is it");
	key = 0;
	tap_eq(bpf_map__lookup_elem(skel->maps.per_cpu, &key, 4, per_cpu, (size_t)cpus * 8, 0), 0,
	       "a per-CPU element");
	for (int i = 0; i < cpus; i++)
		sum += per_cpu[i];
	tap_eq(sum, 2, "counted over CPUs");
	free(per_cpu);
	tap_eq(bpf_map_update_elem(bpf_map__fd(skel->maps.rodata), &key, messages, 0), -EPERM,
	       ".rodata is frozen");
}

/*
 * The machine code in the program's info, as bpftool prog dump jited takes it: libbpf puts
 * functions, lines and addresses together and refuses what does not fit.
 */
static void test_jited(struct all_bpf *skel)
{
	struct bpf_prog_info info = { 0 };
	unsigned char code[16384] = { 0 };
	unsigned long long addrs[16], lines[256];
	unsigned int lens[16], total = 0, len = sizeof(info), fits = 0;
	struct bpf_line_info rows[256];
	struct bpf_prog_linfo *linfo;

	info.jited_prog_insns = (unsigned long long)(uintptr_t)code;
	info.jited_prog_len = sizeof(code);
	info.jited_ksyms = (unsigned long long)(uintptr_t)addrs;
	info.nr_jited_ksyms = 16;
	info.jited_func_lens = (unsigned long long)(uintptr_t)lens;
	info.nr_jited_func_lens = 16;
	info.line_info = (unsigned long long)(uintptr_t)rows;
	info.nr_line_info = 256;
	info.line_info_rec_size = sizeof(rows[0]);
	info.jited_line_info = (unsigned long long)(uintptr_t)lines;
	info.nr_jited_line_info = 256;
	info.jited_line_info_rec_size = sizeof(lines[0]);
	if (!tap_eq(bpf_obj_get_info_by_fd(bpf_program__fd(skel->progs.xdp_main), &info, &len), 0,
		    "info with room for machine code"))
		return;
	if (!info.jited_prog_len) {
		tap_skip("machine code: no JIT for this machine");
		return;
	}
	tap_ok(info.nr_jited_ksyms > 1 && info.nr_jited_ksyms == info.nr_jited_func_lens,
	       "a piece for each function");
	for (unsigned int i = 0; i < info.nr_jited_func_lens && i < 16; i++) {
		total += lens[i];
		fits += !i || addrs[i] == addrs[i - 1] + lens[i - 1];
	}
	tap_ok(total == info.jited_prog_len && total < sizeof(code), "together they are the code");
	tap_eq(fits, info.nr_jited_ksyms, "one behind the other");
	tap_ok(!memcmp(code, (const void *)(uintptr_t)addrs[0], lens[0]),
	       "the bytes are those that run");
	tap_ok(info.nr_jited_line_info && info.nr_jited_line_info == info.nr_line_info,
	       "an address for each line");
	linfo = bpf_prog_linfo__new(&info);
	if (!tap_ok(linfo, "libbpf takes them"))
		return;
	for (unsigned int i = 0; i < info.nr_jited_ksyms; i++)
		tap_ok(bpf_prog_linfo__lfind_addr_func(linfo, addrs[i], i, 0),
		       "function %u begins with a line", i);
	bpf_prog_linfo__free(linfo);
}

static void test_info(struct all_bpf *skel)
{
	struct bpf_prog_info info = { 0 };
	unsigned int len = sizeof(info), id = 0, cnt = 0, map_ids[16];
	struct btf *btf;

	info.nr_map_ids = 16;
	info.map_ids = (unsigned long)map_ids;
	tap_eq(bpf_obj_get_info_by_fd(bpf_program__fd(skel->progs.xdp_main), &info, &len), 0,
	       "a program's info");
	tap_str(info.name, "xdp_main", "its name");
	/* flows, per_cpu, jumps, .data, .bss, .rodata, and .rodata.str1.1, which is only bound. */
	tap_eq(info.nr_map_ids, 7, "its maps");
	tap_ok(info.nr_line_info > 10, "its lines (%u)", info.nr_line_info);
	btf = btf__load_from_kernel_by_id(info.btf_id);
	tap_ok(btf && btf__find_by_name_kind(btf, "flow", BTF_KIND_STRUCT) > 0,
	       "its BTF, read back by id");
	btf__free(btf);
	while (!bpf_prog_get_next_id(id, &id))
		cnt++;
	tap_eq(cnt, 3, "programs by id");
}

static void test_pins(struct all_bpf *skel)
{
	int fd;

	tap_eq(bpf_obj_pin(bpf_map__fd(skel->maps.flows), "/sys/fs/bpf/flows"), 0, "pinned");
	fd = bpf_obj_get("/sys/fs/bpf/flows");
	tap_ok(fd >= 0, "and opened by path");
	close(fd);
}

static void test_attach(struct all_bpf *skel)
{
	struct bpf_link *link = bpf_program__attach_xdp(skel->progs.xdp_main, 1);

	tap_ok(!link && errno == EOPNOTSUPP, "no link to a real interface: %s", strerror(errno));
	link = bpf_program__attach(skel->progs.tp_getpid);
	tap_ok(!link, "no tracepoint either: %s", strerror(errno));
}

static void test_probes(void)
{
	tap_eq(libbpf_probe_bpf_map_type(BPF_MAP_TYPE_HASH, NULL), 1, "probe: hash maps");
	tap_eq(libbpf_probe_bpf_map_type(BPF_MAP_TYPE_STRUCT_OPS, NULL), 0,
	       "probe: no struct_ops");
	tap_eq(libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_XDP, NULL), 1, "probe: XDP");
	tap_eq(libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_map_lookup_elem, NULL), 1,
	       "probe: a helper that is there");
	/* What XDP may not call is told by 6.18's words, which libbpf 1.1 does not know yet. */
	tap_eq(libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, (enum bpf_func_id)9999, NULL), 0,
	       "probe: one that nobody has");
}

int main(void)
{
	struct all_bpf *skel;
	struct skep *skep;

	if (skep_new(NULL, &skep))
		return 1;
	libbpf_set_print(keep_message);
	skep_enter(skep);
	skel = all_bpf__open();
	tap_ok(skel, "the skeleton opens");
	if (skel) {
		int err;

		skel->rodata->long_from = 120;
		err = all_bpf__load(skel);
		tap_eq(err, 0, "and loads");
		if (!err) {
			test_data(skel);
			test_maps(skel);
			test_info(skel);
			test_jited(skel);
			test_pins(skel);
			test_attach(skel);
			test_probes();
		}
		all_bpf__destroy(skel);
	}
	if (tap_failed_cnt)
		tap_diag("libbpf said: %s", messages);
	skep_enter(NULL);
	tap_eq(bpf_prog_get_next_id(0, &(unsigned int){ 0 }), -EPERM,
	       "outside, nothing reaches any kernel");
	skep_free(skep);
	return tap_done();
}
