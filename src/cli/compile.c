/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finds clang, gives it the include paths that BPF sources need on this distribution (the
 * multiarch folder for asm/types.h, the source's own folder) and collects the object.
 */
#include "cli/compile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/cli.h"

#define CLANG_VERSION_NEWEST 40
#define CLANG_VERSION_OLDEST 11
#define COMPILE_ARGS_MAX     64

bool compile_is_source(const char *path)
{
	size_t len = strlen(path);

	return len > 2 && !strcmp(path + len - 2, ".c");
}

/* The full path of @name on PATH into @out; false when there is none. */
static bool find_on_path(const char *name, struct str *out)
{
	const char *path = getenv("PATH");

	if (!path)
		path = "/usr/local/bin:/usr/bin:/bin";
	while (*path) {
		size_t len = strcspn(path, ":");

		str_reset(out);
		str_addf(out, "%.*s/%s", (int)len, path, name);
		if (len && !access(str_c(out), X_OK))
			return true;
		path += len;
		path += *path == ':';
	}
	return false;
}

/* The newest clang-N, else plain clang. */
static bool find_clang(const char *wanted, struct str *out)
{
	char name[32];

	if (!wanted)
		wanted = getenv("CLANG");
	if (wanted && strchr(wanted, '/')) {
		str_reset(out);
		str_add(out, wanted);
		return !access(wanted, X_OK);
	}
	if (wanted)
		return find_on_path(wanted, out);
	for (int v = CLANG_VERSION_NEWEST; v >= CLANG_VERSION_OLDEST; v--) {
		snprintf(name, sizeof(name), "clang-%d", v);
		if (find_on_path(name, out))
			return true;
	}
	return find_on_path("clang", out);
}

/* Where Debian and its relatives keep asm/; harmless elsewhere. */
static void add_multiarch_include(struct str *out)
{
	struct utsname u;

	if (!uname(&u))
		str_addf(out, "-I/usr/include/%s-linux-gnu", u.machine);
}

static void add_source_dir(struct str *out, const char *path)
{
	const char *slash = strrchr(path, '/');

	str_add(out, "-I");
	if (slash)
		str_add_bytes(out, path, (size_t)(slash - path) + 1);
	else
		str_add(out, ".");
}

/* Starts clang and waits. 0, -ECHILD when it could not run, -EINVAL when it refused. */
static int run_clang(const char *clang, char *const *args)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		execv(clang, args);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return -ECHILD;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EINVAL;
}

/*
 * A folder of its own holds the object, so that it can be called as its source: libbpf names .bss
 * and its relatives after the file.
 */
static char *make_temp_object(const char *source)
{
	const char *dir = getenv("TMPDIR");
	const char *slash = strrchr(source, '/');
	const char *base = slash ? slash + 1 : source;
	struct str name = STR_INIT;
	char *path = NULL;

	str_addf(&name, "%s/skep-XXXXXX", dir && *dir ? dir : "/tmp");
	if (!name.failed && mkdtemp(name.data)) {
		str_addf(&name, "/%.*s.o", (int)strlen(base) - 2, base);
		path = name.failed ? NULL : mem_strdup(str_c(&name));
	} else {
		cli_file_error(str_c(&name), errno);
	}
	str_fini(&name);
	return path;
}

void compile_remove(char *object)
{
	char *slash;

	if (!object)
		return;
	unlink(object);
	slash = strrchr(object, '/');
	*slash = '\0';
	rmdir(object);
	mem_free(object);
}

struct clang_call {
	struct str clang, multiarch, source_dir, mcpu;
	char *args[COMPILE_ARGS_MAX];
	u32 arg_cnt;
};

static void add_arg(struct clang_call *c, const char *arg)
{
	union {
		const char *in;
		char *out;
	} as = { .in = arg }; /* execv's prototype predates const; it does not write */

	if (c->arg_cnt < COMPILE_ARGS_MAX - 1)
		c->args[c->arg_cnt++] = as.out;
}

static void build_args(struct clang_call *c, const char *path, const struct compile_opts *opts,
		       const char *object)
{
	static const char *const fixed[] = { "-O2", "-g", "-Wall", "-Wno-unused-function",
					     "-Wno-compare-distinct-pointer-types",
					     /* reports name files as the caller did */
					     "-fdebug-compilation-dir", "." };

	str_addf(&c->mcpu, "-mcpu=%s", opts && opts->cpu ? opts->cpu : "v3");
	add_multiarch_include(&c->multiarch);
	add_source_dir(&c->source_dir, path);
	add_arg(c, str_c(&c->clang));
	add_arg(c, HOST_BIG_ENDIAN ? "--target=bpfeb" : "--target=bpfel");
	add_arg(c, str_c(&c->mcpu));
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		add_arg(c, fixed[i]);
	add_arg(c, str_c(&c->source_dir));
	add_arg(c, str_c(&c->multiarch));
	for (char *const *x = opts ? opts->extra : NULL; x && *x; x++)
		add_arg(c, *x);
	add_arg(c, "-c");
	add_arg(c, path);
	add_arg(c, "-o");
	add_arg(c, object);
}

int compile_object(const char *path, const struct compile_opts *opts, char **ret_object)
{
	struct clang_call c = { 0 };
	char *object = NULL;
	int err;

	if (access(path, R_OK)) {
		err = -errno;
		cli_file_error(path, err);
		return err;
	}
	if (!find_clang(opts ? opts->clang : NULL, &c.clang)) {
		cli_error("%s: no clang found to compile it with; install clang (11 or newer), or "
			  "name one with --clang or $CLANG", path);
		str_fini(&c.clang);
		return -ENOENT;
	}
	object = make_temp_object(path);
	if (!object) {
		str_fini(&c.clang);
		return -ENOMEM;
	}
	build_args(&c, path, opts, object);
	err = run_clang(str_c(&c.clang), c.args);
	if (err == -EINVAL)
		cli_error("%s: %s could not compile it (its messages are above)", path,
			  str_c(&c.clang));
	else if (err)
		cli_error("%s: %s could not be started", path, str_c(&c.clang));
	str_fini(&c.clang);
	str_fini(&c.multiarch);
	str_fini(&c.source_dir);
	str_fini(&c.mcpu);
	if (err) {
		compile_remove(object);
		return err;
	}
	*ret_object = object;
	return 0;
}
