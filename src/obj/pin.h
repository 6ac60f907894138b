/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_OBJ_PIN and BPF_OBJ_GET without a bpffs: each instance has a namespace of its own, in which a
 * path is a name and directories need not be made. A pin holds a reference to its object.
 * All functions are thread-safe.
 */
#ifndef SKEP_OBJ_PIN_H
#define SKEP_OBJ_PIN_H

#include "base/types.h"
#include "obj/obj.h"

struct obj_pins;

int obj_pins_new(struct obj_pins **ret_pins) must_check;
/* Lets go of every object that is still pinned. */
void obj_pins_free(struct obj_pins *pins);

/*
 * -EEXIST when the path is taken, -EPERM for a dot in its last component (as bpffs), -ENOENT for an
 * empty one, -EINVAL when it is not absolute or ends in a slash.
 */
int obj_pins_add(struct obj_pins *pins, const char *path, struct obj *obj) must_check;
/* A new reference; -ENOENT, and the errors for bad paths above. */
int obj_pins_get(struct obj_pins *pins, const char *path, struct obj **ret_obj) must_check;
/* What unlink() does on a bpffs. */
int obj_pins_remove(struct obj_pins *pins, const char *path) must_check;

#endif
