/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Alignment (check_ptr_alignment). The stack is always strict: spills are tracked by aligned
 * slots. Elsewhere only where the program asks for it: machines without unaligned access are
 * served by the engines.
 */
#include "verify/mem/mem_int.h"

/* Packets begin two bytes off, so that the IP header is aligned (NET_IP_ALIGN). */
#define IP_ALIGN_BYTES 2

static int align_packet(struct env *env, const struct mem_access *acc, const struct reg *reg)
{
	char text[TNUM_TEXT_BYTES];
	struct tnum off = tnum_add(reg->s.var_off,
				   tnum_const((u64)(s64)(IP_ALIGN_BYTES + reg->off + acc->off)));

	if (tnum_is_aligned(off, acc->size_bytes))
		return 0;
	return reject_reg(env, -EACCES, (s32)acc->regno,
			  "misaligned packet access off %d+%s+%d+%d size %d", IP_ALIGN_BYTES,
			  tnum_text(text, reg->s.var_off), reg->off, acc->off,
			  (int)acc->size_bytes);
}

static const char *pointer_words(enum reg_base base)
{
	static const struct {
		enum reg_base base;
		const char *words;
	} names[] = {
		{ REG_FLOW_KEYS, "flow keys " },    { REG_MAP_KEY, "key " },
		{ REG_MAP_VALUE, "value " },	    { REG_CTX, "context " },
		{ REG_STACK, "stack " },	    { REG_SOCKET, "sock " },
		{ REG_SOCK_COMMON, "sock_common " }, { REG_TCP_SOCK, "tcp_sock " },
		{ REG_XDP_SOCK, "xdp_sock " },
	};

	for (u32 i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].base == base)
			return names[i].words;
	return "";
}

int mem_align(struct env *env, const struct mem_access *acc)
{
	const struct reg *reg = env_reg(env, acc->regno);
	bool strict = env->strict_alignment || acc->strict || reg->type == REG_STACK;
	char text[TNUM_TEXT_BYTES];
	struct tnum off;

	if (!strict || acc->size_bytes == 1 || reg->type == REG_ARENA)
		return 0;
	if (reg->type == REG_PACKET || reg->type == REG_PACKET_META)
		return align_packet(env, acc, reg);
	off = tnum_add(reg->s.var_off, tnum_const((u64)(s64)(reg->off + acc->off)));
	if (tnum_is_aligned(off, acc->size_bytes))
		return 0;
	return reject_reg(env, -EACCES, (s32)acc->regno, "misaligned %saccess off %s+%d+%d size %d",
			  reg_flags(reg->type) ? "" : pointer_words(reg_base(reg->type)),
			  tnum_text(text, reg->s.var_off), reg->off, acc->off,
			  (int)acc->size_bytes);
}
