/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Compiled BPF objects (ELF) in an instance, through libbpf: maps, global data, relocations, all of
 * what libbpf does. In libskep-object, which needs libelf and zlib; libskep itself does not.
 */
#ifndef SKEP_OBJECT_H
#define SKEP_OBJECT_H

#include <skep/skep.h>

#ifdef __cplusplus
extern "C" {
#endif

struct skep_object;

struct skep_object_opts {
	size_t size; /* sizeof(struct skep_object_opts) */
	/* Room for the reason, in words, when opening fails (NULL: not wanted), NUL-terminated. */
	char *error;
	size_t error_room;
	/* The loader's messages, a line at a time; NULL: dropped. */
	skep_text_fn message;
	void *message_cookie;
	/* 0: programs whose hook does not exist here are skipped; 1: they are loaded too. */
	uint32_t all_programs;
	uint32_t reserved; /* must be 0 */
};

/*
 * Opens @path, creates its maps and loads its programs. @opts may be NULL. -ENOENT, -EACCES…;
 * -EINVAL or -ENOEXEC for what is no BPF object, or what bpf(2) said of a map or program;
 * -ENOTCONN when the library was linked so that libbpf would reach the real kernel.
 */
SKEP_API int skep_object_open(struct skep *skep, const char *path,
			      const struct skep_object_opts *opts,
			      struct skep_object **ret_object);
SKEP_API void skep_object_close(struct skep_object *object);

/* The descriptor, owned by the object; -ENOENT when there is none of that name. */
SKEP_API int skep_object_prog_fd(const struct skep_object *object, const char *name);
SKEP_API int skep_object_map_fd(const struct skep_object *object, const char *name);

/*
 * For programs that link libbpf themselves (skeletons) with -Wl,--wrap=syscall: from enter to leave
 * this thread's bpf(2) calls go to @skep. NULL leaves. Returns what was entered before.
 */
SKEP_API struct skep *skep_enter(struct skep *skep);

#ifdef __cplusplus
}
#endif

#endif
