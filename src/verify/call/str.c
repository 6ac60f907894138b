/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Strings that are constants: in a frozen map that programs may only read, ended by NUL; and the
 * formats among them (check_reg_const_str, check_bpf_snprintf_call, bpf_bprintf_prepare).
 */
#include <string.h>

#include "base/err.h"
#include "map/map.h"
#include "verify/call/call_int.h"

#define FORMAT_ARG_BYTES 8

/* Address of the string at the register; its room, to the end of the value, in *ret_bytes. */
static int find(struct env *env, u32 regno, const char **ret_str, u32 *ret_bytes)
{
	const struct reg *reg = env_reg(env, regno);
	const struct map *map = reg->map;
	u32 off = (u32)reg->off + (u32)reg_const_value(reg);
	u64 addr;

	if (off >= map->attr.value_size_bytes) /* mem_map_access was asked before */
		return env_bug(env, "string at %u of %u", off, map->attr.value_size_bytes);
	if (map->ops->direct_value((struct map *)(uintptr_t)map, 0, &addr))
		return reject_reg(env, -ENOTSUPP, (s32)regno,
				  "direct value access on string failed");
	*ret_str = (const char *)u64_to_ptr(addr) + off;
	*ret_bytes = map->attr.value_size_bytes - off;
	return 0;
}

int str_const_arg(struct env *env, u32 regno)
{
	const struct reg *reg = env_reg(env, regno);
	const struct map *map = reg->map;
	const char *str = NULL;
	u32 bytes = 0;
	int err;

	if (!(map->attr.flags & MAP_F_RDONLY_PROG) || !map->frozen)
		return reject_reg(env, -EACCES, (s32)regno,
				  "R%u does not point to a readonly map'", regno);
	if (!scalar_is_const(&reg->s))
		return reject_reg(env, -EACCES, (s32)regno, "R%u is not a constant address'",
				  regno);
	if (!map->ops->direct_value)
		return reject_reg(env, -EACCES, (s32)regno,
				  "no direct value access support for this map type");
	err = mem_map_access(env, regno, reg->off,
			     map->attr.value_size_bytes - (u32)reg->off, false, ACCESS_READ);
	if (!err)
		err = find(env, regno, &str, &bytes);
	if (err)
		return err;
	if (!memchr(str, 0, bytes))
		return reject_reg(env, -EINVAL, (s32)regno, "string is not zero-terminated");
	return 0;
}

/* As the kernel's ctype table, which above ASCII is Latin-1's. */
static bool is_space(u8 c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xa0;
}

static bool is_punct(u8 c)
{
	if (c > 0x7f)
		return (c > 0xa0 && c < 0xc0) || c == 0xd7 || c == 0xf7;
	return c > ' ' && c != 0x7f && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') &&
	       !(c >= 'A' && c <= 'Z');
}

static bool ends_word(char c)
{
	return !c || is_space((u8)c) || is_punct((u8)c);
}

/* What may stand behind '%p'. Returns the length, -1 for a conversion that does not exist. */
static s32 pointer_bytes(const char *at)
{
	if (ends_word(at[0]))
		return 0;
	if ((at[0] == 'k' || at[0] == 'u') && at[1] == 's')
		return ends_word(at[2]) ? 2 : -1;
	if (strchr("KxsSB", at[0]))
		return 1;
	if ((at[0] == 'i' || at[0] == 'I') && (at[1] == '4' || at[1] == '6'))
		return 2;
	return -1;
}

/* One conversion behind '%', flags and width. Returns its length, -1 when there is none such. */
static s32 conversion_bytes(const char *at)
{
	s32 n = 0;

	if (at[0] == 'p') {
		n = pointer_bytes(at + 1);
		return n < 0 ? -1 : n + 1;
	}
	if (at[0] == 's')
		return ends_word(at[1]) ? 1 : -1;
	if (at[0] == 'c')
		return 1;
	while (n < 2 && at[n] == 'l')
		n++;
	return at[n] && strchr("diuxX", at[n]) ? n + 1 : -1;
}

static bool format_ok(const char *fmt, u32 arg_cnt)
{
	u32 used = 0;

	for (; *fmt; fmt++) {
		s32 n;

		if ((u8)*fmt < ' ' ? !is_space((u8)*fmt) : *fmt == 0x7f)
			return false;
		if (*fmt != '%')
			continue;
		if (fmt[1] == '%') {
			fmt++;
			continue;
		}
		if (used++ >= arg_cnt)
			return false;
		fmt++;
		while (*fmt && strchr("0+- ", *fmt))
			fmt++;
		while (*fmt >= '0' && *fmt <= '9')
			fmt++;
		n = conversion_bytes(fmt);
		if (n < 0)
			return false;
		fmt += n - 1;
	}
	return true;
}

/* r3: the format, r5: bytes of arguments, a constant. */
int str_format_args(struct env *env)
{
	u64 bytes = reg_const_value(env_reg(env, 5));
	const char *fmt = NULL;
	u32 room = 0;
	int err;

	if (bytes % FORMAT_ARG_BYTES)
		return reject_reg(env, -EINVAL, 5, "R5: arguments of a format are %u bytes each",
				  FORMAT_ARG_BYTES);
	err = find(env, 3, &fmt, &room);
	if (err)
		return err;
	if (!format_ok(fmt, (u32)(bytes / FORMAT_ARG_BYTES)))
		return reject_reg(env, -EINVAL, 3, "Invalid format string");
	return 0;
}
