/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_PROG_LOAD: the attr is checked in the order of bpf_prog_load(), everything that it points
 * to is copied, and core/load does the rest. A program of a type whose hook is missing loads all
 * the same; it is the attaching that is refused, by name.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "btf/btf.h"
#include "core/load.h"
#include "core/verify.h"
#include "spec/spec.h"
#include "sys/sys_int.h"
#include "sys/user_mem.h"
#include "verify/log/log.h"

#define PROG_INSNS_MAX	   ((u32)LIMIT_INSNS)
#define LICENSE_BYTES	   128u
#define INFO_REC_BYTES_MAX ((u32)LIMIT_INFO_REC_BYTES)
#define LOG_TRUE_SIZE_OFF  offsetof(struct attr_prog_load, log_true_size)

struct load {
	struct sys_call *call;
	const struct attr_prog_load *a;
	struct prog_load_attr attr;
	void *insns, *func_info, *line_info; /* our copies */
	struct vlog log;
};

static int flags_check(const struct attr_prog_load *a)
{
	u32 known = MAP_F_TOKEN_FD;

#define PROG_FLAG(id, bit) known |= 1u << (bit);
#include "spec/progflags.def"
#undef PROG_FLAG
	return a->prog_flags & ~known ? -EINVAL : 0;
}

/* What bpf_prog_load() says before it copies the instructions. */
static int attr_check(struct load *l)
{
	const struct attr_prog_load *a = l->a;
	const struct prog_type_info *type = prog_type_info(a->prog_type);
	u32 type_flags = type ? type->flags : 0, attach_type = a->expected_attach_type;
	int err = flags_check(a);

	if (err)
		return err;
	if (a->prog_flags & MAP_F_TOKEN_FD)
		return sys_token_refuse(a->prog_token_fd);
	if (!a->insn_cnt || a->insn_cnt > PROG_INSNS_MAX)
		return -E2BIG;
	if (prog_type_info(a->prog_type)) {
		err = core_verify_allowed(l->call->skep, a->prog_type, a->insn_cnt);
		if (err)
			return err;
	}
	err = prog_attach_check(a->prog_type, &attach_type);
	if (err)
		return err;
	l->attr.expected_attach_type = attach_type;
	if (!a->attach_btf_id != !(type_flags & PT_BTF_TARGET))
		return a->prog_type == PROG_TYPE_STRUCT_OPS ? -ENOTSUPP : -EINVAL;
	return a->attach_prog_fd && !(type_flags & PT_BTF_TARGET) ? -EINVAL : 0;
}

/* What it says after that. */
static int attr_check_late(struct load *l)
{
	const struct attr_prog_load *a = l->a;

	if (a->prog_ifindex)
		return a->prog_type == PROG_TYPE_XDP || a->prog_type == PROG_TYPE_SCHED_CLS
			       ? -EOPNOTSUPP
			       : -EINVAL;
	if (a->prog_type == PROG_TYPE_UNSPEC || !prog_type_name(a->prog_type))
		return -EINVAL;
	if (a->signature)
		return -EOPNOTSUPP;
	return sys_name_check(a->prog_name);
}

static int info_read(u64 from, u32 cnt, u32 rec_bytes, u32 min_bytes, void **ret_mem)
{
	if (!cnt)
		return 0;
	if (rec_bytes < min_bytes || rec_bytes > INFO_REC_BYTES_MAX || rec_bytes % 4)
		return -EINVAL;
	if (cnt > PROG_INSNS_MAX)
		return -EINVAL;
	return user_dup(from, (size_t)cnt * rec_bytes, ret_mem);
}

/* check_btf_info(): functions and lines are looked at only together with the program's BTF. */
static int btf_read(struct load *l)
{
	const struct attr_prog_load *a = l->a;
	struct obj *obj;
	int err;

	if (!a->func_info_cnt && !a->line_info_cnt)
		return 0;
	err = obj_fd_get(&l->call->skep->home, (int)a->prog_btf_fd, OBJ_BTF, &obj, NULL);
	if (err)
		return err;
	l->attr.btf = btf_of_obj(obj);
	/* CO-RE relocations are libbpf's to do; only signed loaders leave them to the kernel. */
	if (a->core_relo_cnt)
		return -EOPNOTSUPP;
	err = info_read(a->func_info, a->func_info_cnt, a->func_info_rec_size, 8, &l->func_info);
	if (!err)
		err = info_read(a->line_info, a->line_info_cnt, a->line_info_rec_size, 16,
				&l->line_info);
	l->attr.func_info = l->func_info;
	l->attr.func_info_cnt = a->func_info_cnt;
	l->attr.func_info_rec_bytes = a->func_info_rec_size;
	l->attr.line_info = l->line_info;
	l->attr.line_info_cnt = a->line_info_cnt;
	l->attr.line_info_rec_bytes = a->line_info_rec_size;
	return err;
}

/* struct prog_load_attr.map_of_fd */
static int map_of_fd(void *cookie, s32 fd, bool by_index, struct map **ret_map)
{
	struct load *l = cookie;

	if (by_index) {
		s32 idx = fd;

		if (idx < 0 || !l->a->fd_array)
			return -EINVAL;
		if (user_read(&fd, l->a->fd_array + (u64)idx * sizeof(fd), sizeof(fd)))
			return -EFAULT;
	}
	return sys_map_get(l->call, (u32)fd, ret_map, NULL);
}

/* A counted fd_array may hold nothing but maps and BTF (process_fd_array). */
static int fd_array_check(struct load *l)
{
	for (u32 i = 0; i < l->a->fd_array_cnt; i++) {
		struct obj *obj;
		s32 fd;
		int err = user_read(&fd, l->a->fd_array + (u64)i * sizeof(fd), sizeof(fd));

		if (err)
			return err;
		err = obj_fd_get(&l->call->skep->home, fd, OBJ_KIND_CNT, &obj, NULL);
		if (err)
			return err;
		err = obj->kind == OBJ_MAP || obj->kind == OBJ_BTF ? 0 : -EINVAL;
		obj_put(obj);
		if (err)
			return err;
	}
	return 0;
}

static int insns_read(struct load *l)
{
	const struct attr_prog_load *a = l->a;
	char license[LICENSE_BYTES];
	int err = user_dup(a->insns, (size_t)a->insn_cnt * sizeof(struct insn), &l->insns);

	if (err)
		return err;
	err = user_read_str(license, a->license, sizeof(license));
	if (err < 0)
		return err;
	l->attr.gpl_compatible = license_is_gpl(license);
	l->attr.type = (enum prog_type)a->prog_type;
	l->attr.flags = a->prog_flags;
	l->attr.insns = l->insns;
	l->attr.insn_cnt = a->insn_cnt;
	memcpy(l->attr.name, a->prog_name, sizeof(l->attr.name));
	l->attr.map_of_fd = map_of_fd;
	l->attr.cookie = l;
	l->attr.log = a->log_level ? &l->log : NULL;
	return 0;
}

/*
 * bpf_vlog_init(): the log is written here and copied out at the end. Memory that nobody writes
 * to costs nothing, however big the buffer.
 */
static int log_begin(struct load *l)
{
	const struct attr_prog_load *a = l->a;
	struct sys_log log = { .level = a->log_level, .size_bytes = a->log_size,
			       .buf = a->log_buf };
	char *buf = NULL;
	int err = sys_log_check(&log);

	if (err)
		return err;
	if (a->log_buf) {
		buf = mem_alloc(a->log_size);
		if (!buf)
			return -ENOMEM;
	}
	vlog_init(&l->log, a->log_level, buf, a->log_size);
	return 0;
}

/* bpf_vlog_finalize() and what bpf_check() does with its answer; @err is the load's. */
static int log_end(struct load *l, int err)
{
	u32 true_bytes;
	int fin_err = vlog_finish(&l->log, &true_bytes);

	if (l->log.size_bytes && user_write(l->a->log_buf, l->log.buf, strlen(l->log.buf) + 1))
		fin_err = -EFAULT;
	if (l->call->size >= LOG_TRUE_SIZE_OFF + sizeof(u32) &&
	    sys_put_u32(l->call, LOG_TRUE_SIZE_OFF, true_bytes))
		fin_err = -EFAULT;
	mem_free(l->log.buf);
	return fin_err ? fin_err : err;
}

/* The part that has a log: from here on its buffer is written whatever happens. */
static int check_and_load(struct load *l, struct prog **ret_prog)
{
	int err = log_begin(l), fin_err;

	if (err)
		return err;
	err = fd_array_check(l);
	if (!err)
		err = btf_read(l);
	if (err)
		core_verify_log_end(&l->log);
	else
		err = core_prog_load(l->call->skep, &l->attr, ret_prog);
	fin_err = log_end(l, err);
	if (!err && fin_err)
		obj_put(&(*ret_prog)->obj);
	return fin_err;
}

long sys_prog_load(struct sys_call *call)
{
	struct load l = { .call = call, .a = &call->attr.prog_load };
	struct prog *prog;
	long ret;
	int err = attr_check(&l);

	if (!err)
		err = insns_read(&l);
	if (!err)
		err = attr_check_late(&l);
	if (!err)
		err = check_and_load(&l, &prog);
	mem_free(l.insns);
	mem_free(l.func_info);
	mem_free(l.line_info);
	btf_put(l.attr.btf);
	if (err)
		return err;
	ret = sys_obj_fd(call->skep, &prog->obj, OBJ_READ | OBJ_WRITE);
	obj_put(&prog->obj);
	return ret;
}
