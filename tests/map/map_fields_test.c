/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Special fields of values against the live kernel: maps of every type with every field, alone,
 * twice, nested, in arrays, out of place. The same errors; and the kernel lets a program touch
 * exactly the bytes that are in no field of ours. Skips where bpf(2) of 6.18 is refused.
 */
#include <sys/utsname.h>

#include "base/mem.h"
#include "btf/fields.h"
#include "core/skep.h"
#include "isa/insn.h"
#include "skep/skep.h"
#include "spec/maptype.h"
#include "tests/btf/btf_blob.h"
#include "tests/kernel_bpf.h"
#include "tests/tap.h"

enum layout {
	ALONE,
	BEHIND,
	MISPLACED,
	TWICE,
	NESTED,
	NESTED_TWICE,
	ARRAY_OF,
	ARRAY_OF_NESTED,
	LAYOUTS,
};
static const char *const layout_names[LAYOUTS] = {
	"alone", "behind 8 bytes", "misplaced", "twice", "nested", "nested twice", "an array",
	"an array of structs",
};

static struct btf_blob blob;
static struct skep *skep;

static long ours(u32 cmd, union bpf_attr *attr)
{
	return skep_bpf(skep, (int)cmd, attr, sizeof(*attr));
}

static long kernel(u32 cmd, union bpf_attr *attr)
{
	long ret = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return ret < 0 ? -errno : ret;
}

/* The type of field number @bit; BTF ids 1 and 2 are int and char. */
static u32 add_field_type(u32 bit)
{
	const struct btf_field_info *info = btf_field_info((enum btf_field_kind)(1u << bit));
	u32 id;

	if (info->tag) {
		/* Of the kernel where it must be, of the program where it must not. */
		id = blob_type(&blob, 1u << bit == FIELD_UPTR ? "thing" : "task_struct", 4, 0, 1);
		id = blob_type(&blob, info->name, 18, 0, id);
		return blob_type(&blob, "", 2, 0, id);
	}
	id = blob_type(&blob, info->name, 4, 1, info->size_bytes);
	blob_member(&blob, "opaque", info->size_bytes == 4 ? 1 : blob.type_cnt + 1, 0);
	/* The member's type follows: bytes enough. */
	if (info->size_bytes != 4)
		blob_array(&blob, 2, 1, info->size_bytes);
	return id;
}

/* struct value { …; char tail[8]; } by @layout; returns its id and size. */
static u32 add_value(u32 bit, enum layout layout, u32 *ret_size)
{
	u32 bytes = btf_field_info((enum btf_field_kind)(1u << bit))->size_bytes;
	u32 field, holder = 0, tail, off = 0, step = (bytes + 7) / 8 * 8, cnt = 1, id, type;

	blob_init(&blob);
	blob_int(&blob, "int", 4, 1u << 24 | 32);
	blob_int(&blob, "char", 1, 1u << 24 | 8);
	field = add_field_type(bit);
	tail = blob_array(&blob, 2, 1, 8);
	if (layout == NESTED || layout == NESTED_TWICE || layout == ARRAY_OF_NESTED) {
		holder = blob_type(&blob, "holder", 4, 1, step + 8);
		blob_member(&blob, "f", field, 64);
		step += 8;
	}
	type = holder ? holder : field;
	if (layout == ARRAY_OF || layout == ARRAY_OF_NESTED) {
		type = blob_array(&blob, type, 1, 2);
		step = holder ? step * 2 : bytes * 2;
		step = (step + 7) / 8 * 8;
	}
	if (layout == TWICE || layout == NESTED_TWICE)
		cnt = 2;
	if (layout == BEHIND)
		off = 8;
	if (layout == MISPLACED)
		off = 2;
	*ret_size = step * cnt + 16;
	id = blob_type(&blob, "value", 4, cnt + 1, *ret_size);
	for (u32 i = 0; i < cnt; i++)
		blob_member(&blob, i ? "g" : "f", type, (off + i * step) * 8);
	blob_member(&blob, "tail", tail, (*ret_size - 8) * 8);
	blob_finish(&blob);
	return id;
}

static union bpf_attr map_attr(enum map_type type, long btf, u32 value_type, u32 value_bytes)
{
	union bpf_attr attr;
	u32 flags = map_type_info(type)->flags;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = 4;
	attr.value_size = value_bytes;
	attr.max_entries = 4;
	attr.btf_fd = (u32)btf;
	attr.btf_key_type_id = 1;
	attr.btf_value_type_id = value_type;
	if (type == MAP_TYPE_SK_STORAGE || type == MAP_TYPE_INODE_STORAGE ||
	    type == MAP_TYPE_TASK_STORAGE || type == MAP_TYPE_CGRP_STORAGE) {
		attr.max_entries = 0;
		attr.map_flags = MAP_F_NO_PREALLOC;
	}
	if (flags & MT_CGROUP_STORAGE)
		attr.key_size = 8, attr.max_entries = 0;
	return attr;
}

/* Does the kernel let a program read byte @off of a value? */
static bool readable(int map_fd, u32 off)
{
	struct insn code[] = {
		insn_make(0x18, 1, 1, 0, map_fd), { 0 },
		insn_make(0x62, 10, 0, -4, 0),
		insn_make(0xbf, 2, 10, 0, 0), insn_make(0x07, 2, 0, 0, -4),
		insn_make(0x85, 0, 0, 0, 1), insn_make(0x55, 0, 0, 1, 0),
		insn_make(0x95, 0, 0, 0, 0), insn_make(0x71, 0, 0, (s16)off, 0),
		insn_make(0x95, 0, 0, 0, 0),
	};
	int fd = kernel_prog_load(BPF_PROG_TYPE_XDP, code, ARRAY_SIZE(code), NULL, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool covered(const struct btf_fields *fields, u32 off)
{
	for (u32 i = 0; fields && i < fields->cnt; i++)
		if (off >= fields->fields[i].off &&
		    off - fields->fields[i].off < fields->fields[i].size_bytes)
			return true;
	return false;
}

static void compare_bytes(int map_fd, u32 value_type, u32 value_bytes, const char *what)
{
	struct btf_fields *fields = NULL;
	struct btf *btf = NULL;
	u32 bad = 0;

	if (btf_parse(blob.raw, blob.raw_len, NULL, &btf)) {
		tap_ok(false, "%s: BTF", what);
		return;
	}
	if (btf_parse_fields(btf, value_type,
			     ((1u << FIELD_KINDS) - 1) & ~(u32)(FIELD_LIST_NODE | FIELD_RB_NODE),
			     &fields))
		fields = NULL;
	for (u32 off = 0; off < value_bytes; off++) {
		if (readable(map_fd, off) == !covered(fields, off))
			continue;
		if (bad++ < 3)
			tap_diag("byte %u: kernel %d, in a field of ours: %d", off,
				 readable(map_fd, off), covered(fields, off));
	}
	tap_ok(!bad, "%s: what programs may touch", what);
	mem_free(fields);
	btf_put(btf);
}

static void test_one(u32 bit, enum layout layout)
{
	u32 value_bytes, bad = 0, value = add_value(bit, layout, &value_bytes);
	union bpf_attr attr;
	long theirs, mine;
	char what[96];

	memset(&attr, 0, sizeof(attr));
	attr.btf = ptr_to_u64(blob.raw);
	attr.btf_size = blob.raw_len;
	theirs = kernel(BPF_BTF_LOAD, &attr);
	mine = ours(BPF_BTF_LOAD, &attr);
	snprintf(what, sizeof(what), "%s, %s",
		 btf_field_info((enum btf_field_kind)(1u << bit))->name, layout_names[layout]);
	if (theirs < 0 || mine < 0) {
		tap_eq(mine, theirs, "%s: BTF", what);
		return;
	}
	for (u32 type = 1; map_type_name(type); type++) {
		long k, o;

		/* What a type says of any value type at all is not asked here. */
		if (!(btf_field_info(FIELD_KPTR_UNREF)->map_types >> type & 1) &&
		    !(btf_field_info(FIELD_SPIN_LOCK)->map_types >> type & 1))
			continue;
		if (map_type_info(type)->flags & MT_CGROUP_STORAGE)
			continue; /* its key is checked against the kernel's structs */
		attr = map_attr((enum map_type)type, theirs, value, value_bytes);
		k = kernel(BPF_MAP_CREATE, &attr);
		attr.btf_fd = (u32)mine;
		o = ours(BPF_MAP_CREATE, &attr);
		if ((k < 0 ? k : 0) != (o < 0 ? o : 0) && ++bad)
			tap_diag("%s: kernel %ld, we %ld", map_type_name(type), k, o);
		if (k >= 0 && type == MAP_TYPE_ARRAY)
			compare_bytes((int)k, value, value_bytes, what);
		if (k >= 0)
			close((int)k);
		if (o >= 0)
			close((int)o);
	}
	tap_ok(!bad, "%s: maps of all types", what);
	close((int)theirs);
	close((int)mine);
}

/* Types of keys and values that are nothing special: which map types take which. */
static void test_plain(void)
{
	union bpf_attr attr;
	long theirs, mine;
	u32 pair;

	blob_init(&blob);
	blob_int(&blob, "int", 4, 1u << 24 | 32);
	blob_int(&blob, "long", 8, 1u << 24 | 64);
	pair = blob_type(&blob, "pair", 4, 2, 8);
	blob_member(&blob, "a", 1, 0);
	blob_member(&blob, "b", 1, 32);
	blob_finish(&blob);
	memset(&attr, 0, sizeof(attr));
	attr.btf = ptr_to_u64(blob.raw);
	attr.btf_size = blob.raw_len;
	theirs = kernel(BPF_BTF_LOAD, &attr);
	mine = ours(BPF_BTF_LOAD, &attr);
	for (u32 type = 1; map_type_name(type); type++) {
		static const u32 sizes[] = { 0, 4, 8, 8 };
		u32 bad = 0;

		for (u32 i = 0; i < 4 * 4 * 2; i++) {
			const u32 key = i % 4, value = i / 4 % 4;
			long k, o;

			if (type == MAP_TYPE_STRUCT_OPS || type == MAP_TYPE_ARRAY_OF_MAPS ||
			    type == MAP_TYPE_HASH_OF_MAPS)
				break;
			attr = map_attr((enum map_type)type, theirs, value, sizes[value]);
			attr.btf_key_type_id = key;
			attr.key_size = sizes[key];
			if (i >= 16 && !key)
				attr.key_size = 4;
			if (i >= 16 && type == MAP_TYPE_LPM_TRIE)
				attr.map_flags = MAP_F_NO_PREALLOC;
			if (type == MAP_TYPE_RINGBUF || type == MAP_TYPE_USER_RINGBUF)
				attr.max_entries = 4096;
			if (type == MAP_TYPE_ARENA)
				attr.map_flags = MAP_F_MMAPABLE;
			k = kernel(BPF_MAP_CREATE, &attr);
			attr.btf_fd = (u32)mine;
			o = ours(BPF_MAP_CREATE, &attr);
			if ((k < 0 ? k : 0) != (o < 0 ? o : 0) && bad++ < 4)
				tap_diag("key %u of %u, value %u of %u: kernel %ld, we %ld", key,
					 attr.key_size, value, attr.value_size, k, o);
			if (k >= 0)
				close((int)k);
			if (o >= 0)
				close((int)o);
		}
		tap_ok(!bad, "%s: types of keys and values", map_type_name(type));
	}
	(void)pair;
	close((int)theirs);
	close((int)mine);
}

int main(void)
{
	struct utsname u;

	if (!kernel_bpf_allowed() || uname(&u) || strncmp(u.release, "6.18.", 5)) {
		tap_skip("no bpf(2) of Linux 6.18 here");
		return tap_done();
	}
	if (skep_new(NULL, &skep)) {
		tap_ok(false, "no instance");
		return tap_done();
	}
	for (u32 bit = 0; bit < FIELD_KINDS; bit++)
		for (u32 layout = 0; layout < LAYOUTS; layout++)
			test_one(bit, (enum layout)layout);
	test_plain();
	skep_free(skep);
	return tap_done();
}
