/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/show_map.h"

#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/mem.h"
#include "btf/btf.h"
#include "spec/spec.h"

struct shown {
	struct map *map;
	const struct show_map_opts *opts;
	struct str *to;
	const struct btf *btf;
	u32 key_type_id, value_type_id;
	u8 *key, *next, *value;
	u32 value_bytes; /* of one CPU's copy */
	u32 copies;	 /* 1, or the number of CPU slots */
	u32 entries, skipped_zero, skipped_more;
};

static bool all_zero(const u8 *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i])
			return false;
	return true;
}

static void add_bytes(struct shown *s, const u8 *p, u32 len)
{
	if (s->opts->json)
		str_add_char(s->to, '"');
	for (u32 i = 0; i < len; i++)
		str_addf(s->to, "%s%02x", i && !s->opts->json ? " " : "", p[i]);
	if (s->opts->json)
		str_add_char(s->to, '"');
}

static void add_typed(struct shown *s, u32 type_id, const u8 *p, u32 len)
{
	const struct btf_show_opts show = {
		.style = s->opts->json ? BTF_SHOW_JSON : BTF_SHOW_C,
	};

	const struct btf_value typed = { s->btf, type_id, p, len };

	if (typed.btf && type_id && !s->opts->raw)
		btf_show(&typed, &show, s->to);
	else
		add_bytes(s, p, len);
}

static void add_value(struct shown *s, u32 cpu)
{
	add_typed(s, s->value_type_id, s->value + (size_t)cpu * s->value_bytes,
		  s->map->attr.value_size_bytes);
}

static void add_cpu_values_json(struct shown *s)
{
	bool first = true;

	str_add(s->to, ",\"values\":[");
	for (u32 cpu = 0; cpu < s->copies; cpu++) {
		if (!s->opts->zeros && all_zero(s->value + (size_t)cpu * s->value_bytes,
						s->value_bytes))
			continue;
		str_addf(s->to, "%s{\"cpu\":%u,\"value\":", first ? "" : ",", cpu);
		add_value(s, cpu);
		str_add_char(s->to, '}');
		first = false;
	}
	str_add_char(s->to, ']');
}

static void add_cpu_values_text(struct shown *s)
{
	bool first = true;

	for (u32 cpu = 0; cpu < s->copies; cpu++) {
		if (all_zero(s->value + (size_t)cpu * s->value_bytes, s->value_bytes))
			continue;
		str_add(s->to, first ? "" : "  ");
		add_value(s, cpu);
		str_addf(s->to, " (cpu %u)", cpu);
		first = false;
	}
	if (first)
		str_add_char(s->to, '0');
}

static void add_entry(struct shown *s)
{
	bool json = s->opts->json;

	if (json) {
		str_addf(s->to, "%s{\"key\":", s->entries ? "," : "");
		add_typed(s, s->key_type_id, s->key, s->map->attr.key_size_bytes);
		if (s->copies > 1) {
			add_cpu_values_json(s);
		} else {
			str_add(s->to, ",\"value\":");
			add_value(s, 0);
		}
		str_add_char(s->to, '}');
		return;
	}
	str_add(s->to, "  ");
	/* A section of variables is an array of one, whose key has no type: no use to show. */
	if (s->key_type_id || !s->value_type_id) {
		str_add_char(s->to, '[');
		add_typed(s, s->key_type_id, s->key, s->map->attr.key_size_bytes);
		str_add(s->to, "] = ");
	}
	if (s->copies > 1)
		add_cpu_values_text(s);
	else
		add_value(s, 0);
	str_add_char(s->to, '\n');
}

static int visit_entry(struct shown *s)
{
	int err = map_user_lookup(s->map, s->key, s->value, 0);

	if (err == -ENOENT) /* deleted meanwhile, or an empty slot */
		return 0;
	if (err)
		return err;
	if (s->map->ops->indexed && !s->opts->zeros &&
	    all_zero(s->value, (size_t)s->copies * s->value_bytes))
		s->skipped_zero++;
	else if (s->opts->entries_max && s->entries >= s->opts->entries_max)
		s->skipped_more++;
	else {
		add_entry(s);
		s->entries++;
	}
	return 0;
}

static int visit_entries(struct shown *s)
{
	int err = map_user_next_key(s->map, NULL, s->key);

	while (!err) {
		err = visit_entry(s);
		if (err)
			return err;
		err = map_user_next_key(s->map, s->key, s->next);
		memcpy(s->key, s->next, s->map->attr.key_size_bytes);
	}
	return err == -ENOENT ? 0 : err;
}

static void add_heading(struct shown *s)
{
	const struct map_attr *a = &s->map->attr;
	const char *type = map_type_name(a->type);

	if (s->opts->json) {
		str_add(s->to, "{\"name\":");
		str_add_json(s->to, s->opts->name ? s->opts->name : a->name);
		str_addf(s->to, ",\"type\":\"%s\",\"key_size\":%u,\"value_size\":%u,"
				"\"max_entries\":%u,\"entries\":[",
			 type, a->key_size_bytes, a->value_size_bytes, a->max_entries);
		return;
	}
	str_addf(s->to, "map %s (%s, %u %s)\n", s->opts->name ? s->opts->name : a->name, type,
		 a->max_entries, a->max_entries == 1 ? "entry" : "entries");
}

static void add_tail(struct shown *s, int err)
{
	if (s->opts->json) {
		str_addf(s->to, "],\"zero_entries_left_out\":%u,\"entries_left_out\":%u",
			 s->skipped_zero, s->skipped_more);
		if (err)
			str_addf(s->to, ",\"error\":%d", err);
		str_add_char(s->to, '}');
		return;
	}
	if (err == -ENOTSUPP)
		str_add(s->to, "  maps of this type have no entries to list\n");
	else if (err)
		str_addf(s->to, "  contents cannot be read: %s\n", strerror(-err));
	else if (!s->map->attr.key_size_bytes)
		str_add(s->to, "  has no keys: its contents are for who takes them out\n");
	else if (!s->entries && !s->skipped_zero)
		str_add(s->to, "  empty\n");
	else if (!s->entries)
		str_add(s->to, "  all zero\n");
	if (s->skipped_more)
		str_addf(s->to, "  … and %u more\n", s->skipped_more);
}

int show_map(struct map *map, const struct show_map_opts *opts, struct str *to)
{
	u32 user_bytes = map_user_value_bytes(map);
	struct shown s = { .map = map, .opts = opts, .to = to, .copies = 1 };
	int err = -ENOMEM;

	s.btf = opts->btf ? opts->btf : map->attr.btf;
	s.key_type_id = opts->btf ? opts->key_type_id : map->attr.btf_key_type_id;
	s.value_type_id = opts->btf ? opts->value_type_id : map->attr.btf_value_type_id;
	s.value_bytes = (u32)align_up(map->attr.value_size_bytes, 8);
	if (s.value_bytes && user_bytes > s.value_bytes)
		s.copies = user_bytes / s.value_bytes;
	s.key = mem_zalloc(map->attr.key_size_bytes);
	s.next = mem_zalloc(map->attr.key_size_bytes);
	s.value = mem_zalloc((size_t)user_bytes + s.value_bytes);
	if (s.key && s.next && s.value) {
		add_heading(&s);
		/* Rings, queues, stacks, bloom filters: nothing to walk over. */
		err = map->attr.key_size_bytes ? visit_entries(&s) : 0;
		add_tail(&s, err);
	}
	mem_free(s.key);
	mem_free(s.next);
	mem_free(s.value);
	if (err == -ENOTSUPP)
		err = 0;
	return to->failed ? -ENOMEM : err;
}
