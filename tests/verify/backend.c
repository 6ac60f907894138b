/* SPDX-License-Identifier: BSD-2-Clause */
/* The two backends of backend.h: bpf(2) of the running kernel, bpf(2) of a Skep instance. */
#include "tests/verify/backend.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/skep.h"

#define LOG_BYTES  BACKEND_LOG_BYTES
#define MAPS_MAX   64

struct backend {
	enum backend_kind kind;
	struct skep *skep; /* NULL: the kernel */
	char *log;
	backend_loaded_fn loaded; /* backend_use(), or NULL */
	/* backend_keep(): whose maps they are, and their descriptors. */
	const struct record *kept_for; /* the record that they were made for */
	const struct record_map *kept_of;
	int kept_maps[MAPS_MAX], kept_btf;
	uint64_t memory_bytes; /* backend_watch(): of the last verification */
};

/* Descriptors of one load. */
struct load {
	struct backend *b;
	const struct record_file *file;
	const struct record *r;
	enum rights rights;
	int maps[MAPS_MAX];
	struct {
		int blob, fd;
	} btfs[MAPS_MAX + 1];
	uint32_t btf_cnt;
	struct verdict *out;
};

long backend_bpf(struct backend *b, int cmd, union bpf_attr *attr)
{
	long ret;

	if (b->skep)
		return skep_bpf(b->skep, cmd, attr, sizeof(*attr));
	ret = syscall(SYS_bpf, cmd, attr, sizeof(*attr));
	return ret < 0 ? -errno : ret;
}

static uint64_t addr(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

/* Keeps of the effective capabilities what @rights stands for; the permitted ones stay. */
static int caps_set(enum rights rights, bool all)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	const uint64_t bpf_caps = 1ull << CAP_SYS_ADMIN | 1ull << CAP_NET_ADMIN |
				  1ull << CAP_PERFMON | 1ull << CAP_BPF;
	uint64_t caps;

	if (syscall(SYS_capget, &head, data))
		return -errno;
	caps = (uint64_t)data[1].permitted << 32 | data[0].permitted;
	if (!all) {
		caps &= ~bpf_caps;
		if (rights >= RIGHTS_BPF)
			caps |= 1ull << CAP_BPF | 1ull << CAP_NET_ADMIN;
		if (rights == RIGHTS_PRIV)
			caps |= 1ull << CAP_PERFMON;
	}
	data[0].effective = (uint32_t)caps;
	data[1].effective = (uint32_t)(caps >> 32);
	return syscall(SYS_capset, &head, data) ? -errno : 0;
}

static int fail(struct load *l, const char *what, long err)
{
	l->out->setup = what;
	l->out->setup_ret = (int)err;
	return (int)err;
}

/* The descriptor of a blob as BTF, made when first needed. */
static int btf_fd(struct load *l, int blob)
{
	union bpf_attr attr;
	long fd;

	if (blob < 0 || (uint32_t)blob >= l->file->blob_cnt)
		return -EBADF;
	for (uint32_t n = 0; n < l->btf_cnt; n++)
		if (l->btfs[n].blob == blob)
			return l->btfs[n].fd;
	memset(&attr, 0, sizeof(attr));
	attr.btf = addr(l->file->blobs[blob].data);
	attr.btf_size = l->file->blobs[blob].bytes;
	fd = backend_bpf(l->b, BPF_BTF_LOAD, &attr);
	l->btfs[l->btf_cnt].blob = blob;
	l->btfs[l->btf_cnt++].fd = (int)fd;
	return (int)fd;
}

static int elem_put(struct load *l, uint32_t map, const struct record_elem *e)
{
	int inner = e->inner >= 0 ? l->maps[e->inner] : -1;
	union bpf_attr attr;
	long err;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)l->maps[map];
	attr.key = addr(e->key.data);
	attr.value = e->inner >= 0 ? addr(&inner) : addr(e->value.data);
	err = backend_bpf(l->b, BPF_MAP_UPDATE_ELEM, &attr);
	return err < 0 ? fail(l, "element", err) : 0;
}

static int map_fill(struct load *l, uint32_t n)
{
	const struct record_map *m = &l->r->maps[n];
	union bpf_attr attr;
	long err;

	for (const struct record_elem *e = m->elems; e; e = e->next) {
		err = elem_put(l, n, e);
		if (err)
			return (int)err;
	}
	if (!m->frozen)
		return 0;
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)l->maps[n];
	err = backend_bpf(l->b, BPF_MAP_FREEZE, &attr);
	return err < 0 ? fail(l, "freeze", err) : 0;
}

/* Without CAP_BPF a program gets no BTF loaded, and so its maps have none. */
static int map_new(struct load *l, uint32_t n)
{
	const struct record_map *m = &l->r->maps[n];
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = m->type;
	attr.key_size = m->key_bytes;
	attr.value_size = m->value_bytes;
	attr.max_entries = m->max_entries;
	attr.map_flags = m->flags;
	attr.map_extra = m->extra;
	memcpy(attr.map_name, m->name, sizeof(attr.map_name));
	if (m->inner >= 0)
		attr.inner_map_fd = (uint32_t)l->maps[m->inner];
	if (m->btf >= 0 && l->rights != RIGHTS_UNPRIV) {
		fd = btf_fd(l, m->btf);
		if (fd >= 0) {
			attr.btf_fd = (uint32_t)fd;
			attr.btf_key_type_id = m->key_type;
			attr.btf_value_type_id = m->value_type;
		}
	}
	fd = backend_bpf(l->b, BPF_MAP_CREATE, &attr);
	if (fd == -EINVAL && attr.btf_fd) { /* libbpf does the same */
		attr.btf_fd = attr.btf_key_type_id = attr.btf_value_type_id = 0;
		fd = backend_bpf(l->b, BPF_MAP_CREATE, &attr);
	}
	if (fd < 0)
		return fail(l, m->name[0] ? m->name : "map", fd);
	l->maps[n] = (int)fd;
	return map_fill(l, n);
}

static uint64_t now_usec(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static long prog_load(struct load *l, union bpf_attr *attr, uint32_t level)
{
	struct backend *b = l->b;
	uint64_t start, cpu_start;
	long fd;

	b->log[0] = 0;
	attr->log_level = level;
	attr->log_buf = level ? addr(b->log) : 0;
	attr->log_size = level ? LOG_BYTES : 0;
	start = now_usec(CLOCK_MONOTONIC);
	cpu_start = now_usec(CLOCK_THREAD_CPUTIME_ID);
	if (b->kind == BACKEND_KERNEL && caps_set(l->rights, false))
		return fail(l, "capset", -EPERM);
	fd = backend_bpf(b, BPF_PROG_LOAD, attr);
	if (b->kind == BACKEND_KERNEL)
		caps_set(l->rights, true);
	l->out->usec = now_usec(CLOCK_MONOTONIC) - start;
	l->out->cpu_usec = now_usec(CLOCK_THREAD_CPUTIME_ID) - cpu_start;
	l->out->memory_bytes = b->memory_bytes;
	return fd;
}

static struct bpf_insn *insns_fixed(struct load *l)
{
	const struct record *r = l->r;
	struct bpf_insn *insns = malloc(r->insns.bytes ? r->insns.bytes : 1);

	if (!insns)
		return NULL;
	memcpy(insns, r->insns.data, r->insns.bytes);
	for (uint32_t i = 0; i < r->fix_cnt; i++)
		if (r->fixes[i].insn < r->insns.bytes / sizeof(*insns))
			insns[r->fixes[i].insn].imm = l->maps[r->fixes[i].map];
	return insns;
}

/* BTF that is refused is left out, as libbpf does. */
static void prog_btf(struct load *l, union bpf_attr *attr)
{
	const struct record *r = l->r;
	int fd;

	if (r->btf < 0 || l->rights == RIGHTS_UNPRIV)
		return;
	fd = btf_fd(l, r->btf);
	if (fd < 0)
		return;
	attr->prog_btf_fd = (uint32_t)fd;
	if (r->func_info_bytes) {
		attr->func_info = addr(r->func_info.data);
		attr->func_info_rec_size = r->func_info_bytes;
		attr->func_info_cnt = r->func_info.bytes / r->func_info_bytes;
	}
	if (r->line_info_bytes) {
		attr->line_info = addr(r->line_info.data);
		attr->line_info_rec_size = r->line_info_bytes;
		attr->line_info_cnt = r->line_info.bytes / r->line_info_bytes;
	}
}

static void load_and_close(struct load *l, uint32_t level)
{
	const struct record *r = l->r;
	struct bpf_insn *insns = insns_fixed(l);
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = r->type;
	attr.expected_attach_type = r->attach;
	attr.prog_flags = r->flags;
	attr.insns = addr(insns);
	attr.insn_cnt = (uint32_t)(r->insns.bytes / sizeof(*insns));
	attr.license = addr(r->license);
	if (insns) {
		prog_btf(l, &attr);
		fd = prog_load(l, &attr, level);
		l->out->ret = fd < 0 ? (int)fd : 0;
		if (fd >= 0 && l->b->loaded)
			l->b->loaded(l->b, r, (int)fd, l->b->log);
		if (fd >= 0)
			close((int)fd);
		if (fd == -ENOSPC) { /* the log did not fit: keep it, ask for the verdict */
			char *log = l->b->log;
			static char small[4096];

			l->b->log = small;
			attr.log_buf = attr.log_size = attr.log_level = 0;
			fd = prog_load(l, &attr, 0);
			l->out->ret = fd < 0 ? (int)fd : 0;
			if (fd >= 0)
				close((int)fd);
			l->b->log = log;
		}
	}
	free(insns);
}

bool backend_keep(struct backend *b, const struct record_file *file, const struct record *r)
{
	struct verdict v = { 0 };
	struct load l = { .b = b, .file = file, .r = r, .rights = RIGHTS_PRIV, .out = &v };
	int err = 0;

	memset(l.maps, -1, sizeof(l.maps));
	if (b->skep)
		b->skep->verify.only = true;
	for (uint32_t n = 0; !err && n < r->map_cnt && n < MAPS_MAX; n++)
		err = map_new(&l, n);
	memcpy(b->kept_maps, l.maps, sizeof(l.maps));
	b->kept_btf = r->btf >= 0 ? btf_fd(&l, r->btf) : -1;
	b->kept_of = r->maps;
	b->kept_for = r;
	for (uint32_t n = 0; n < l.btf_cnt; n++)
		if (l.btfs[n].fd >= 0 && l.btfs[n].fd != b->kept_btf)
			close(l.btfs[n].fd); /* the maps hold theirs */
	if (err)
		fprintf(stderr, "no %s: %s\n", v.setup, strerror(-err));
	return !err;
}

void backend_drop(struct backend *b, const struct record *r)
{
	if (b->kept_for != r)
		return;
	for (uint32_t n = 0; n < MAPS_MAX; n++)
		if (b->kept_maps[n] >= 0)
			close(b->kept_maps[n]);
	if (b->kept_btf >= 0)
		close(b->kept_btf);
	b->kept_of = NULL;
	b->kept_for = NULL;
}

/* True: this record's maps and BTF are there already. */
static bool kept(struct load *l)
{
	struct backend *b = l->b;

	if (b->kept_for != l->r && (!b->kept_of || b->kept_of != l->r->maps))
		return false;
	memcpy(l->maps, b->kept_maps, sizeof(l->maps));
	l->btfs[0].blob = l->r->btf;
	l->btfs[0].fd = b->kept_btf;
	l->btf_cnt = 1;
	return true;
}

void backend_verify(struct backend *b, const struct record_file *file, const struct record *r,
		    enum rights rights, uint32_t level, struct verdict *ret)
{
	struct load l = { .b = b, .file = file, .r = r, .rights = rights, .out = ret };
	uint32_t n;
	int err = 0;

	memset(ret, 0, sizeof(*ret));
	memset(l.maps, -1, sizeof(l.maps));
	b->log[0] = 0;
	ret->log = b->log;
	if (b->skep) {
		b->skep->verify.rights = rights == RIGHTS_UNPRIV ? VERIFY_UNPRIV
					 : rights == RIGHTS_BPF	 ? VERIFY_BPF
								 : VERIFY_PERFMON;
		b->skep->verify.rights_set = true;
		b->skep->verify.only = !b->loaded;
	}
	if (kept(&l)) {
		load_and_close(&l, level ? level : r->level);
		return;
	}
	if (r->map_cnt > MAPS_MAX)
		err = fail(&l, "maps", -E2BIG);
	for (n = 0; !err && n < r->map_cnt; n++)
		err = map_new(&l, n);
	if (!err)
		load_and_close(&l, level ? level : r->level);
	for (n = 0; n < MAPS_MAX; n++)
		if (l.maps[n] >= 0)
			close(l.maps[n]);
	for (n = 0; n < l.btf_cnt; n++)
		if (l.btfs[n].fd >= 0)
			close(l.btfs[n].fd);
}

static void watch(void *cookie, const struct prog *prog, int err,
		  const struct verify_result *result, const char *log)
{
	struct backend *b = cookie;

	(void)prog;
	(void)err;
	(void)log;
	b->memory_bytes = result->stats.memory_peak_bytes;
}

void backend_watch(struct backend *b)
{
	if (!b->skep)
		return;
	b->skep->verify.done = watch;
	b->skep->verify.cookie = b;
}

void backend_use(struct backend *b, uint32_t engine, backend_loaded_fn loaded)
{
	b->loaded = loaded;
	if (b->skep)
		b->skep->opts.engine = engine;
}

const char *backend_refuses(struct backend *b, enum rights rights)
{
	static const struct bpf_insn insns[2] = { { .code = 0xb7 }, { .code = 0x95 } };
	struct record r = { .type = BPF_PROG_TYPE_SOCKET_FILTER, .btf = -1, .license = "GPL" };
	struct record_file file = { .first = &r };
	struct blob blob = { .bytes = sizeof(insns) };
	struct verdict v;

	blob.data = malloc(sizeof(insns));
	if (!blob.data)
		return "no memory";
	memcpy(blob.data, insns, sizeof(insns));
	r.insns = blob;
	backend_verify(b, &file, &r, rights, 1, &v);
	free(blob.data);
	if (!v.ret && !v.setup_ret)
		return NULL;
	return rights == RIGHTS_UNPRIV ? "bpf(2) is refused without capabilities here (sysctl "
					 "kernel.unprivileged_bpf_disabled is not 0)"
				       : "bpf(2) is refused here";
}

struct backend *backend_new(enum backend_kind kind)
{
	struct backend *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->kind = kind;
	b->log = malloc(LOG_BYTES);
	if (!b->log || (kind == BACKEND_SKEP && skep_new(NULL, &b->skep))) {
		fprintf(stderr, "no backend\n");
		backend_free(b);
		return NULL;
	}
	return b;
}

void backend_free(struct backend *b)
{
	skep_free(b->skep);
	free(b->log);
	free(b);
}
