/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/verify/kmem.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct hierarchy {
	const char *root, *usage, *peak;
	const char *line; /* of /proc/self/cgroup: how it begins behind the number */
};

static const struct hierarchy hierarchies[] = {
	{ "/sys/fs/cgroup/memory", "memory.kmem.usage_in_bytes",
	  "memory.kmem.max_usage_in_bytes", ":memory:" },
	{ "/sys/fs/cgroup", "memory.current", "memory.peak", "::" },
};

static int open_in(const char *dir, const char *name, int flags)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return open(path, flags | O_CLOEXEC);
}

/* Where the process is now, as the path of that cgroup's list of processes. */
static bool find_home(const struct hierarchy *h, char *home, size_t bytes)
{
	FILE *in = fopen("/proc/self/cgroup", "r");
	char line[192];
	const char *at;
	bool found = false;

	while (in && !found && fgets(line, sizeof(line), in)) {
		at = strchr(line, ':');
		if (!at || strncmp(at, h->line, strlen(h->line)) != 0)
			continue;
		line[strcspn(line, "\n")] = 0;
		snprintf(home, bytes, "%s%s/cgroup.procs", h->root, at + strlen(h->line));
		found = true;
	}
	if (in)
		fclose(in);
	return found;
}

static bool move_to(const char *procs)
{
	int fd = open(procs, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, "0", 1) == 1;

	if (fd >= 0)
		close(fd);
	return ok;
}

static bool open_one(struct kmem *k, const struct hierarchy *h)
{
	char procs[160];

	if (!find_home(h, k->home, sizeof(k->home)))
		return false;
	snprintf(k->dir, sizeof(k->dir), "%s/skep-verify-%d", h->root, (int)getpid());
	if (mkdir(k->dir, 0700))
		return false;
	k->usage_fd = open_in(k->dir, h->usage, O_RDONLY);
	k->peak_fd = open_in(k->dir, h->peak, O_RDWR);
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", k->dir);
	if (k->usage_fd >= 0 && k->peak_fd >= 0 && move_to(procs))
		return true;
	kmem_close(k);
	return false;
}

bool kmem_open(struct kmem *k)
{
	for (size_t i = 0; i < sizeof(hierarchies) / sizeof(*hierarchies); i++)
		if (open_one(k, &hierarchies[i]))
			return true;
	return false;
}

void kmem_close(struct kmem *k)
{
	(void)move_to(k->home);
	if (k->usage_fd >= 0)
		close(k->usage_fd);
	if (k->peak_fd >= 0)
		close(k->peak_fd);
	(void)rmdir(k->dir);
}

static long long read_number(int fd)
{
	char text[32] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	return n > 0 ? strtoll(text, NULL, 10) : -1;
}

/* A write sets the mark back to what is used now: for all (v1), for this descriptor (v2). */
void kmem_start(struct kmem *k)
{
	k->base_bytes = read_number(k->usage_fd);
	if (pwrite(k->peak_fd, "0", 1, 0) != 1)
		k->base_bytes = -1;
}

long long kmem_peak_bytes(struct kmem *k)
{
	const long long peak = read_number(k->peak_fd);

	return peak < 0 || k->base_bytes < 0 ? -1 : peak - k->base_bytes;
}
