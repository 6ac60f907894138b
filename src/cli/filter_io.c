/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading and writing packets for `skep filter` (cli/filter_io.h says why in two ways).
 *
 * Invariants of the fast way:
 * 1. buf[buf_pos .. buf_len) are the bytes that follow in the file; a packet lies whole in it.
 * 2. Anything unusual (a record longer than the file's snap length, a cut one) rewinds to libpcap
 *    at the same packet, so that only it decides what that means.
 */
#include "cli/filter_io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "cli/cli.h"

#define BUF_BYTES	   (1u << 20)
#define FILE_HEADER_BYTES  24u
#define RECORD_BYTES	   16u /* seconds, fraction, captured, wire length: 32 bits each */
#define MAGIC_MICRO	   0xa1b2c3d4u
#define MAGIC_NANO	   0xa1b23c4du
#define LIVE_SNAPLEN_BYTES 262144
#define LIVE_TIMEOUT_MS	   100

static int open_error(const struct filter_input *in, const char *words)
{
	/* libpcap names the file itself in some of its messages. */
	if (!strncmp(words, in->name, strlen(in->name)))
		return cli_error("%s", words);
	return cli_error("%s: %s", in->name, words);
}

int filter_input_live(struct filter_input *in, const char *interface)
{
	char words[PCAP_ERRBUF_SIZE];
	int status;

	*in = (struct filter_input){ .name = interface, .live = true, .fd = -1 };
	in->pcap = pcap_create(interface, words);
	if (!in->pcap)
		return open_error(in, words);
	pcap_set_snaplen(in->pcap, LIVE_SNAPLEN_BYTES);
	pcap_set_promisc(in->pcap, 1);
	pcap_set_timeout(in->pcap, LIVE_TIMEOUT_MS);
	status = pcap_activate(in->pcap);
	if (status < 0) {
		const char *detail = pcap_geterr(in->pcap);

		return open_error(in, *detail ? detail : pcap_statustostr(status));
	}
	if (status > 0)
		cli_note("%s: %s", interface, pcap_statustostr(status));
	/* Blocking, libpcap would wait for a packet for ever, and Ctrl-C with it. */
	if (pcap_setnonblock(in->pcap, 1, words))
		return open_error(in, words);
	return 0;
}

/* Opens the fast way when the file is a plain pcap file in host order with our time unit. */
static void open_fast(struct filter_input *in, u32 magic)
{
	struct stat st;

	if (magic != (in->nano ? MAGIC_NANO : MAGIC_MICRO))
		return;
	in->fd = open(in->name, O_RDONLY | O_CLOEXEC);
	if (in->fd < 0)
		return;
	in->buf = mem_alloc(BUF_BYTES);
	if (!in->buf || fstat(in->fd, &st) || !S_ISREG(st.st_mode) ||
	    lseek(in->fd, FILE_HEADER_BYTES, SEEK_SET) != FILE_HEADER_BYTES) {
		close(in->fd);
		in->fd = -1;
		return;
	}
	in->file_bytes = (u64)st.st_size;
	in->file_pos = FILE_HEADER_BYTES;
}

/* The first four bytes of a file that can be read again; else 0. */
static u32 peek_magic(const char *path)
{
	struct stat st;
	u32 magic = 0;
	int fd;

	if (!strcmp(path, "-") || stat(path, &st) || !S_ISREG(st.st_mode))
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (read(fd, &magic, sizeof(magic)) != (ssize_t)sizeof(magic))
		magic = 0;
	close(fd);
	return magic;
}

static pcap_t *open_offline(struct filter_input *in, char *words)
{
	u32 precision = in->nano ? PCAP_TSTAMP_PRECISION_NANO : PCAP_TSTAMP_PRECISION_MICRO;

	return pcap_open_offline_with_tstamp_precision(in->name, precision, words);
}

int filter_input_file(struct filter_input *in, const char *path, bool nano)
{
	char words[PCAP_ERRBUF_SIZE];
	u32 magic = peek_magic(path);

	*in = (struct filter_input){ .name = path, .nano = nano, .fd = -1 };
	in->nano |= magic == MAGIC_NANO || magic == __builtin_bswap32(MAGIC_NANO);
	in->pcap = open_offline(in, words);
	if (!in->pcap)
		return open_error(in, words);
	open_fast(in, magic);
	return 0;
}

void filter_input_close(struct filter_input *in)
{
	if (in->pcap)
		pcap_close(in->pcap);
	if (in->fd >= 0)
		close(in->fd);
	mem_free(in->buf);
	*in = (struct filter_input){ .fd = -1 };
}

/* Invariant 2: libpcap takes over behind the packets that were read. */
static int leave_fast(struct filter_input *in)
{
	char words[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const u8 *data;
	u64 i;

	close(in->fd);
	in->fd = -1;
	pcap_close(in->pcap);
	in->pcap = open_offline(in, words);
	if (!in->pcap)
		return open_error(in, words);
	for (i = 0; i < in->packets; i++) {
		if (pcap_next_ex(in->pcap, &header, &data) != 1)
			return cli_error("%s: the file changed while it was read", in->name);
	}
	return 0;
}

static int next_slow(struct filter_input *in, struct filter_packet *packet)
{
	struct pcap_pkthdr *header;
	const u8 *data;
	int status;

	status = pcap_next_ex(in->pcap, &header, &data);
	if (!status) {
		struct pollfd fd = { .fd = pcap_get_selectable_fd(in->pcap), .events = POLLIN };

		poll(&fd, 1, LIVE_TIMEOUT_MS);
		return FILTER_INPUT_NONE_YET;
	}
	if (status == PCAP_ERROR_BREAK)
		return 0;
	if (status != 1) {
		cli_error("%s: %s", in->name, pcap_geterr(in->pcap));
		return -1;
	}
	in->packets++;
	packet->data = data;
	packet->header = *header;
	packet->record = NULL;
	return 1;
}

/* Brings in what follows; false at the end of the file or on an error, which libpcap will meet. */
static bool refill(struct filter_input *in)
{
	ssize_t n;

	memmove(in->buf, in->buf + in->buf_pos, in->buf_len - in->buf_pos);
	in->buf_len -= in->buf_pos;
	in->buf_pos = 0;
	do {
		n = read(in->fd, in->buf + in->buf_len, BUF_BYTES - in->buf_len);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return false;
	in->buf_len += (size_t)n;
	in->file_pos += (u64)n;
	return true;
}

/* Size of the record at buf_pos when it lies whole in the buffer, else 0. */
static size_t record_in_buffer(const struct filter_input *in)
{
	size_t left = in->buf_len - in->buf_pos;
	u32 captured;

	if (left < RECORD_BYTES)
		return 0;
	captured = load_u32(in->buf + in->buf_pos + 8);
	return left - RECORD_BYTES < captured ? 0 : RECORD_BYTES + captured;
}

bool filter_input_would_refill(const struct filter_input *in)
{
	return in->fd < 0 || !record_in_buffer(in);
}

/* True when the record's length is one that libpcap takes without a second thought. */
static bool record_is_plain(const struct filter_input *in, u32 captured)
{
	return captured <= (u32)pcap_snapshot(in->pcap) && captured <= LIVE_SNAPLEN_BYTES;
}

int filter_input_next(struct filter_input *in, struct filter_packet *packet)
{
	const u8 *record;
	size_t size;

	if (in->fd < 0)
		return next_slow(in, packet);
	for (;;) {
		size = record_in_buffer(in);
		if (size || (in->buf_len - in->buf_pos >= RECORD_BYTES &&
			     !record_is_plain(in, load_u32(in->buf + in->buf_pos + 8))))
			break;
		if (!refill(in)) {
			if (in->buf_len == in->buf_pos)
				return 0;
			return leave_fast(in) ? -1 : next_slow(in, packet);
		}
	}
	record = in->buf + in->buf_pos;
	packet->header.caplen = load_u32(record + 8);
	if (!record_is_plain(in, packet->header.caplen))
		return leave_fast(in) ? -1 : next_slow(in, packet);
	packet->header.ts.tv_sec = (time_t)(s32)load_u32(record);
	packet->header.ts.tv_usec = (suseconds_t)load_u32(record + 4);
	packet->header.len = load_u32(record + 12);
	packet->data = record + RECORD_BYTES;
	packet->record = record;
	packet->record_bytes = size;
	in->buf_pos += size;
	in->packets++;
	return 1;
}

static bool same_file(const char *a, FILE *b)
{
	struct stat sa, sb;

	return !stat(a, &sa) && !fstat(fileno(b), &sb) && S_ISREG(sa.st_mode) &&
	       sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

int filter_output_open(struct filter_output *out, const struct filter_input *in, const char *path)
{
	struct stat before;
	bool to_stdout = !strcmp(path, "-");

	*out = (struct filter_output){ .name = to_stdout ? "standard output" : path };
	/* Opened without truncating, lest the input be emptied. */
	if (!to_stdout && !in->live && !stat(path, &before) && S_ISREG(before.st_mode)) {
		FILE *old = fopen(path, "re");
		bool same = old && same_file(in->name, old);

		if (old)
			fclose(old);
		if (same)
			return cli_error("%s: is the input file", path);
	}
	out->file = to_stdout ? stdout : fopen(path, "we");
	if (!out->file)
		return cli_file_error(path, errno);
	setvbuf(out->file, NULL, _IOFBF, BUF_BYTES);
	out->dumper = pcap_dump_fopen(in->pcap, out->file);
	if (!out->dumper) {
		cli_error("%s: %s", out->name, pcap_geterr(in->pcap));
		if (!to_stdout)
			fclose(out->file);
		return CLI_FAILED;
	}
	return 0;
}

void filter_output_flush(struct filter_output *out)
{
	if (out->pending_bytes)
		fwrite(out->pending, 1, out->pending_bytes, out->file);
	out->pending_bytes = 0;
}

void filter_output_packet(struct filter_output *out, const struct filter_packet *packet)
{
	if (packet->record && out->pending_bytes &&
	    out->pending + out->pending_bytes == packet->record) {
		out->pending_bytes += packet->record_bytes;
		return;
	}
	filter_output_flush(out);
	if (packet->record) {
		out->pending = packet->record;
		out->pending_bytes = packet->record_bytes;
		return;
	}
	pcap_dump((u8 *)(void *)out->dumper, &packet->header, packet->data);
}

int filter_output_close(struct filter_output *out)
{
	bool bad;

	if (!out->file)
		return 0;
	filter_output_flush(out);
	bad = fflush(out->file) || ferror(out->file);
	if (out->file != stdout)
		pcap_dump_close(out->dumper);
	out->file = NULL;
	return bad ? cli_error("%s: could not write: %s", out->name, strerror(errno)) : 0;
}
