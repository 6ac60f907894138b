/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects through libbpf. Every call into libbpf is made between enter() and leave(): enter makes
 * this object's instance the one that the thread's bpf(2) calls go to and this object the one that
 * libbpf's messages belong to.
 */
#include "object/object.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/process.h"
#include "core/skep.h"
#include "obj/fd.h"
#include "object/message.h"
#include "object/types.h"

struct object {
	struct skep *skep;
	struct bpf_object *bpf;
	struct object_opts opts;
	struct object_messages messages;
	struct object_prog *progs;
	u32 prog_cnt;
	struct object_map *maps;
	u32 map_cnt;
	struct btf *btf; /* the object's types, or NULL */
};

struct entered {
	void *instance, *note;
};

static struct entered enter(struct object *o)
{
	struct entered before = { process_current(), process_note() };

	process_current_set(o->skep);
	process_note_set(&o->messages);
	libbpf_set_print(object_message);
	return before;
}

static void leave(struct entered before)
{
	process_current_set(before.instance);
	process_note_set(before.note);
}

/*
 * The sentinel: one harmless call through libbpf. When it does not arrive at our engine, libbpf's
 * syscall() is not ours, and the next call would reach the real kernel.
 */
static int check_arrival(struct object *o)
{
	u32 before = atomic_load_explicit(&o->skep->loader_calls, memory_order_relaxed);
	u32 next;

	if (bpf_prog_get_next_id(UINT32_MAX, &next) == 0 ||
	    atomic_load_explicit(&o->skep->loader_calls, memory_order_relaxed) == before)
		return -ENOTCONN;
	return 0;
}

static bool chosen(const struct object *o, const char *name)
{
	for (u32 i = 0; i < o->opts.prog_cnt; i++)
		if (!strcmp(o->opts.progs[i], name))
			return true;
	for (u32 i = 0; i < o->opts.also_cnt; i++)
		if (!strcmp(o->opts.also[i], name))
			return true;
	return o->opts.prog_cnt == 0;
}

static const char *why_not_loaded(const struct object *o, const struct object_prog *p)
{
	if (!chosen(o, p->name))
		return "not chosen";
	if (p->type == PROG_TYPE_UNSPEC)
		return "its section name says no program type";
	if (o->opts.has_hook && !o->opts.has_hook(p->type))
		return "its hook does not exist here yet";
	return NULL;
}

static int list_programs(struct object *o)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, o->bpf)
		o->prog_cnt++;
	o->progs = mem_zalloc_array(o->prog_cnt, sizeof(*o->progs));
	if (!o->progs)
		return -ENOMEM;
	o->prog_cnt = 0;
	bpf_object__for_each_program(prog, o->bpf) {
		struct object_prog *p = &o->progs[o->prog_cnt++];
		bool wanted = o->opts.verify || bpf_program__autoload(prog);

		p->name = bpf_program__name(prog);
		p->section = bpf_program__section_name(prog);
		p->type = (enum prog_type)bpf_program__type(prog);
		p->fd = -1;
		p->not_loaded = wanted ? why_not_loaded(o, p) : "its section is marked optional";
		bpf_program__set_autoload(prog, !p->not_loaded);
	}
	return 0;
}

/* Every program that was asked for by name must be there and be able to load. */
static int check_chosen(const struct object *o, struct str *why)
{
	for (u32 n = 0; n < o->opts.prog_cnt; n++) {
		const struct object_prog *found = NULL;

		for (u32 i = 0; i < o->prog_cnt; i++)
			if (!strcmp(o->opts.progs[n], o->progs[i].name))
				found = &o->progs[i];
		if (!found) {
			str_addf(why, "there is no program '%s' in it; it has", o->opts.progs[n]);
			for (u32 i = 0; i < o->prog_cnt; i++)
				str_addf(why, "%s %s", i ? "," : "", o->progs[i].name);
			return -ENOENT;
		}
		if (found->not_loaded) {
			str_addf(why, "program '%s' (section %s, type %s) cannot run: %s",
				 found->name, found->section, prog_type_name(found->type),
				 found->not_loaded);
			return -EOPNOTSUPP;
		}
	}
	return 0;
}

static int open_bpf(struct object *o, const char *path, struct str *why)
{
	FILE *f = fopen(path, "re");
	int err;

	if (!f) {
		err = -errno;
		str_addf(why, "%s", strerror(-err));
		return err;
	}
	fclose(f);
	err = check_arrival(o);
	if (err) {
		str_add(why, "libbpf's system calls do not reach skep: it was linked wrongly");
		return err;
	}
	o->bpf = bpf_object__open_file(path, NULL);
	if (!o->bpf) {
		err = -errno;
		object_messages_explain(&o->messages, err, why);
		return err;
	}
	return 0;
}

int object_open(struct skep *skep, const char *path, const struct object_opts *opts,
		struct object **ret_object, struct str *why)
{
	struct object *o = mem_zalloc(sizeof(*o));
	struct entered before;
	int err;

	if (!o)
		return -ENOMEM;
	o->skep = skep_get(skep);
	if (opts)
		o->opts = *opts;
	o->messages.fn = o->opts.message;
	o->messages.cookie = o->opts.cookie;
	before = enter(o);
	err = open_bpf(o, path, why);
	if (!err)
		err = list_programs(o);
	if (!err && !o->prog_cnt) {
		str_add(why, "there is no program in it (a function with a SEC(\"…\"))");
		err = -ENOEXEC;
	}
	if (!err)
		err = check_chosen(o, why);
	leave(before);
	if (err) {
		object_close(o);
		return err;
	}
	*ret_object = o;
	return 0;
}

static int collect_programs(struct object *o)
{
	struct bpf_program *prog;
	u32 i = 0;

	bpf_object__for_each_program(prog, o->bpf) {
		struct object_prog *p = &o->progs[i++];
		struct obj *obj;
		int err;

		if (p->not_loaded)
			continue;
		p->fd = bpf_program__fd(prog);
		err = obj_fd_get(&o->skep->home, p->fd, OBJ_PROG, &obj, NULL);
		if (err)
			return err;
		p->prog = container_of(obj, struct prog, obj);
	}
	return 0;
}

/* Their size is set by the program that normally loads them, as veristat supposes too. */
static void size_maps(struct object *o)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, o->bpf) {
		enum map_type type = (enum map_type)bpf_map__type(map);

		if (!bpf_map__max_entries(map) && type != MAP_TYPE_PERF_EVENT_ARRAY)
			bpf_map__set_max_entries(map, type == MAP_TYPE_RINGBUF ? 4096 : 1);
	}
}

/* Before loading: libbpf forgets the types of a map that bpf(2) took without them. */
static int declare_maps(struct object *o)
{
	struct bpf_map *map;
	u32 cnt = 0;

	bpf_object__for_each_map(map, o->bpf)
		cnt++;
	o->maps = mem_zalloc_array(cnt, sizeof(*o->maps));
	if (!o->maps)
		return -ENOMEM;
	if (o->opts.verify)
		size_maps(o);
	cnt = 0;
	bpf_object__for_each_map(map, o->bpf) {
		o->maps[cnt].key_type_id = bpf_map__btf_key_type_id(map);
		o->maps[cnt++].value_type_id = bpf_map__btf_value_type_id(map);
	}
	return 0;
}

/* Sections of data get their types only while they are loaded. */
static void find_types(struct object *o, struct object_map *m, const struct bpf_map *map)
{
	if (!m->value_type_id) {
		m->key_type_id = bpf_map__btf_key_type_id(map);
		m->value_type_id = bpf_map__btf_value_type_id(map);
	}
	m->btf = o->btf;
}

static void parse_types(struct object *o)
{
	const struct btf *theirs = bpf_object__btf(o->bpf);
	const void *raw;
	u32 size_bytes;

	if (!theirs)
		return;
	raw = btf__raw_data(theirs, &size_bytes);
	o->btf = object_types_parse(raw, size_bytes);
}

static int collect_maps(struct object *o)
{
	struct bpf_map *map;
	u32 declared = 0;

	parse_types(o);
	bpf_object__for_each_map(map, o->bpf) {
		struct object_map *m = &o->maps[o->map_cnt];
		struct obj *obj;
		int err;

		*m = o->maps[declared++]; /* those that are passed over close up */
		m->fd = bpf_map__fd(map);
		if (m->fd < 0)
			continue; /* libbpf did not create it: nothing uses it */
		err = obj_fd_get(&o->skep->home, m->fd, OBJ_MAP, &obj, NULL);
		if (err)
			return err;
		find_types(o, m, map);
		m->name = bpf_map__name(map);
		m->map = container_of(obj, struct map, obj);
		o->map_cnt++;
	}
	return 0;
}

/* bpf(2) says EINVAL for a type of map that it does not know; people need the name. */
static void name_unknown_maps(const struct object *o, struct str *why)
{
	const struct bpf_map *map;

	bpf_object__for_each_map(map, o->bpf) {
		const char *type = map_type_name(bpf_map__type(map));

		if (!map_type_exists(bpf_map__type(map)))
			str_addf(why, "\n  map '%s' is of type %s, which does not exist here yet",
				 bpf_map__name(map), type ? type : "unknown");
	}
}

int object_load(struct object *o, struct str *why)
{
	struct entered before = enter(o);
	int err;

	object_messages_reset(&o->messages);
	err = declare_maps(o);
	if (!err)
		err = bpf_object__load(o->bpf);
	if (err) {
		object_messages_explain(&o->messages, err, why);
		name_unknown_maps(o, why);
	}
	if (!err)
		err = collect_programs(o);
	if (!err)
		err = collect_maps(o);
	leave(before);
	return err;
}

void object_close(struct object *o)
{
	struct entered before;

	if (!o)
		return;
	before = enter(o);
	for (u32 i = 0; i < o->prog_cnt && o->progs; i++)
		prog_put(o->progs[i].prog);
	for (u32 i = 0; i < o->map_cnt; i++)
		map_put(o->maps[i].map);
	object_types_put(o->btf);
	bpf_object__close(o->bpf);
	leave(before);
	obj_fd_sweep();
	object_messages_fini(&o->messages);
	mem_free(o->progs);
	mem_free(o->maps);
	skep_put(o->skep);
	mem_free(o);
}

u32 object_prog_cnt(const struct object *o)
{
	return o->prog_cnt;
}

const struct object_prog *object_prog(const struct object *o, u32 idx)
{
	return &o->progs[idx];
}

u32 object_map_cnt(const struct object *o)
{
	return o->map_cnt;
}

const struct object_map *object_map(const struct object *o, u32 idx)
{
	return &o->maps[idx];
}
