/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs an XDP program over a capture in the live kernel, by BPF_PROG_TEST_RUN through the system's
 * own libbpf: what tests/examples/examples_test.py compares `skep run` with.
 *
 *	oracle OBJECT PROGRAM IN.pcap OUT [REPEAT]
 *
 * OUT gets for each packet its verdict and length (32 bits each) and its bytes afterwards; maps go
 * to stdout as lines `map NAME KEY VALUE` in hex, values of per-CPU maps added up in 64-bit words.
 * With REPEAT each packet runs that often, and `ns MEAN` is what the kernel says that a run took.
 * Exit status 77: the kernel does not let us.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#define PACKET_MAX   65536
#define EXIT_SKIPPED 77

static void print_hex(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		printf("%02x", bytes[i]);
}

static int is_per_cpu(const struct bpf_map *map)
{
	return bpf_map__type(map) == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       bpf_map__type(map) == BPF_MAP_TYPE_PERCPU_HASH;
}

static void dump_map(const struct bpf_map *map)
{
	static uint8_t key[512], next[512], value[1 << 16] __attribute__((aligned(8)));
	size_t size = bpf_map__value_size(map);
	int fd = bpf_map__fd(map), cpus = is_per_cpu(map) ? libbpf_num_possible_cpus() : 1;
	uint64_t *words = (void *)value;
	void *from = NULL;

	if (bpf_map__key_size(map) > sizeof(key) || size * (size_t)cpus > sizeof(value))
		return;
	while (!bpf_map_get_next_key(fd, from, next)) {
		memcpy(key, next, bpf_map__key_size(map));
		from = key;
		if (bpf_map_lookup_elem(fd, key, value))
			continue;
		for (size_t w = size / 8; w < size / 8 * (size_t)cpus; w++)
			words[w % (size / 8)] += words[w];
		printf("map %s ", bpf_map__name(map));
		print_hex(key, bpf_map__key_size(map));
		printf(" ");
		print_hex(value, size);
		printf("\n");
	}
}

static int run_capture(int prog_fd, int repeat, FILE *in, FILE *out)
{
	static uint8_t data[PACKET_MAX], after[PACKET_MAX];
	uint32_t head[6], record[4];
	unsigned long ns = 0, packets = 0;

	if (fread(head, sizeof(head), 1, in) != 1 || head[0] != 0xa1b2c3d4) {
		fprintf(stderr, "oracle: not a pcap file of this machine's order\n");
		return 1;
	}
	while (fread(record, sizeof(record), 1, in) == 1) {
		uint32_t result[2];

		if (record[2] > PACKET_MAX || fread(data, 1, record[2], in) != record[2])
			return 1;
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = data, .data_size_in = record[2],
			    .data_out = after, .data_size_out = sizeof(after), .repeat = repeat);
		if (bpf_prog_test_run_opts(prog_fd, &opts)) {
			fprintf(stderr, "oracle: test run: %s\n", strerror(errno));
			return 1;
		}
		ns += opts.duration;
		packets++;
		result[0] = opts.retval;
		result[1] = opts.data_size_out;
		fwrite(result, sizeof(result), 1, out);
		fwrite(after, 1, opts.data_size_out, out);
	}
	if (repeat > 1 && packets)
		printf("ns %.2f\n", (double)ns / (double)packets);
	return 0;
}

int main(int argc, char **argv)
{
	struct bpf_program *prog, *found = NULL;
	struct bpf_object *obj;
	struct bpf_map *map;
	FILE *in, *out;
	int err, repeat;

	if (argc != 5 && argc != 6)
		return 2;
	repeat = argc == 6 ? (int)strtol(argv[5], NULL, 10) : 1;
	obj = bpf_object__open(argv[1]);
	if (!obj)
		return 1;
	bpf_object__for_each_program(prog, obj) {
		bool mine = !strcmp(bpf_program__name(prog), argv[2]);

		bpf_program__set_autoload(prog, mine);
		if (mine)
			found = prog;
	}
	err = found ? bpf_object__load(obj) : -ENOENT;
	if (err) {
		fprintf(stderr, "oracle: %s: %s\n", argv[1], strerror(-err));
		return err == -EPERM ? EXIT_SKIPPED : 1;
	}
	in = fopen(argv[3], "rb");
	out = fopen(argv[4], "wb");
	if (!in || !out || run_capture(bpf_program__fd(found), repeat, in, out))
		return 1;
	bpf_object__for_each_map(map, obj)
		dump_map(map);
	bpf_object__close(obj);
	return fclose(out) ? 1 : 0;
}
