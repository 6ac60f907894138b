/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/run_set.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "pkt/dev.h"

#define TOKEN_BYTES_MAX 4096

/* MAP, KEY and VALUE of one argument, as text. */
struct setting {
	char map[64], key[TOKEN_BYTES_MAX], value[TOKEN_BYTES_MAX];
};

static bool take(const char *from, size_t len, char *to, size_t room)
{
	if (!len || len >= room)
		return false;
	memcpy(to, from, len);
	to[len] = '\0';
	return true;
}

const char *run_set_value(const char *arg)
{
	const char *close = strstr(arg, "]=");

	return close ? close + 2 : "";
}

static int split(const char *arg, struct setting *s)
{
	const char *open = strchr(arg, '['), *close = open ? strstr(open, "]=") : NULL;

	if (!close || !take(arg, (size_t)(open - arg), s->map, sizeof(s->map)) ||
	    !take(open + 1, (size_t)(close - open - 1), s->key, sizeof(s->key)) ||
	    !take(close + 2, strlen(close + 2), s->value, sizeof(s->value)))
		return cli_usage("--set takes MAP[KEY]=VALUE, not '%s'", arg);
	return CLI_OK;
}

static int put_hex(const char *text, u8 *to, u32 bytes)
{
	const char *bad;
	size_t len;
	u8 *data;
	int err = cli_parse_hex(text, &data, &len, &bad);

	if (err)
		return err;
	if (len == bytes)
		memcpy(to, data, bytes);
	else
		err = -ERANGE;
	mem_free(data);
	return err;
}

/* A number, an address or bytes into @bytes at @to. -EINVAL: none of these; -ERANGE: no fit. */
static int put_token(const char *text, u8 *to, u32 bytes)
{
	struct in_addr ip;
	u64 number;

	memset(to, 0, bytes);
	if (!strncmp(text, "hex:", 4))
		return put_hex(text + 4, to, bytes);
	if (strchr(text, '.') && inet_pton(AF_INET, text, &ip) == 1) {
		if (bytes != sizeof(ip))
			return -ERANGE;
		memcpy(to, &ip, sizeof(ip));
		return 0;
	}
	if (cli_parse_u64(text, &number))
		return -EINVAL;
	if (bytes < 8 && number >> bytes * 8)
		return -ERANGE;
	if (bytes > 8 || !is_pow2(bytes))
		return -ERANGE;
	store_sized(to, bytes, number);
	return 0;
}

static int complain(const char *arg, const char *what, const char *text, u32 bytes)
{
	return cli_usage("--set %s: the %s '%s' does not fit into %u bytes: give a number, an IPv4 "
			 "address, or hex: and all %u bytes", arg, what, text, bytes, bytes);
}

/* Maps of programs and of maps: the value is a name of the object. */
static int set_object(struct object *object, const struct object_map *m, const u8 *key,
		      const char *name)
{
	struct obj *target = NULL;

	for (u32 i = 0; i < object_prog_cnt(object); i++) {
		const struct object_prog *p = object_prog(object, i);

		if (m->map->ops->holds == OBJ_PROG && p->prog && !strcmp(p->name, name))
			target = &p->prog->obj;
	}
	for (u32 i = 0; i < object_map_cnt(object); i++) {
		const struct object_map *inner = object_map(object, i);

		if (m->map->ops->holds == OBJ_MAP && !strcmp(inner->name, name))
			target = &inner->map->obj;
	}
	return target ? map_user_update_obj(m->map, key, target, 0) : -ENOENT;
}

static int set_value(struct object_map const *m, const u8 *key, const char *text)
{
	u32 bytes = m->map->attr.value_size_bytes, ifindex;
	u32 total = map_user_value_bytes(m->map);
	u8 *value = mem_zalloc((size_t)total + bytes);
	int err;

	if (!value)
		return -ENOMEM;
	err = put_token(text, value, bytes);
	if (err == -EINVAL && bytes >= sizeof(ifindex) && !pkt_ifindex(text, &ifindex)) {
		/* A device map's value may have a program behind the index: none. */
		memset(value, 0, bytes);
		memcpy(value, &ifindex, sizeof(ifindex));
		err = 0;
	}
	for (u32 at = (u32)align_up(bytes, 8); !err && total > bytes && at < total;
	     at += (u32)align_up(bytes, 8))
		memcpy(value + at, value, bytes);
	if (!err)
		err = map_user_update(m->map, key, value, 0);
	mem_free(value);
	return err;
}

static const struct object_map *find_map(struct object *object, const char *name)
{
	for (u32 i = 0; i < object_map_cnt(object); i++)
		if (!strcmp(object_map(object, i)->name, name))
			return object_map(object, i);
	return NULL;
}

static int carry_out(struct object *object, const char *arg, const struct setting *s)
{
	const struct object_map *m = find_map(object, s->map);
	u8 *key;
	int err;

	if (!m)
		return cli_usage("--set %s: there is no map '%s'", arg, s->map);
	key = mem_zalloc(m->map->attr.key_size_bytes);
	if (!key)
		return cli_error("out of memory");
	err = put_token(s->key, key, m->map->attr.key_size_bytes);
	if (err) {
		mem_free(key);
		return complain(arg, "key", s->key, m->map->attr.key_size_bytes);
	}
	if (m->map->ops->holds != OBJ_KIND_CNT)
		err = set_object(object, m, key, s->value);
	else
		err = set_value(m, key, s->value);
	mem_free(key);
	if (err == -EINVAL || err == -ERANGE)
		return complain(arg, "value", s->value, m->map->attr.value_size_bytes);
	if (err == -ENOENT)
		return cli_usage("--set %s: '%s' is no loaded program or map of the object", arg,
				 s->value);
	if (err == -E2BIG)
		return cli_error("--set %s: no room: the map has %u entries", arg,
				 m->map->attr.max_entries);
	return err ? cli_error("--set %s: %s", arg, strerror(-err)) : CLI_OK;
}

int run_set(struct object *object, const char *arg)
{
	struct setting *s = mem_zalloc(sizeof(*s));
	int exit;

	if (!s)
		return cli_error("out of memory");
	exit = split(arg, s);
	if (exit == CLI_OK)
		exit = carry_out(object, arg, s);
	mem_free(s);
	return exit;
}
