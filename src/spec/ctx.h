/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a program sees behind r1. A context class maps the fields of the UAPI's struct (struct
 * xdp_md, struct __sk_buff…) onto members of the internal struct that really lies there. The
 * guarded interpreter translates each access by it; the verifier will take rights and value kinds
 * from it; xlate will rewrite accesses into plain loads of the internal member.
 *
 * Rows live in spec/ctx/NAME.def; the room that owns the internal struct expands them.
 */
#ifndef SKEP_SPEC_CTX_H
#define SKEP_SPEC_CTX_H

#include "base/extent.h"
#include "base/types.h"

enum ctx_value { /* what a program gets when it reads the field */
	CTX_SCALAR,
	CTX_PACKET,	 /* pointer to the packet's first byte; 32 bits wide in the UAPI */
	CTX_PACKET_END,
	CTX_PACKET_META,
	CTX_POINTER,	 /* 64-bit pointer to something else (a socket, flow keys), NULL for us */
};

enum ctx_access {
	CTX_READ = 1,
	CTX_WRITE = 2,
	CTX_NARROW = 4, /* parts of the field may be read */
	CTX_BYTES = 8,	/* an array: any aligned 1, 2, 4 or 8 bytes inside, the member likewise */
	CTX_BELOW_MAX = 16, /* a store of the member's largest value or more is ignored */
};

/* The words for rights in the .def files. */
enum ctx_rights {
	CTX_NO = 0,
	CTX_R = CTX_READ,
	CTX_RN = CTX_READ | CTX_NARROW,
	CTX_RW = CTX_READ | CTX_WRITE,
	CTX_RWN = CTX_READ | CTX_WRITE | CTX_NARROW,
	CTX_RWN_BELOW_MAX = CTX_READ | CTX_WRITE | CTX_NARROW | CTX_BELOW_MAX,
	CTX_RW_BYTES = CTX_READ | CTX_WRITE | CTX_BYTES,
};

struct ctx_field {
	const char *name;
	u16 off, size_bytes; /* in the UAPI's struct */
	u8 value;	     /* enum ctx_value */
	u8 access;	     /* enum ctx_access */
	u16 member_off;	     /* in the internal struct */
	u8 member_size_bytes;
};

struct ctx_class {
	const char *name; /* "xdp_md" */
	u32 size_bytes;	  /* of the UAPI's struct */
	const struct ctx_field *fields; /* sorted by offset */
	u32 field_cnt;
	/*
	 * Memory that can be reached through the context at this moment (the packet with its
	 * metadata). Fills at most @max entries of @out, returns how many. NULL: none.
	 */
	u32 (*extents)(const void *ctx, struct extent *out, u32 max);
	/*
	 * Where LD_ABS and LD_IND find @size_bytes at offset @off: of the packet, or of its headers
	 * for the negative offsets of classic BPF (SKF_NET_OFF, SKF_LL_OFF). NULL outside, and then
	 * the function ends with 0. The member itself may be NULL: no packet here.
	 */
	const u8 *(*packet_at)(const void *ctx, s32 off, u32 size_bytes);
};

/* The field that covers [off, off + size), NULL when there is none. */
const struct ctx_field *ctx_field_at(const struct ctx_class *cls, u32 off, u32 size_bytes);

/*
 * Reads or writes the field at UAPI offset @off as a program does. Return 0 or -EACCES
 * (no such field, wrong width or alignment, no right).
 */
int ctx_load(const struct ctx_class *cls, const void *ctx, u32 off, u32 size_bytes,
	     u64 *ret_value) must_check;
int ctx_store(const struct ctx_class *cls, void *ctx, u32 off, u32 size_bytes,
	      u64 value) must_check;

#endif
