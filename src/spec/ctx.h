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
	/* 64-bit pointers; NULL in our own packets */
	CTX_SOCK_COMMON_OR_NULL,
	CTX_SOCK_COMMON,
	CTX_SOCKET_OR_NULL,
	CTX_SOCKET,
	CTX_TCP_SOCK, /* no context holds one: helpers give it */
	CTX_XDP_SOCK,
	CTX_FLOW_KEYS,
	CTX_TP_BUFFER, /* writable argument of a raw tracepoint */
	CTX_BTF_PTR,   /* a trusted pointer to a kernel struct, which its BTF describes */
};

enum ctx_access {
	CTX_READ = 1,
	CTX_WRITE = 2,
	CTX_NARROW = 4, /* parts of the field may be read */
	CTX_BYTES = 8,	/* an array: any aligned 1, 2, 4 or 8 bytes inside, the member likewise */
	CTX_BELOW_MAX = 16, /* a store of the member's largest value or more is ignored */
	CTX_WORDS = 32,	  /* an array of 4-byte words, each a field of its own */
	CTX_START = 64,	  /* parts may be read from its first byte on only */
	CTX_MIN_2 = 128,  /* parts of one byte may not be read */
	CTX_WIDE = 256,	  /* 8 aligned bytes may be accessed at once, beside single words */
	CTX_AS_4 = 512,	  /* 2 bytes that may be read as 4 */
	CTX_LONGS = 1024, /* an array of 8-byte words */
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
	CTX_R_BYTES = CTX_READ | CTX_BYTES,
	CTX_R_WORDS = CTX_READ | CTX_WORDS,
	CTX_RN_WORDS = CTX_READ | CTX_NARROW | CTX_WORDS,
	CTX_RN_START = CTX_READ | CTX_NARROW | CTX_START,
	CTX_RN_MIN_2 = CTX_READ | CTX_NARROW | CTX_MIN_2,
	CTX_RN_AS_4 = CTX_READ | CTX_NARROW | CTX_AS_4,
	CTX_RWN_WIDE = CTX_READ | CTX_WRITE | CTX_NARROW | CTX_WORDS | CTX_WIDE,
	CTX_R_LONGS = CTX_READ | CTX_LONGS,
};

struct ctx_field {
	const char *name;
	u16 off, size_bytes; /* in the UAPI's struct */
	u8 value;	     /* enum ctx_value */
	u16 access;	     /* enum ctx_access */
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
