/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects are memfds (a map that is mapped has its size); an fd is known by its inode. */
#include "tests/verify/fake.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAPS_MAX 64
#define NAME_MAX_BYTES 16
#define MAP_TYPE_ARENA 33 /* the system's headers may be older */

enum kind { MAP, BTF, PROG };

struct bytes {
	void *data;
	uint32_t cnt;
};

struct elem {
	struct elem *next;
	struct bytes key, value;
	struct obj *inner;
};

struct obj {
	struct obj *next;
	enum kind kind;
	ino_t ino;
	union bpf_attr attr;
	struct obj *btf, *inner; /* of maps and programs */
	struct bytes blob;	 /* BTF's; instructions */
	struct bytes func_info, line_info;
	struct elem *elems;
	char license[64];
	bool frozen;
	int blob_num; /* BTF: -1 until written */
};

static struct {
	struct obj *objs;
	int blobs;
} fake;

FILE *loader_stderr;

__attribute__((constructor)) static void set_stderr(void)
{
	loader_stderr = stderr;
}

static struct obj *obj_of(int fd)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return NULL;
	for (struct obj *o = fake.objs; o; o = o->next)
		if (o->ino == st.st_ino)
			return o;
	return NULL;
}

static const void *at(uint64_t address)
{
	return (const void *)(uintptr_t)address;
}

static struct bytes copy(uint64_t address, size_t cnt)
{
	struct bytes b = { .data = malloc(cnt ? cnt : 1), .cnt = (uint32_t)cnt };

	if (!b.data)
		abort();
	memcpy(b.data, at(address), cnt);
	return b;
}

static long obj_new(enum kind kind, const union bpf_attr *attr, struct obj **ret)
{
	int fd = memfd_create("fake", MFD_CLOEXEC);
	struct obj *o = calloc(1, sizeof(*o));
	struct stat st;

	if (fd < 0 || !o || fstat(fd, &st))
		abort();
	o->kind = kind;
	o->ino = st.st_ino;
	o->attr = *attr;
	o->blob_num = -1;
	o->next = fake.objs;
	fake.objs = o;
	*ret = o;
	return fd;
}

static uint32_t value_stride(const union bpf_attr *attr)
{
	return (attr->value_size + 7) & ~7u;
}

static long map_create(const union bpf_attr *attr)
{
	struct obj *o;
	long fd = obj_new(MAP, attr, &o);
	/* An arena's entries are pages; libbpf writes its variables there. */
	uint64_t entry = attr->map_type == MAP_TYPE_ARENA ? 4096 : value_stride(attr);
	uint64_t bytes = entry * attr->max_entries;

	if (attr->inner_map_fd)
		o->inner = obj_of((int)attr->inner_map_fd);
	if (attr->btf_fd)
		o->btf = obj_of((int)attr->btf_fd);
	if (attr->map_flags & BPF_F_MMAPABLE &&
	    ftruncate((int)fd, (off_t)((bytes + 4095) & ~4095ull)))
		return -errno;
	return fd;
}

static long prog_load(const union bpf_attr *attr)
{
	struct obj *o;
	long fd = obj_new(PROG, attr, &o);

	o->blob = copy(attr->insns, attr->insn_cnt * sizeof(struct bpf_insn));
	o->func_info = copy(attr->func_info,
			    (size_t)attr->func_info_cnt * attr->func_info_rec_size);
	o->line_info = copy(attr->line_info,
			    (size_t)attr->line_info_cnt * attr->line_info_rec_size);
	o->btf = attr->prog_btf_fd ? obj_of((int)attr->prog_btf_fd) : NULL;
	if (attr->license)
		snprintf(o->license, sizeof(o->license), "%s", (const char *)at(attr->license));
	return fd;
}

static long map_update(const union bpf_attr *attr)
{
	struct obj *o = obj_of((int)attr->map_fd);
	struct elem *e;

	if (!o || o->kind != MAP)
		return -EBADF;
	switch (o->attr.map_type) {
	case BPF_MAP_TYPE_PROG_ARRAY: /* contents do not matter to a verifier */
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_PERCPU_HASH:
		return 0;
	}
	e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->key = copy(attr->key, o->attr.key_size);
	e->value = copy(attr->value, o->attr.value_size);
	if (o->inner)
		e->inner = obj_of(*(const int *)e->value.data);
	e->next = o->elems;
	o->elems = e;
	return 0;
}

long fake_bpf(uint32_t cmd, const union bpf_attr *attr, uint32_t size)
{
	union bpf_attr full;
	struct obj *o;
	long fd;

	memset(&full, 0, sizeof(full));
	memcpy(&full, attr, size < sizeof(full) ? size : sizeof(full));
	switch (cmd) {
	case BPF_MAP_CREATE:
		return map_create(&full);
	case BPF_PROG_LOAD:
		return prog_load(&full);
	case BPF_BTF_LOAD:
		fd = obj_new(BTF, &full, &o);
		o->blob = copy(full.btf, full.btf_size);
		return fd;
	case BPF_MAP_UPDATE_ELEM:
		return map_update(&full);
	case BPF_MAP_FREEZE:
		o = obj_of((int)full.map_fd);
		if (o)
			o->frozen = true;
		return o ? 0 : -EBADF;
	case BPF_PROG_BIND_MAP:
		return 0;
	}
	return -EINVAL;
}

long loader_syscall(long nr, ...)
{
	long a[6], ret;
	va_list ap;

	va_start(ap, nr);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (nr != SYS_bpf)
		return syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	ret = fake_bpf((uint32_t)a[0], at((uint64_t)a[1]), (uint32_t)a[2]);
	if (ret < 0) {
		errno = (int)-ret;
		return -1;
	}
	return ret;
}

static void hex(FILE *out, const void *data, uint32_t cnt)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *b = data;

	for (uint32_t i = 0; i < cnt; i++) {
		fputc(digits[b[i] >> 4], out);
		fputc(digits[b[i] & 15], out);
	}
}

/* Objects numbered in the order in which a reader can make them. */
struct numbering {
	struct obj *maps[MAPS_MAX];
	int cnt;
};

static int number_of(struct numbering *n, struct obj *map)
{
	for (int i = 0; i < n->cnt; i++)
		if (n->maps[i] == map)
			return i;
	if (map->inner)
		number_of(n, map->inner);
	for (struct elem *e = map->elems; e; e = e->next)
		if (e->inner)
			number_of(n, e->inner);
	if (n->cnt == MAPS_MAX)
		abort();
	n->maps[n->cnt] = map;
	return n->cnt++;
}

static void blob_write(FILE *out, struct obj *btf)
{
	if (!btf || btf->blob_num >= 0)
		return;
	btf->blob_num = fake.blobs++;
	fprintf(out, "blob %d ", btf->blob_num);
	hex(out, btf->blob.data, btf->blob.cnt);
	fputc('\n', out);
}

static void map_write(FILE *out, struct numbering *n, int num)
{
	const struct obj *m = n->maps[num];
	const union bpf_attr *a = &m->attr;

	fprintf(out, "map %u %u %u %u %u %llu %d %u %u %d %d %.*s\n", a->map_type, a->key_size,
		a->value_size, a->max_entries, a->map_flags, (unsigned long long)a->map_extra,
		m->btf ? m->btf->blob_num : -1, a->btf_key_type_id, a->btf_value_type_id,
		m->inner ? number_of(n, m->inner) : -1, m->frozen, NAME_MAX_BYTES, a->map_name);
	for (struct elem *e = m->elems; e; e = e->next) {
		fprintf(out, "%s %d ", e->inner ? "elemmap" : "elem", num);
		hex(out, e->key.data, e->key.cnt);
		if (e->inner) {
			fprintf(out, " %d\n", number_of(n, e->inner));
			continue;
		}
		fputc(' ', out);
		hex(out, e->value.data, e->value.cnt);
		fputc('\n', out);
	}
}

static void insns_write(FILE *out, struct numbering *n, const struct obj *p,
			const struct fake_record *rec)
{
	struct bpf_insn *insns = p->blob.data;
	uint32_t cnt = p->blob.cnt / (uint32_t)sizeof(*insns);
	int fix[2] = { 0 };

	for (uint32_t i = 0; i < cnt; i++) {
		struct obj *m = NULL;

		if (insns[i].code == (BPF_LD | BPF_IMM | BPF_DW)) {
			if (insns[i].src_reg == BPF_PSEUDO_MAP_FD ||
			    insns[i].src_reg == BPF_PSEUDO_MAP_VALUE)
				m = obj_of(insns[i].imm);
			if (m && m->kind == MAP) {
				fix[0] = number_of(n, m);
				fprintf(out, "fix %u %d\n", i, fix[0]);
				insns[i].imm = 0;
			}
			i++;
		} else if (insns[i].code == (BPF_JMP | BPF_CALL) &&
			   insns[i].src_reg == BPF_PSEUDO_KFUNC_CALL) {
			const char *name = insns[i].off || !rec->kfunc_name
						   ? "?"
						   : rec->kfunc_name(insns[i].imm);

			fprintf(out, "kfunc %u %s\n", i, name ? name : "?");
		}
	}
	fprintf(out, "insns ");
	hex(out, p->blob.data, p->blob.cnt);
	fputc('\n', out);
}

/* Maps stand before what names them, so instructions are looked at twice. */
static void maps_find(struct numbering *n, const struct obj *p)
{
	const struct bpf_insn *insns = p->blob.data;
	uint32_t cnt = p->blob.cnt / (uint32_t)sizeof(*insns);

	for (uint32_t i = 0; i < cnt; i++) {
		struct obj *m = NULL;

		if (insns[i].code != (BPF_LD | BPF_IMM | BPF_DW))
			continue;
		if (insns[i].src_reg == BPF_PSEUDO_MAP_FD ||
		    insns[i].src_reg == BPF_PSEUDO_MAP_VALUE)
			m = obj_of(insns[i].imm);
		if (m && m->kind == MAP)
			number_of(n, m);
		i++;
	}
}

int fake_write(FILE *out, const struct fake_record *rec)
{
	struct numbering n = { .cnt = 0 };
	struct obj *p = obj_of(rec->prog_fd);

	if (!p || p->kind != PROG)
		return -EBADF;
	maps_find(&n, p);
	blob_write(out, p->btf);
	for (int i = 0; i < n.cnt; i++)
		blob_write(out, n.maps[i]->btf);
	fprintf(out, "record %s\ntype %u\nattach %u\nflags %u\nlicense %s\n", rec->name,
		p->attr.prog_type, p->attr.expected_attach_type, p->attr.prog_flags, p->license);
	for (int i = 0; i < n.cnt; i++)
		map_write(out, &n, i);
	insns_write(out, &n, p, rec);
	if (p->btf)
		fprintf(out, "btf %d\n", p->btf->blob_num);
	if (p->func_info.cnt) {
		fprintf(out, "func_info %u ", p->attr.func_info_rec_size);
		hex(out, p->func_info.data, p->func_info.cnt);
		fputc('\n', out);
	}
	if (p->line_info.cnt) {
		fprintf(out, "line_info %u ", p->attr.line_info_rec_size);
		hex(out, p->line_info.data, p->line_info.cnt);
		fputc('\n', out);
	}
	return 0;
}

void fake_reset(void)
{
	struct obj *next;

	for (struct obj *o = fake.objs; o; o = next) {
		struct elem *enext;

		next = o->next;
		for (struct elem *e = o->elems; e; e = enext) {
			enext = e->next;
			free(e->key.data);
			free(e->value.data);
			free(e);
		}
		free(o->blob.data);
		free(o->func_info.data);
		free(o->line_info.data);
		free(o);
	}
	fake.objs = NULL;
}
