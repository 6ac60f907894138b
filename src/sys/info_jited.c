/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Machine code in a program's info, as bpf_prog_get_info_by_fd gives it. One piece of code for each
 * function, in order; what belongs to all of them stands behind the last and counts as its own.
 */
#include "base/err.h"
#include "base/mem.h"
#include "jit/jit.h"
#include "sys/info.h"

static u32 piece_end(const struct jit_view *v, u32 n)
{
	return n + 1 < v->func_cnt ? v->func_off[n + 1] : v->code_bytes;
}

/* @raw: the caller may have bytes and addresses, too. */
static int code_write(const struct jit_view *v, struct uapi_prog_info *info, bool raw)
{
	/* What stands before the first function (padding) is no function's. */
	const u32 first = v->func_off[0], bytes = v->code_bytes - first;

	if (raw)
		return info_array_write(info->jited_prog_insns, &info->jited_prog_len,
					v->code + first, bytes, 1);
	info->jited_prog_insns = 0;
	info->jited_prog_len = bytes;
	return 0;
}

static int funcs_write(const struct jit_view *v, struct uapi_prog_info *info, bool raw)
{
	u64 *addrs = mem_zalloc_array(v->func_cnt, sizeof(*addrs));
	u32 *lens = mem_zalloc_array(v->func_cnt, sizeof(*lens));
	int err = addrs && lens ? 0 : -ENOMEM;

	for (u32 n = 0; !err && n < v->func_cnt; n++) {
		addrs[n] = v->addr + v->func_off[n];
		lens[n] = piece_end(v, n) - v->func_off[n];
	}
	if (!err && raw) {
		err = info_array_write(info->jited_ksyms, &info->nr_jited_ksyms, addrs,
				       v->func_cnt, sizeof(*addrs));
	} else if (!err) {
		info->jited_ksyms = 0;
		info->nr_jited_ksyms = v->func_cnt;
	}
	if (!err && raw) {
		err = info_array_write(info->jited_func_lens, &info->nr_jited_func_lens, lens,
				       v->func_cnt, sizeof(*lens));
	} else if (!err) {
		info->jited_func_lens = 0;
		info->nr_jited_func_lens = v->func_cnt;
	}
	mem_free(addrs);
	mem_free(lens);
	return err;
}

/* The first instruction that was made of original instruction @idx or of a later one. */
static u32 first_made_of(const struct prog *prog, u32 idx)
{
	u32 lo = 0, hi = prog->insn_cnt;

	while (lo < hi) {
		const u32 mid = lo + (hi - lo) / 2;

		if (prog_orig_idx(prog, mid) < idx)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/*
 * Addresses of lines [first, end), which are those of function @n. Its first line begins where it
 * does (bpf_prog_fill_jited_linfo), and readers (libbpf's bpf_prog_linfo) want them to ascend: of
 * lines whose instructions became one piece of code the last has its address, those before point
 * into the code before. False when there are more lines than bytes.
 */
static bool lines_of_func(const struct prog *prog, const struct jit_view *v, u32 n, u64 *addrs,
			  const u32 range[2])
{
	const u64 start = v->addr + v->func_off[n], end = v->addr + piece_end(v, n);
	u64 limit = end, last = start;

	for (u32 i = range[1]; i-- > range[0];) {
		const u32 at = first_made_of(prog, prog->lines[i].insn_idx);
		const u64 addr = at < v->insn_cnt ? v->addr + jit_insn_map_off(v->map, at) : end;

		limit = addrs[i] = MIN(addr, limit - 1);
	}
	addrs[range[0]] = start;
	for (u32 i = range[0] + 1; i < range[1]; i++)
		last = addrs[i] = MAX(addrs[i], last + 1);
	return last < end;
}

/* All lines; false when they cannot be told. */
static bool lines_fill(const struct prog *prog, const struct jit_view *v, u64 *addrs)
{
	u32 range[2] = { 0, 0 };

	for (u32 n = 0; n < v->func_cnt; n++) {
		range[0] = range[1];
		while (range[1] < prog->line_cnt &&
		       first_made_of(prog, prog->lines[range[1]].insn_idx) < v->funcs[n].end)
			range[1]++;
		/* The verifier wants each function to have a line at its beginning. */
		if (range[0] == range[1] || !lines_of_func(prog, v, n, addrs, range))
			return false;
	}
	return range[1] == prog->line_cnt;
}

static int jited_lines_write(const struct prog *prog, const struct jit_view *v,
			     struct uapi_prog_info *info, bool raw)
{
	u64 *addrs;
	int err;

	if (!raw || !prog->btf || !prog->line_cnt) {
		info->nr_jited_line_info = 0;
		info->jited_line_info = 0;
		return 0;
	}
	addrs = mem_zalloc_array(prog->line_cnt, sizeof(*addrs));
	if (!addrs)
		return -ENOMEM;
	err = info_array_write(info->jited_line_info, &info->nr_jited_line_info, addrs,
			       lines_fill(prog, v, addrs) ? prog->line_cnt : 0, sizeof(*addrs));
	mem_free(addrs);
	return err;
}

int info_jited_write(const struct skep *skep, const struct prog *prog, struct uapi_prog_info *info)
{
	const enum verify_rights rights = core_rights(skep);
	const bool raw = rights >= VERIFY_PRIV;
	struct jit_view v;
	int err;

	if (rights < VERIFY_BPF || !jit_view(prog, &v) || !v.func_cnt) {
		info->jited_prog_len = info->nr_jited_ksyms = info->nr_jited_func_lens = 0;
		info->nr_jited_line_info = 0;
		return 0;
	}
	err = code_write(&v, info, raw);
	if (!err)
		err = funcs_write(&v, info, raw);
	if (!err)
		err = jited_lines_write(prog, &v, info, raw);
	return err;
}
