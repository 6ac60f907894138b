/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names and source lines, from the records of BTF.ext that a loader passes along
 * (check_btf_func, check_btf_line). Records may be longer than we know, when the rest is zero.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "btf/btf.h"
#include "core/resolve.h"

#define RECORD_BYTES_MAX ((u32)LIMIT_INFO_REC_BYTES)

/* The records' layout in the UAPI: struct bpf_func_info, struct bpf_line_info. */
struct func_record {
	u32 insn_off, type_id;
};

struct line_record {
	u32 insn_off, file_name_off, line_off, line_col;
};

struct records {
	const u8 *data;
	u32 cnt, rec_bytes, known_bytes;
	const char *what;
};

/* Copies record @i into @ret. -E2BIG when it says more than we know. */
static int record_get(const struct records *r, u32 i, void *ret)
{
	const u8 *rec = r->data + (size_t)i * r->rec_bytes;

	for (u32 b = r->known_bytes; b < r->rec_bytes; b++)
		if (rec[b])
			return -E2BIG;
	memcpy(ret, rec, r->known_bytes);
	return 0;
}

static int check_records(const struct records *r, const struct prog_load_attr *attr)
{
	if (r->rec_bytes < r->known_bytes || r->rec_bytes > RECORD_BYTES_MAX ||
	    r->rec_bytes % sizeof(u32)) {
		load_log(attr, "invalid %s rec size %u", r->what, r->rec_bytes);
		return -EINVAL;
	}
	return 0;
}

static int name_subprogs(struct prog *prog, const struct prog_load_attr *attr)
{
	struct records r = { attr->func_info, attr->func_info_cnt, attr->func_info_rec_bytes,
			     sizeof(struct func_record), "func info" };
	int err = check_records(&r, attr);

	if (!err && r.cnt != prog->subprog_cnt) {
		load_log(attr, "number of funcs in func_info doesn't match number of subprogs");
		err = -EINVAL;
	}
	for (u32 i = 0; !err && i < r.cnt; i++) {
		const struct btf_type *t;
		struct func_record rec;

		err = record_get(&r, i, &rec);
		if (err)
			break;
		if (rec.insn_off != prog->subprogs[i].start) {
			load_log(attr, "func_info BTF section doesn't match subprog layout in "
				       "BPF program");
			return -EINVAL;
		}
		t = btf_type_by_id(prog->btf, rec.type_id);
		if (!t || btf_type_kind(t) != BTF_KIND_FUNC) {
			load_log(attr, "invalid type id %u in func info", rec.type_id);
			return -EINVAL;
		}
		prog->subprogs[i].btf_id = rec.type_id;
		prog->subprogs[i].name = btf_type_name(prog->btf, t);
	}
	return err;
}

static int add_line(struct prog *prog, const struct prog_load_attr *attr,
		    const struct line_record *rec, u32 i)
{
	struct prog_line *line = &prog->lines[i];

	if ((i && rec->insn_off <= line[-1].insn_idx) || rec->insn_off >= prog->insn_cnt) {
		load_log(attr, "Invalid line_info[%u].insn_off:%u (prev_offset:%u prog->len:%u)", i,
			 rec->insn_off, i ? line[-1].insn_idx : 0, prog->insn_cnt);
		return -EINVAL;
	}
	line->insn_idx = rec->insn_off;
	line->file = btf_str(prog->btf, rec->file_name_off);
	line->text = btf_str(prog->btf, rec->line_off);
	line->line = rec->line_col >> 10; /* BPF_LINE_INFO_LINE_NUM */
	line->col = rec->line_col & 0x3ff;
	if (!line->file || !line->text) {
		load_log(attr, "Invalid line_info[%u].line_off or .file_name_off", i);
		return -EINVAL;
	}
	prog->line_cnt = i + 1;
	return 0;
}

static int add_lines(struct prog *prog, const struct prog_load_attr *attr)
{
	struct records r = { attr->line_info, attr->line_info_cnt, attr->line_info_rec_bytes,
			     sizeof(struct line_record), "line info" };
	int err = check_records(&r, attr);

	if (err)
		return err;
	prog->lines = mem_zalloc_array(r.cnt, sizeof(*prog->lines));
	if (!prog->lines)
		return -ENOMEM;
	for (u32 i = 0; !err && i < r.cnt; i++) {
		struct line_record rec;

		err = record_get(&r, i, &rec);
		if (!err)
			err = add_line(prog, attr, &rec, i);
	}
	return err;
}

int resolve_btf_info(struct prog *prog, const struct prog_load_attr *attr)
{
	int err = 0;

	if (!attr->btf) {
		if (attr->func_info_cnt || attr->line_info_cnt)
			return -EINVAL;
		return 0;
	}
	prog->btf = btf_get(attr->btf);
	if (attr->func_info_cnt)
		err = name_subprogs(prog, attr);
	if (!err && attr->line_info_cnt)
		err = add_lines(prog, attr);
	return err;
}
