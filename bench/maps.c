/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs programs of one object by name, for whoever reads its answers: loads all of them into ours
 * (--interp: into our interpreter; --native=gcc, clang: and puts C in their place) or (BENCH_LIVE)
 * into the live kernel, then reads "NAME REPEAT" lines and answers each with the ns that
 * BPF_PROG_TEST_RUN says one run took and the program's result, or "-". "HEX 0" sets the packet.
 * bench/programs.py drives several in turn.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#ifdef BENCH_LIVE
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

static struct bpf_object *object;

static bool start(const char *path)
{
	object = bpf_object__open(path);
	return object && !bpf_object__load(object);
}

static int prog_fd(const char *name)
{
	const struct bpf_program *prog = bpf_object__find_program_by_name(object, name);

	return prog ? bpf_program__fd(prog) : -1;
}

static int test_run(union bpf_attr *attr)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = (void *)(uintptr_t)attr->test.data_in,
		    .data_size_in = attr->test.data_size_in, .repeat = (int)attr->test.repeat);
	int err = bpf_prog_test_run_opts((int)attr->test.prog_fd, &opts);

	attr->test.duration = opts.duration;
	attr->test.retval = opts.retval;
	return err;
}
static bool option(const char *text)
{
	(void)text;
	return false;
}
#else
#include "bench/native.h"
#include "skep/object.h"
#include "skep/skep.h"

static struct skep *skep;
static struct skep_object *object;

static struct skep_opts opts = { .size = sizeof(opts) };
static const char *compiler; /* of native code, NULL: run what was loaded */

static bool option(const char *text)
{
	if (!strcmp(text, "--interp"))
		opts.engine = SKEP_ENGINE_INTERP;
	else if (!strncmp(text, "--native=", 9))
		compiler = text + 9;
	else
		return false;
	return true;
}

static bool start(const char *path)
{
	return !skep_new(&opts, &skep) && !skep_object_open(skep, path, NULL, &object);
}

static int prog_fd(const char *name)
{
	int fd = skep_object_prog_fd(object, name);

	return fd >= 0 && compiler && !native_take_over(skep, fd, compiler) ? -1 : fd;
}

static int test_run(union bpf_attr *attr)
{
	return (int)skep_bpf(skep, BPF_PROG_TEST_RUN, attr, sizeof(*attr));
}
#endif

static unsigned char packet[2048];
static unsigned int packet_bytes = 64;

/* The bytes that programs run on from now on, in hex. */
static bool packet_read(const char *hex)
{
	unsigned int byte;

	for (packet_bytes = 0; sscanf(hex, "%2x", &byte) == 1; hex += 2) {
		if (packet_bytes == sizeof(packet))
			return false;
		packet[packet_bytes++] = (unsigned char)byte;
	}
	return packet_bytes > 0;
}

int main(int argc, char **argv)
{
	static char name[4200];
	unsigned int repeat;

	if (argc == 3 && option(argv[1]))
		argc--, argv++;
	if (argc != 2 || !start(argv[1])) {
		fprintf(stderr, "bench-maps: cannot load %s\n", argc > 1 ? argv[1] : "nothing");
		return 1;
	}
	while (scanf("%4199s %u", name, &repeat) == 2) {
		union bpf_attr attr;
		int fd;

		if (!repeat) {
			printf("%d\n", packet_read(name));
			fflush(stdout);
			continue;
		}
		fd = prog_fd(name);

		memset(&attr, 0, sizeof(attr));
		attr.test.prog_fd = (unsigned int)fd;
		attr.test.data_in = (unsigned long)packet;
		attr.test.data_size_in = packet_bytes;
		attr.test.repeat = repeat;
		if (fd < 0 || test_run(&attr))
			printf("-\n");
		else
			printf("%u %u\n", attr.test.duration, attr.test.retval);
		fflush(stdout);
	}
	return 0;
}
