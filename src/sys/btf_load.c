/* SPDX-License-Identifier: BSD-2-Clause */
/* BPF_BTF_LOAD (bpf_btf_load and btf_new_fd of the kernel). */
#include "base/err.h"
#include "base/mem.h"
#include "btf/btf.h"
#include "btf/format.h"
#include "sys/sys_int.h"
#include "sys/user_mem.h"

#define LOG_TRUE_SIZE_OFF offsetof(struct attr_btf_load, btf_log_true_size)

static int parse_logged(struct sys_call *call, const void *data, struct btf **ret_btf)
{
	const struct attr_btf_load *a = &call->attr.btf_load;
	struct sys_log log = { .level = a->btf_log_level, .size_bytes = a->btf_log_size,
			       .buf = a->btf_log_buf };
	u32 true_bytes;
	int err, fin_err;

	err = btf_parse(data, a->btf_size, log.level ? &log.text : NULL, ret_btf);
	fin_err = sys_log_finish(&log, err, &true_bytes);
	if (fin_err != -EFAULT && call->size >= LOG_TRUE_SIZE_OFF + sizeof(u32) &&
	    sys_put_u32(call, LOG_TRUE_SIZE_OFF, true_bytes))
		fin_err = -EFAULT;
	str_fini(&log.text);
	if (!err && fin_err)
		btf_put(*ret_btf);
	return fin_err;
}

long sys_btf_load(struct sys_call *call)
{
	const struct attr_btf_load *a = &call->attr.btf_load;
	const struct sys_log log = { .level = a->btf_log_level, .size_bytes = a->btf_log_size,
				     .buf = a->btf_log_buf };
	struct btf *btf;
	void *data;
	long ret;
	int err;

	if (a->btf_flags & ~(u32)MAP_F_TOKEN_FD)
		return -EINVAL;
	if (a->btf_flags & MAP_F_TOKEN_FD)
		return sys_token_refuse(a->btf_token_fd);
	if (a->btf_size > BTF_SIZE_BYTES_MAX)
		return -E2BIG;
	err = sys_log_check(&log);
	if (err)
		return err;
	err = user_dup(a->btf, a->btf_size, &data);
	if (err)
		return err;
	err = parse_logged(call, data, &btf);
	mem_free(data);
	if (err)
		return err;
	err = obj_table_add(call->skep->map_env.tables[OBJ_BTF], btf_obj(btf));
	ret = err ? err : sys_obj_fd(call->skep, btf_obj(btf), OBJ_READ | OBJ_WRITE);
	btf_put(btf);
	return ret;
}
