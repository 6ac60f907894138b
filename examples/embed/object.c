/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A BPF object as a plug-in: loads it and runs one of its programs on a frame in memory. Build it
 * with
 *
 *     cc object.c $(pkg-config --cflags --libs skep-object)
 */
#include <stdio.h>
#include <string.h>

#include <skep/object.h>
#include <skep/prog.h>

int main(int argc, char **argv)
{
	unsigned char frame[64] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 8, 6 };
	char error[4096] = "", fault[4096] = "";
	struct skep_object_opts opts = { .size = sizeof(opts), .error = error,
					 .error_room = sizeof(error) };
	struct skep_run run = { .size = sizeof(run), .data = frame, .data_bytes = sizeof(frame),
				.fault = fault, .fault_room = sizeof(fault) };
	struct skep_object *object = NULL;
	struct skep_prog *prog = NULL;
	struct skep *skep = NULL;
	int err;

	if (argc != 3) {
		fprintf(stderr, "usage: %s OBJECT.bpf.o PROGRAM\n", argv[0]);
		return 2;
	}
	err = skep_new(NULL, &skep);
	if (!err)
		err = skep_object_open(skep, argv[1], &opts, &object);
	if (!err)
		err = skep_prog_open(skep, skep_object_prog_fd(object, argv[2]), &prog);
	if (!err)
		err = skep_prog_run(prog, &run);
	if (err)
		fprintf(stderr, "%s%s (%s)\n", error, fault, strerror(-err));
	else
		printf("%s returned %u after %llu ns\n", argv[2], run.retval,
		       (unsigned long long)run.duration_ns);
	skep_prog_close(prog);
	skep_object_close(object);
	skep_free(skep);
	return err != 0;
}
