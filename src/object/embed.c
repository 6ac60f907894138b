/* SPDX-License-Identifier: BSD-2-Clause */
/* include/skep/object.h on top of the door that the command uses. */
#include "skep/object.h"

#include <string.h>

#include "attach/hook.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/process.h"
#include "object/object.h"

struct skep_object {
	struct object *object;
	struct skep_object_opts opts;
};

static bool has_hook(enum prog_type type)
{
	return hook_of(type) != NULL;
}

static void hand_message(void *cookie, const char *text)
{
	const struct skep_object_opts *opts = cookie;

	opts->message(opts->message_cookie, text, strlen(text));
}

static void copy_reason(const struct skep_object_opts *opts, const char *path,
			const struct str *why, int err)
{
	struct str line = STR_INIT;

	if (!opts->error || !opts->error_room)
		return;
	str_addf(&line, "%s: %s", path, why->len ? str_c(why) : strerror(-err));
	opts->error[0] = '\0';
	strncat(opts->error, str_c(&line), opts->error_room - 1);
	str_fini(&line);
}

int skep_object_open(struct skep *skep, const char *path, const struct skep_object_opts *opts,
		     struct skep_object **ret_object)
{
	struct skep_object *o = mem_zalloc(sizeof(*o));
	struct object_opts door = { 0 };
	struct str why = STR_INIT;
	int err;

	if (!o)
		return -ENOMEM;
	if (opts && (opts->size != sizeof(*opts) || opts->reserved)) {
		mem_free(o);
		return -EINVAL;
	}
	if (opts)
		o->opts = *opts;
	door.has_hook = o->opts.all_programs ? NULL : has_hook;
	door.message = o->opts.message ? hand_message : NULL;
	door.cookie = &o->opts;
	err = object_open(skep, path, &door, &o->object, &why);
	if (!err)
		err = object_load(o->object, &why);
	if (err) {
		copy_reason(&o->opts, path, &why, err);
		skep_object_close(o);
	} else {
		*ret_object = o;
	}
	str_fini(&why);
	return err;
}

void skep_object_close(struct skep_object *o)
{
	if (!o)
		return;
	object_close(o->object);
	mem_free(o);
}

int skep_object_prog_fd(const struct skep_object *o, const char *name)
{
	for (u32 i = 0; i < object_prog_cnt(o->object); i++) {
		const struct object_prog *p = object_prog(o->object, i);

		if (!strcmp(p->name, name))
			return p->prog ? p->fd : -ENOENT;
	}
	return -ENOENT;
}

int skep_object_map_fd(const struct skep_object *o, const char *name)
{
	for (u32 i = 0; i < object_map_cnt(o->object); i++) {
		const struct object_map *m = object_map(o->object, i);

		if (!strcmp(m->name, name))
			return m->fd;
	}
	return -ENOENT;
}

struct skep *skep_enter(struct skep *skep)
{
	struct skep *before = process_current();

	process_current_set(skep);
	return before;
}
