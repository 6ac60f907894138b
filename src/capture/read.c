/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files to read. libpcap knows both formats and all byte orders; we look at the first bytes
 * ourselves for the two things that it does not tell: whether the file is pcapng or has
 * nanoseconds (an output then looks alike), and a snap length of 0, which it silently replaces.
 */
#include <pcap/pcap.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "capture/capture_int.h"

#define MAGIC_PCAPNG	   0x0a0d0d0au
#define MAGIC_PCAP	   0xa1b2c3d4u
#define MAGIC_PCAP_NS	   0xa1b23c4du
#define HEADER_BYTES	   24u
#define HEADER_SNAPLEN_OFF 16u

struct reader {
	struct pkt_dev dev;
	pcap_t *pcap;
	FILE *file; /* libpcap's, for progress */
	u64 size_bytes;
	u64 packets;
	enum capture_format format;
	bool nanoseconds;
};

static struct reader *reader_of(struct pkt_dev *dev)
{
	return container_of(dev, struct reader, dev);
}

static int reader_recv(struct pkt_dev *dev, struct pkt *pkt)
{
	struct reader *r = reader_of(dev);
	struct pcap_pkthdr *hdr;
	const u8 *bytes;
	int got = pcap_next_ex(r->pcap, &hdr, &bytes), err;

	if (got == PCAP_ERROR_BREAK)
		return -ENODATA;
	if (got != 1) {
		str_reset(&dev->why);
		str_addf(&dev->why, "packet %llu: %s", (unsigned long long)r->packets + 1,
			 pcap_geterr(r->pcap));
		return -EBADMSG;
	}
	r->packets++;
	/* A length on the wire below the captured one is a writer's slip: the bytes are there. */
	err = pkt_load(pkt, bytes, hdr->caplen, MAX(hdr->len, hdr->caplen));
	if (err)
		return err;
	pkt->time_ns = (u64)hdr->ts.tv_sec * NS_PER_SEC + (u64)hdr->ts.tv_usec;
	pkt->link = dev->link;
	return 1;
}

static int reader_send(struct pkt_dev *dev, struct pkt *pkt)
{
	(void)dev;
	(void)pkt;
	return -EOPNOTSUPP;
}

static void reader_stats(struct pkt_dev *dev, struct pkt_dev_stats *ret_stats)
{
	*ret_stats = (struct pkt_dev_stats){ .rx = reader_of(dev)->packets };
}

static void reader_close(struct pkt_dev *dev)
{
	struct reader *r = reader_of(dev);

	if (r->pcap)
		pcap_close(r->pcap); /* closes the file too, unless it is standard input */
	pkt_dev_fini(&r->dev);
	mem_free(r);
}

static const struct pkt_dev_ops reader_ops = {
	.recv = reader_recv,
	.send = reader_send,
	.stats = reader_stats,
	.close = reader_close,
};

/* Looks at the header of a file that can be rewound; libpcap judges the rest. */
static int reader_peek(struct reader *r, struct str *why)
{
	u8 header[HEADER_BYTES] = { 0 };
	size_t got = fread(header, 1, sizeof(header), r->file);
	u32 magic = load_u32(header);
	bool swapped = magic == __builtin_bswap32(MAGIC_PCAP) ||
		       magic == __builtin_bswap32(MAGIC_PCAP_NS);
	u32 plain = swapped ? __builtin_bswap32(magic) : magic;

	rewind(r->file);
	if (!got) {
		str_addf(why, "%s: the file is empty", r->dev.name);
		return -EBADMSG;
	}
	if (magic == MAGIC_PCAPNG) {
		r->format = CAPTURE_PCAPNG;
		r->nanoseconds = true;
	} else if (plain == MAGIC_PCAP || plain == MAGIC_PCAP_NS) {
		r->format = CAPTURE_PCAP;
		r->nanoseconds = plain == MAGIC_PCAP_NS;
		if (got == sizeof(header) && !load_u32(header + HEADER_SNAPLEN_OFF)) {
			str_addf(why, "%s: the header says snap length 0: no packet can be in it",
				 r->dev.name);
			return -EINVAL;
		}
	}
	return 0;
}

static int reader_open(struct reader *r, const char *path, struct str *why)
{
	char errbuf[PCAP_ERRBUF_SIZE] = "";
	bool is_stdin = !strcmp(path, "-");
	struct stat st;
	int err = 0;

	r->file = is_stdin ? stdin : fopen(path, "rbe");
	if (!r->file) {
		err = -errno;
		str_addf(why, "%s: %s", path, strerror(-err));
		return err;
	}
	if (!fstat(fileno(r->file), &st) && S_ISDIR(st.st_mode)) {
		str_addf(why, "%s: is a directory", path);
		err = -EISDIR;
	} else if (!is_stdin && S_ISREG(st.st_mode)) {
		r->size_bytes = (u64)st.st_size;
		err = reader_peek(r, why);
	}
	if (!err) {
		r->pcap = pcap_fopen_offline_with_tstamp_precision(
			r->file, PCAP_TSTAMP_PRECISION_NANO, errbuf);
		if (!r->pcap) {
			str_addf(why, "%s: %s", path, errbuf);
			err = -EBADMSG;
		}
	}
	if (err && !is_stdin)
		fclose(r->file);
	return err;
}

int capture_open(const char *path, struct pkt_dev **ret_dev, struct str *why)
{
	struct reader *r = mem_zalloc(sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	err = pkt_dev_init(&r->dev, path, &reader_ops);
	if (!err)
		err = reader_open(r, path, why);
	if (err) {
		reader_close(&r->dev);
		return err;
	}
	r->dev.link = (u32)pcap_datalink(r->pcap);
	r->dev.snaplen = (u32)pcap_snapshot(r->pcap);
	*ret_dev = &r->dev;
	return 0;
}

bool capture_input_info(const struct pkt_dev *dev, enum capture_format *ret_format,
			bool *ret_nanoseconds)
{
	const struct reader *r;

	if (dev->ops != &reader_ops)
		return false;
	r = (const struct reader *)(const void *)((const char *)dev - offsetof(struct reader, dev));
	*ret_format = r->format;
	*ret_nanoseconds = r->nanoseconds;
	return true;
}

int capture_permille(const struct pkt_dev *dev)
{
	const struct reader *r;
	long at;

	if (dev->ops != &reader_ops)
		return -1;
	r = (const struct reader *)(const void *)((const char *)dev - offsetof(struct reader, dev));
	at = r->size_bytes ? ftell(r->file) : -1;
	return at < 0 ? -1 : (int)((u64)at * 1000 / r->size_bytes);
}
