/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls of the kernel's functions. A loader names a function by its id in the BTF of the kernel
 * that it sees; libbpf reads that from sysfs. So this looks the name up in the same file, and puts
 * the number of spec/kfuncs.def in the call: from here on nobody needs that BTF.
 *
 * Of the file only records are walked, in place: parsing it whole would take longer than verifying
 * most programs.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "btf/format.h"
#include "core/resolve.h"
#include "isa/isa.h"
#include "spec/kfunc.h"

#define KERNEL_BTF_PATH "/sys/kernel/btf/vmlinux"
#define FILE_BYTES_MAX	(256u << 20)

struct kernel_btf {
	u8 *data; /* NULL: not there */
	size_t bytes;
	const u8 *types, *types_end;
	const char *strs;
	size_t str_bytes;
};

static const struct {
	u8 extra, per_vlen;
} kinds[BTF_KIND_CNT] = {
#define BTF_KIND(id, value, name, sized, fixed, each) [value] = { (fixed), (each) },
#include "btf/kinds.def"
#undef BTF_KIND
};

static bool check_header(struct kernel_btf *kb)
{
	struct btf_header hdr;
	size_t end;

	if (kb->bytes < sizeof(hdr))
		return false;
	memcpy(&hdr, kb->data, sizeof(hdr));
	end = kb->bytes - hdr.hdr_len;
	if (hdr.magic != BTF_MAGIC_NUMBER || hdr.hdr_len < sizeof(hdr) || hdr.hdr_len > kb->bytes ||
	    hdr.type_off > end || hdr.type_len > end - hdr.type_off || hdr.str_off > end ||
	    hdr.str_len > end - hdr.str_off || !hdr.str_len)
		return false;
	kb->types = kb->data + hdr.hdr_len + hdr.type_off;
	kb->types_end = kb->types + hdr.type_len;
	kb->strs = (const char *)kb->data + hdr.hdr_len + hdr.str_off;
	kb->str_bytes = hdr.str_len;
	return !kb->strs[kb->str_bytes - 1];
}

static void close_kernel_btf(struct kernel_btf *kb)
{
	mem_free(kb->data);
	kb->data = NULL;
}

static bool read_all(int fd, struct kernel_btf *kb)
{
	size_t at = 0;
	ssize_t n = 1;

	while (n > 0 && at < kb->bytes) {
		n = read(fd, kb->data + at, kb->bytes - at);
		at += n > 0 ? (size_t)n : 0;
	}
	return at == kb->bytes;
}

/* 0, whether it is there or not, or -ENOMEM. */
static int open_kernel_btf(struct kernel_btf *kb)
{
	int fd = open(KERNEL_BTF_PATH, O_RDONLY | O_CLOEXEC), err = 0;
	struct stat st;

	if (fd < 0)
		return 0;
	if (!fstat(fd, &st) && st.st_size > 0 && st.st_size <= FILE_BYTES_MAX) {
		kb->bytes = (size_t)st.st_size;
		kb->data = mem_alloc(kb->bytes);
		err = kb->data ? 0 : -ENOMEM;
	}
	if (kb->data && (!read_all(fd, kb) || !check_header(kb)))
		close_kernel_btf(kb);
	close(fd);
	return err;
}

/* The name of function @id; NULL when there is none. */
static const char *func_name(const struct kernel_btf *kb, u32 id)
{
	const u8 *at = kb->types;

	for (u32 n = 1; kb->data && kb->types_end - at >= (s64)sizeof(struct btf_type); n++) {
		struct btf_type t;
		enum btf_kind kind;

		memcpy(&t, at, sizeof(t));
		kind = btf_type_kind(&t);
		if ((u32)kind >= BTF_KIND_CNT)
			return NULL;
		if (n == id)
			return kind == BTF_KIND_FUNC && t.name_off < kb->str_bytes ?
				       kb->strs + t.name_off :
				       NULL;
		at += sizeof(t) + kinds[kind].extra + kinds[kind].per_vlen * btf_type_vlen(&t);
	}
	return NULL;
}

static int resolve(struct kernel_btf *kb, struct insn *insn, const struct prog_load_attr *attr)
{
	const struct kfunc_info *info;
	const char *name;
	int err = 0;

	if (!insn->imm)  /* weak, and not there: the verifier sees whether it matters */
		return 0;
	if (!kb->data)
		err = open_kernel_btf(kb);
	if (err)
		return err;
	name = insn->off ? NULL : func_name(kb, (u32)insn->imm);
	if (!name) {
		load_log(attr, "kernel function with BTF id %d is not known: %s", insn->imm,
			 insn->off ? "functions of modules are not supported" :
				     "no such function in " KERNEL_BTF_PATH);
		return -EINVAL;
	}
	info = kfunc_by_name(name);
	if (!info) {
		load_log(attr, "kernel function %s is typed by the BTF of a kernel, which is not "
			       "supported yet", name);
		return -EOPNOTSUPP;
	}
	insn->imm = (s32)info->id;
	return 0;
}

int resolve_kfuncs(struct prog *prog, const struct prog_load_attr *attr)
{
	struct kernel_btf kb = { 0 };
	int err = 0;

	for (u32 i = 0, words; !err && i < prog->insn_cnt; i += words) {
		enum isa_op op = isa_decode(&prog->insns[i]);

		words = isa_words(op);
		if (op == ISA_CALL_KFUNC)
			err = resolve(&kb, &prog->insns[i], attr);
	}
	close_kernel_btf(&kb);
	return err;
}
