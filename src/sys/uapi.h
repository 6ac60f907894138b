/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The binary interface of bpf(2) as of Linux 6.18: what callers hand in and get back. Written
 * here because the headers of the machine that we are built on may be older. Pointers are 64-bit
 * numbers in the caller's address space. One struct for each group of commands that the kernel's
 * union bpf_attr has; the last field that a command knows stands in sys/cmds.def.
 */
#ifndef SKEP_SYS_UAPI_H
#define SKEP_SYS_UAPI_H

#include "base/types.h"

#define UAPI_NAME_BYTES 16
#define UAPI_TAG_BYTES	8

/* 8-byte alignment also on 32-bit hosts, as __aligned_u64. */
typedef u64 uptr __attribute__((aligned(8)));

struct attr_map_create {
	u32 map_type, key_size, value_size, max_entries, map_flags, inner_map_fd, numa_node;
	char map_name[UAPI_NAME_BYTES];
	u32 map_ifindex, btf_fd, btf_key_type_id, btf_value_type_id, btf_vmlinux_value_type_id;
	uptr map_extra;
	s32 value_type_btf_obj_fd, map_token_fd;
	uptr excl_prog_hash;
	u32 excl_prog_hash_size;
};

struct attr_elem {
	u32 map_fd;
	uptr key;
	uptr value; /* also: where the next key goes */
	uptr flags;
};

struct attr_batch {
	uptr in_batch, out_batch, keys, values;
	u32 count, map_fd;
	uptr elem_flags, flags;
};

struct attr_prog_load {
	u32 prog_type, insn_cnt;
	uptr insns, license;
	u32 log_level, log_size;
	uptr log_buf;
	u32 kern_version, prog_flags;
	char prog_name[UAPI_NAME_BYTES];
	u32 prog_ifindex, expected_attach_type, prog_btf_fd, func_info_rec_size;
	uptr func_info;
	u32 func_info_cnt, line_info_rec_size;
	uptr line_info;
	u32 line_info_cnt, attach_btf_id, attach_prog_fd, core_relo_cnt;
	uptr fd_array, core_relos;
	u32 core_relo_rec_size, log_true_size;
	s32 prog_token_fd;
	u32 fd_array_cnt;
	uptr signature;
	u32 signature_size;
	s32 keyring_id;
};

struct attr_obj {
	uptr pathname;
	u32 bpf_fd, file_flags;
	s32 path_fd;
};

struct attr_prog_attach {
	u32 target_fd, attach_bpf_fd, attach_type, attach_flags, replace_bpf_fd, relative_fd;
	uptr expected_revision;
};

struct attr_test_run {
	u32 prog_fd, retval, data_size_in, data_size_out;
	uptr data_in, data_out;
	u32 repeat, duration, ctx_size_in, ctx_size_out;
	uptr ctx_in, ctx_out;
	u32 flags, cpu, batch_size;
};

struct attr_id {
	u32 id; /* start_id, prog_id, map_id, btf_id, link_id */
	u32 next_id, open_flags;
	s32 token_fd;
};

struct attr_info {
	u32 bpf_fd, info_len;
	uptr info;
};

struct attr_query {
	u32 target_fd, attach_type, query_flags, attach_flags;
	uptr prog_ids;
	u32 count;
	uptr prog_attach_flags, link_ids, link_attach_flags, revision;
};

struct attr_raw_tracepoint {
	uptr name;
	u32 prog_fd;
	uptr cookie;
};

struct attr_btf_load {
	uptr btf, btf_log_buf;
	u32 btf_size, btf_log_size, btf_log_level, btf_log_true_size, btf_flags;
	s32 btf_token_fd;
};

struct attr_task_fd_query {
	u32 pid, fd, flags, buf_len;
	uptr buf;
	u32 prog_id, fd_type;
	uptr probe_offset, probe_addr;
};

struct attr_link_create {
	u32 prog_fd, target_fd, attach_type, flags;
	/* What follows depends on the attach type; this is the longest (uprobe_multi). */
	uptr words[4];
	u32 cnt, multi_flags, pid;
};

struct attr_link_update {
	u32 link_fd, new_prog_fd, flags, old_prog_fd;
};

struct attr_link_fd {
	u32 link_fd;
};

struct attr_enable_stats {
	u32 type;
};

struct attr_iter_create {
	u32 link_fd, flags;
};

struct attr_bind_map {
	u32 prog_fd, map_fd, flags;
};

struct attr_token {
	u32 flags, bpffs_fd;
};

struct attr_stream_read {
	uptr stream_buf;
	u32 stream_buf_len, stream_id, prog_fd;
};

#define UAPI_ATTR_BYTES 168 /* sizeof(union bpf_attr) */

union attr {
	u8 bytes[UAPI_ATTR_BYTES];
	struct attr_map_create map_create;
	struct attr_elem elem;
	struct attr_batch batch;
	struct attr_prog_load prog_load;
	struct attr_obj obj;
	struct attr_prog_attach prog_attach;
	struct attr_test_run test_run;
	struct attr_id id;
	struct attr_info info;
	struct attr_query query;
	struct attr_raw_tracepoint raw_tracepoint;
	struct attr_btf_load btf_load;
	struct attr_task_fd_query task_fd_query;
	struct attr_link_create link_create;
	struct attr_link_update link_update;
	struct attr_link_fd link_fd;
	struct attr_enable_stats enable_stats;
	struct attr_iter_create iter_create;
	struct attr_bind_map bind_map;
	struct attr_token token;
	struct attr_stream_read stream_read;
};

_Static_assert(sizeof(union attr) == UAPI_ATTR_BYTES, "union bpf_attr of 6.18");
_Static_assert(offsetof(struct attr_map_create, map_extra) == 64, "as the UAPI");
_Static_assert(offsetof(struct attr_prog_load, fd_array) == 120, "as the UAPI");
_Static_assert(offsetof(struct attr_prog_load, keyring_id) == 164, "as the UAPI");
_Static_assert(offsetof(struct attr_test_run, batch_size) == 72, "as the UAPI");
_Static_assert(offsetof(struct attr_link_create, pid) == 56, "as the UAPI");
_Static_assert(offsetof(struct attr_query, revision) == 56, "as the UAPI");

struct uapi_prog_info {
	u32 type, id;
	u8 tag[UAPI_TAG_BYTES];
	u32 jited_prog_len, xlated_prog_len;
	uptr jited_prog_insns, xlated_prog_insns, load_time;
	u32 created_by_uid, nr_map_ids;
	uptr map_ids;
	char name[UAPI_NAME_BYTES];
	u32 ifindex, gpl_compatible;
	uptr netns_dev, netns_ino;
	u32 nr_jited_ksyms, nr_jited_func_lens;
	uptr jited_ksyms, jited_func_lens;
	u32 btf_id, func_info_rec_size;
	uptr func_info;
	u32 nr_func_info, nr_line_info;
	uptr line_info, jited_line_info;
	u32 nr_jited_line_info, line_info_rec_size, jited_line_info_rec_size, nr_prog_tags;
	uptr prog_tags, run_time_ns, run_cnt, recursion_misses;
	u32 verified_insns, attach_btf_obj_id, attach_btf_id;
};

struct uapi_map_info {
	u32 type, id, key_size, value_size, max_entries, map_flags;
	char name[UAPI_NAME_BYTES];
	u32 ifindex, btf_vmlinux_value_type_id;
	uptr netns_dev, netns_ino;
	u32 btf_id, btf_key_type_id, btf_value_type_id, btf_vmlinux_id;
	uptr map_extra, hash;
	u32 hash_size;
};

struct uapi_btf_info {
	uptr btf;
	u32 btf_size, id;
	uptr name;
	u32 name_len, kernel_btf;
};

_Static_assert(sizeof(struct uapi_prog_info) == 232, "as the UAPI");
_Static_assert(sizeof(struct uapi_map_info) == 104, "as the UAPI");
_Static_assert(sizeof(struct uapi_btf_info) == 32, "as the UAPI");

#endif
