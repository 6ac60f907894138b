/* SPDX-License-Identifier: BSD-2-Clause */
/* Pinned objects by path: a list, since instances pin few. Paths have their slashes collapsed. */
#include "obj/pin.h"

#include <pthread.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

struct pin {
	struct pin *next;
	struct obj *obj; /* a reference */
	char path[];
};

struct obj_pins {
	pthread_mutex_t lock; /* guards the list */
	struct pin *first;
};

int obj_pins_new(struct obj_pins **ret_pins)
{
	struct obj_pins *pins = mem_zalloc(sizeof(*pins));

	if (!pins)
		return -ENOMEM;
	pthread_mutex_init(&pins->lock, NULL);
	*ret_pins = pins;
	return 0;
}

static void pin_free(struct pin *pin)
{
	obj_user_drop(pin->obj);
	obj_put(pin->obj);
	mem_free(pin);
}

void obj_pins_free(struct obj_pins *pins)
{
	if (!pins)
		return;
	while (pins->first) {
		struct pin *pin = pins->first;

		pins->first = pin->next;
		pin_free(pin);
	}
	pthread_mutex_destroy(&pins->lock);
	mem_free(pins);
}

static int path_check(const char *path)
{
	const char *last = strrchr(path, '/');

	if (!*path)
		return -ENOENT;
	if (path[0] != '/' || !last[1])
		return -EINVAL;
	/* bpf_lookup(): dots in names are reserved. */
	return strchr(last, '.') ? -EPERM : 0;
}

/* A pin that carries the collapsed path and no object yet. */
static int pin_new(const char *path, struct pin **ret_pin)
{
	int err = path_check(path);
	struct pin *pin;
	char *to;

	if (err)
		return err;
	pin = mem_zalloc(sizeof(*pin) + strlen(path) + 1);
	if (!pin)
		return -ENOMEM;
	to = pin->path;
	for (const char *from = path; *from; from++) {
		if (from[0] != '/' || from[1] != '/')
			*to++ = *from;
	}
	*to = '\0';
	*ret_pin = pin;
	return 0;
}

static struct pin **pin_find_locked(struct obj_pins *pins, const char *path)
{
	struct pin **link = &pins->first;

	while (*link && strcmp((*link)->path, path))
		link = &(*link)->next;
	return link;
}

int obj_pins_add(struct obj_pins *pins, const char *path, struct obj *obj)
{
	struct pin *pin, **link;
	int err = pin_new(path, &pin);

	if (err)
		return err;
	pthread_mutex_lock(&pins->lock);
	link = pin_find_locked(pins, pin->path);
	if (*link) {
		err = -EEXIST;
	} else {
		pin->obj = obj_get(obj);
		obj_user_add(obj);
		*link = pin;
	}
	pthread_mutex_unlock(&pins->lock);
	if (err)
		mem_free(pin);
	return err;
}

int obj_pins_get(struct obj_pins *pins, const char *path, struct obj **ret_obj)
{
	struct pin *name, *pin;
	int err = pin_new(path, &name);

	if (err)
		return err;
	pthread_mutex_lock(&pins->lock);
	pin = *pin_find_locked(pins, name->path);
	if (pin)
		*ret_obj = obj_get(pin->obj);
	pthread_mutex_unlock(&pins->lock);
	mem_free(name);
	return pin ? 0 : -ENOENT;
}

int obj_pins_remove(struct obj_pins *pins, const char *path)
{
	struct pin *name, *pin, **link;
	int err = pin_new(path, &name);

	if (err)
		return err;
	pthread_mutex_lock(&pins->lock);
	link = pin_find_locked(pins, name->path);
	pin = *link;
	if (pin)
		*link = pin->next;
	pthread_mutex_unlock(&pins->lock);
	mem_free(name);
	if (!pin)
		return -ENOENT;
	pin_free(pin);
	return 0;
}
