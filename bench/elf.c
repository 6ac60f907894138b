/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From ELF to runnable: an object in memory goes through libbpf until its programs can run, again
 * and again; medians of the whole time and of what of it passed within our bpf(2), in all and by
 * command, in CPU time of the thread (reading that takes part of a microsecond, twice a command).
 * The linker leads sys_bpf() to us (-Wl,--wrap=sys_bpf).
 *
 *	bench-elf [--rounds=N] [--calls] OBJECT…
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "skep/object.h"
#include "skep/skep.h"
#include "sys/sys.h"

#define CMDS	   64u
#define ROUNDS_MAX 100000u

static double cmd_us[CMDS], own_us; /* of this round */
static unsigned int cmd_cnt[CMDS];

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

long __real_sys_bpf(struct skep *skep, u32 cmd, u64 attr_addr, u32 size);
long __wrap_sys_bpf(struct skep *skep, u32 cmd, u64 attr_addr, u32 size);

long __wrap_sys_bpf(struct skep *skep, u32 cmd, u64 attr_addr, u32 size)
{
	const double start = now_us();
	const long ret = __real_sys_bpf(skep, cmd, attr_addr, size);
	const double us = now_us() - start;

	own_us += us;
	if (cmd < CMDS) {
		cmd_us[cmd] += us;
		cmd_cnt[cmd]++;
	}
	return ret;
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *list, unsigned int cnt)
{
	qsort(list, cnt, sizeof(*list), compare);
	return list[cnt / 2];
}

struct image {
	char *p;
	size_t bytes;
};

static bool image_read(const char *path, struct image *image)
{
	FILE *f = fopen(path, "rb");
	long bytes;

	if (!f)
		return false;
	if (fseek(f, 0, SEEK_END) || (bytes = ftell(f)) <= 0 || fseek(f, 0, SEEK_SET)) {
		fclose(f);
		return false;
	}
	image->bytes = (size_t)bytes;
	image->p = malloc(image->bytes);
	if (image->p)
		bytes -= (long)fread(image->p, 1, image->bytes, f);
	fclose(f);
	return image->p && !bytes;
}

/* One round; the time from the image to programs that run, -1 on failure. */
static double round_us(const struct image *image)
{
	const double start = now_us();
	struct bpf_object *object = bpf_object__open_mem(image->p, image->bytes, NULL);
	double us = -1;

	if (!object)
		return -1;
	if (!bpf_object__load(object))
		us = now_us() - start;
	bpf_object__close(object);
	return us;
}

static bool calls; /* print each command */

static bool measure(const char *path, unsigned int rounds)
{
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	double *all = calloc((CMDS + 2) * (size_t)rounds, sizeof(*all));
	double *own = all + rounds, *by_cmd = own + rounds, whole_us, our_us;
	struct image image = { 0 };

	if (!all || !image_read(path, &image))
		return false;
	for (unsigned int i = 0; i < rounds; i++) {
		own_us = 0;
		memset(cmd_us, 0, sizeof(cmd_us));
		memset(cmd_cnt, 0, sizeof(cmd_cnt));
		all[i] = round_us(&image);
		if (all[i] < 0)
			return false;
		own[i] = own_us;
		for (unsigned int c = 0; c < CMDS; c++)
			by_cmd[(size_t)c * rounds + i] = cmd_us[c];
	}
	whole_us = median(all, rounds);
	our_us = median(own, rounds);
	printf("%-16s ELF to runnable %7.1f us, within bpf(2) %7.1f us (least %.1f)\n", name,
	       whole_us, our_us, own[0]);
	for (unsigned int c = 0; calls && c < CMDS; c++)
		if (cmd_cnt[c])
			printf("    command %2u, %2u calls: %7.1f us\n", c, cmd_cnt[c],
			       median(&by_cmd[(size_t)c * rounds], rounds));
	free(image.p);
	free(all);
	return true;
}

int main(int argc, char **argv)
{
	const struct skep_opts opts = { .size = sizeof(opts) };
	unsigned int rounds = 301;
	struct skep *skep;

	libbpf_set_print(NULL);
	if (skep_new(&opts, &skep))
		return 1;
	skep_enter(skep);
	for (int i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "--rounds=", 9)) {
			rounds = (unsigned int)strtoul(argv[i] + 9, NULL, 0);
			rounds = rounds && rounds <= ROUNDS_MAX ? rounds : 1;
		} else if (!strcmp(argv[i], "--calls")) {
			calls = true;
		} else if (!measure(argv[i], rounds)) {
			fprintf(stderr, "bench-elf: %s cannot be loaded\n", argv[i]);
			return 1;
		}
	}
	skep_enter(NULL);
	return 0;
}
