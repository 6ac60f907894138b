/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packet files and interfaces of `skep filter`. Plain pcap files in host order, the usual case,
 * are read through one large buffer without a copy per packet; everything else, and whatever is
 * odd in such a file, goes through libpcap, so that its words and its leniency are libpcap's.
 */
#ifndef SKEP_CLI_FILTER_IO_H
#define SKEP_CLI_FILTER_IO_H

#include <pcap/pcap.h>
#include <stdio.h>

#include "base/types.h"

struct filter_input {
	pcap_t *pcap;	  /* also what expressions are compiled for */
	const char *name; /* of the file or interface, for messages */
	bool live;
	bool nano;

	int fd; /* of the fast way; -1 when libpcap reads */
	u8 *buf;
	size_t buf_len, buf_pos;
	u64 file_bytes, file_pos; /* 0: unknown */
	u64 packets;
};

struct filter_packet {
	const u8 *data;
	struct pcap_pkthdr header;
	/* The whole record as it stands in a file of ours, when that is its form there; or NULL. */
	const u8 *record;
	size_t record_bytes;
};

/* -i; 0 or CLI_FAILED after a message. */
int filter_input_live(struct filter_input *in, const char *interface) must_check;
/* -r; "-" is standard input. @nano asks for nanoseconds from files that have other units. */
int filter_input_file(struct filter_input *in, const char *path, bool nano) must_check;
void filter_input_close(struct filter_input *in);

#define FILTER_INPUT_NONE_YET 2

/*
 * 1 with a packet, valid until the next call; 0 at the end; -1 after a message on stderr;
 * FILTER_INPUT_NONE_YET when a live interface was silent for a while.
 * Bytes behind packet->record stay valid as long as filter_input_would_refill() is false.
 */
int filter_input_next(struct filter_input *in, struct filter_packet *packet) must_check;

struct filter_output {
	FILE *file;
	pcap_dumper_t *dumper;
	const char *name;
	/* Records that follow one another in the input's buffer are written as one piece. */
	const u8 *pending;
	size_t pending_bytes;
};

int filter_output_open(struct filter_output *out, const struct filter_input *in,
		       const char *path) must_check;
void filter_output_packet(struct filter_output *out, const struct filter_packet *packet);
/* Before the input's buffer changes. */
void filter_output_flush(struct filter_output *out);
/* CLI_FAILED after a message when something was not written. */
int filter_output_close(struct filter_output *out) must_check;

/* True when the next filter_input_next() may move the buffer. */
bool filter_input_would_refill(const struct filter_input *in);

#endif
