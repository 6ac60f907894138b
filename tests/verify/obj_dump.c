/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A compiled BPF object as records (record.h): libbpf does all that a loader does, on a bpf(2)
 * that only remembers (fake.h). With each program go the declaration tags of its function, which
 * are the annotations of the kernel's selftests. Needs no rights.
 *
 *	verify_obj_dump OBJECT.o >OBJECT.rec
 *
 * A program that could not be brought so far is a line "skip NAME: why".
 */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/verify/fake.h"

static struct btf *kernel_btf; /* NULL where there is none */
static char last_message[512];

static int message(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	if (level == LIBBPF_WARN && !last_message[0]) {
		vsnprintf(last_message, sizeof(last_message), fmt, ap);
		last_message[strcspn(last_message, "\n")] = 0;
	}
	return 0;
}

static const char *kfunc_name(int32_t id)
{
	const struct btf_type *t = kernel_btf ? btf__type_by_id(kernel_btf, (uint32_t)id) : NULL;

	return t ? btf__name_by_offset(kernel_btf, t->name_off) : NULL;
}

/* These name a kernel type or function to attach to: another world than a program's own. */
static const char *btf_typed(enum bpf_prog_type type)
{
	static const struct {
		enum bpf_prog_type type;
		const char *name;
	} typed[] = {
		{ BPF_PROG_TYPE_TRACING, "TRACING" },
		{ BPF_PROG_TYPE_LSM, "LSM" },
		{ BPF_PROG_TYPE_EXT, "EXT" },
		{ BPF_PROG_TYPE_STRUCT_OPS, "STRUCT_OPS" },
	};

	for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++)
		if (typed[i].type == type)
			return typed[i].name;
	return NULL;
}

/* Sections that libbpf 1.1 does not know yet. */
static void type_by_section(struct bpf_program *prog)
{
	static const struct {
		const char *section;
		uint32_t type, attach;
	} later[] = {
		{ "tc/ingress", BPF_PROG_TYPE_SCHED_CLS, 46 },
		{ "tc/egress", BPF_PROG_TYPE_SCHED_CLS, 47 },
		{ "tcx/ingress", BPF_PROG_TYPE_SCHED_CLS, 46 },
		{ "tcx/egress", BPF_PROG_TYPE_SCHED_CLS, 47 },
		{ "netkit/primary", BPF_PROG_TYPE_SCHED_CLS, 54 },
		{ "netkit/peer", BPF_PROG_TYPE_SCHED_CLS, 55 },
		{ "netfilter", 32, 45 },
		{ "cgroup/connect_unix", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, 49 },
		{ "cgroup/sendmsg_unix", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, 50 },
		{ "cgroup/recvmsg_unix", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, 51 },
		{ "cgroup/getpeername_unix", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, 52 },
		{ "cgroup/getsockname_unix", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, 53 },
	};

	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
		if (bpf_program__type(prog) != BPF_PROG_TYPE_UNSPEC ||
		    strcmp(bpf_program__section_name(prog), later[i].section))
			continue;
		bpf_program__set_type(prog, later[i].type);
		bpf_program__set_expected_attach_type(prog, later[i].attach);
	}
}

static void tags_write(const struct bpf_object *obj, const char *func)
{
	const struct btf *btf = bpf_object__btf(obj);
	int id = btf ? btf__find_by_name_kind(btf, func, BTF_KIND_FUNC) : -1;

	for (uint32_t i = 1; id > 0 && i < btf__type_cnt(btf); i++) {
		const struct btf_type *t = btf__type_by_id(btf, i);
		const char *s;

		if (!btf_is_decl_tag(t) || t->type != (uint32_t)id ||
		    btf_decl_tag(t)->component_idx != -1)
			continue;
		s = btf__str_by_offset(btf, t->name_off);
		printf("tag ");
		for (; *s; s++)
			printf(*s == '\n' ? "\\n" : *s == '\\' ? "\\\\" : "%c", *s);
		printf("\n");
	}
}

/* What a tool would have set before loading, so that its maps can be made. */
static void map_sizes(struct bpf_object *obj)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, obj) {
		enum bpf_map_type type = bpf_map__type(map);

		if (bpf_map__max_entries(map) == 0 && type != BPF_MAP_TYPE_PERF_EVENT_ARRAY &&
		    type != BPF_MAP_TYPE_CGROUP_STORAGE &&
		    type != BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE &&
		    (type < BPF_MAP_TYPE_SK_STORAGE || type > BPF_MAP_TYPE_DEVMAP_HASH) &&
		    type < BPF_MAP_TYPE_STRUCT_OPS)
			bpf_map__set_max_entries(map, 1024);
		if (type == BPF_MAP_TYPE_STACK_TRACE && bpf_map__value_size(map) == 0)
			bpf_map__set_value_size(map, 127 * sizeof(uint64_t));
	}
}

static void prog_write(const struct bpf_object *obj, const struct bpf_program *prog)
{
	const struct fake_record rec = { .name = bpf_program__name(prog),
					 .prog_fd = bpf_program__fd(prog),
					 .kfunc_name = kfunc_name };

	if (rec.prog_fd < 0 || fake_write(stdout, &rec))
		return;
	printf("tag section=%s\n", bpf_program__section_name(prog));
	tags_write(obj, rec.name);
	printf("end\n");
}

/* Loads @only, or all that may be loaded (NULL), and writes them. 0 or -errno. */
static int object_write(const char *path, const char *only)
{
	struct bpf_object *obj = bpf_object__open(path);
	struct bpf_program *prog;
	int err;

	if (!obj)
		return -errno;
	bpf_object__for_each_program(prog, obj) {
		const char *name = bpf_program__name(prog);

		type_by_section(prog);
		bpf_program__set_autoload(prog, !btf_typed(bpf_program__type(prog)) &&
							(!only || !strcmp(only, name)));
	}
	map_sizes(obj);
	last_message[0] = 0;
	err = bpf_object__load(obj);
	if (!err) {
		bpf_object__for_each_program(prog, obj)
			prog_write(obj, prog);
	}
	bpf_object__close(obj);
	fake_reset();
	return err;
}

/* One program at a time: what one of them needs and is not there does not stop the others. */
static int one_by_one(const char *path)
{
	struct bpf_object *obj = bpf_object__open(path);
	struct bpf_program *prog;

	if (!obj)
		return -errno;
	bpf_object__for_each_program(prog, obj) {
		const char *name = bpf_program__name(prog);

		if (!btf_typed(bpf_program__type(prog)) && object_write(path, name))
			printf("skip %s: libbpf: %s\n", name, last_message);
	}
	bpf_object__close(obj);
	return 0;
}

static void typed_write(const char *path)
{
	struct bpf_object *obj = bpf_object__open(path);
	struct bpf_program *prog;

	if (!obj)
		return;
	bpf_object__for_each_program(prog, obj) {
		const char *type = btf_typed(bpf_program__type(prog));

		if (type)
			printf("skip %s: program type %s\n", bpf_program__name(prog), type);
	}
	bpf_object__close(obj);
}

int main(int argc, char **argv)
{
	int err;

	if (argc != 2) {
		fprintf(stderr, "verify_obj_dump OBJECT.o >OBJECT.rec\n");
		return 2;
	}
	libbpf_set_print(message);
	kernel_btf = btf__load_vmlinux_btf();
	typed_write(argv[1]);
	err = object_write(argv[1], NULL);
	if (err)
		err = one_by_one(argv[1]);
	if (err)
		printf("skip *: libbpf: %s: %s\n", strerror(-err), last_message);
	btf__free(kernel_btf);
	return 0;
}
