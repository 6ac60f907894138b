/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A compiled BPF object in an instance: unmodified libbpf parses, relocates and loads it, and every
 * bpf(2) call that it makes arrives at our engine (design 2.3). This is the door that the command
 * uses; include/skep/object.h is the same thing for embedders.
 *
 * One thread at a time per object. What is handed out lives as long as the object.
 */
#ifndef SKEP_OBJECT_OBJECT_H
#define SKEP_OBJECT_OBJECT_H

#include "base/str.h"
#include "base/types.h"
#include "map/map.h"
#include "prog/prog.h"
#include "spec/spec.h"

struct skep;
struct object;
struct btf;

struct object_prog {
	const char *name, *section;
	enum prog_type type;	 /* UNSPEC when libbpf does not know the section */
	struct prog *prog;	 /* after loading; NULL: not loaded */
	const char *not_loaded;	 /* why, in words; NULL when it was loaded */
	int fd;			 /* after loading, owned by the object; else -1 */
};

struct object_map {
	const char *name; /* as in the source: ".bss", "flows" */
	struct map *map;  /* after loading */
	int fd;
	/*
	 * How its keys and values are declared. A map in the instance may have no types although
	 * its source has: bpf(2) does not take every type (keys of arrays that are enums), and
	 * libbpf then goes without. NULL and 0: not known.
	 */
	const struct btf *btf;
	u32 key_type_id, value_type_id;
};

struct object_opts {
	/* Do programs of this type have a hook here? Others are named and skipped. NULL: all. */
	bool (*has_hook)(enum prog_type type);
	/* Only these programs, by name; none given: every one with a hook. */
	const char *const *progs;
	u32 prog_cnt;
	/* Beside them: those of these names that are programs (targets of tail calls). */
	const char *const *also;
	u32 also_cnt;
	/* To verify only: optional sections count too, and maps whose size is not set yet get 1. */
	bool verify;
	/* libbpf's messages, a line at a time, without a newline; NULL: dropped. */
	void (*message)(void *cookie, const char *text);
	void *cookie;
};

/*
 * Opens @path without loading. -ENOTCONN when libbpf's calls do not reach us; -ENOENT, -EACCES…;
 * -EINVAL or -ENOEXEC for what is no BPF object (truncated, foreign, unknown section), with the
 * reason and the place in *why.
 */
int object_open(struct skep *skep, const char *path, const struct object_opts *opts,
		struct object **ret_object, struct str *why) must_check;

/* Creates maps, loads programs. 0, or -errno and the reason with the refusing log in *why. */
int object_load(struct object *object, struct str *why) must_check;

/* Programs and maps go unless something else holds them. NULL is allowed. */
void object_close(struct object *object);

u32 object_prog_cnt(const struct object *object);
const struct object_prog *object_prog(const struct object *object, u32 idx);
u32 object_map_cnt(const struct object *object);
const struct object_map *object_map(const struct object *object, u32 idx);

#endif
