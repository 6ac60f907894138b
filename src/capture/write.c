/* SPDX-License-Identifier: BSD-2-Clause */
/* Which writer an output file gets, and the one for pcap: libpcap's dumper. */
#include <pcap/pcap.h>

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "capture/capture_int.h"

struct pcap_writer {
	struct pkt_dev dev;
	pcap_t *dead; /* carries link type, snap length and precision */
	pcap_dumper_t *dumper;
	u32 ns_per_tick;
	u64 packets;
};

static struct pcap_writer *pcap_writer_of(struct pkt_dev *dev)
{
	return container_of(dev, struct pcap_writer, dev);
}

static int writer_recv(struct pkt_dev *dev, struct pkt *pkt)
{
	(void)dev;
	(void)pkt;
	return -ENODATA;
}

static int write_error(struct pkt_dev *dev, int err)
{
	if (!err)
		err = -EIO;
	str_reset(&dev->why);
	str_addf(&dev->why, "cannot write: %s", strerror(-err));
	return err;
}

static int pcap_writer_send(struct pkt_dev *dev, struct pkt *pkt)
{
	struct pcap_writer *w = pcap_writer_of(dev);
	struct pcap_pkthdr hdr = {
		.ts.tv_sec = (time_t)(pkt->time_ns / NS_PER_SEC),
		.ts.tv_usec = (suseconds_t)(pkt->time_ns % NS_PER_SEC / w->ns_per_tick),
		.caplen = MIN(pkt_caplen(pkt), dev->snaplen),
		.len = pkt->len,
	};

	pcap_dump((u8 *)w->dumper, &hdr, pkt->data);
	if (ferror(pcap_dump_file(w->dumper)))
		return write_error(dev, -errno);
	w->packets++;
	return 0;
}

static int pcap_writer_flush(struct pkt_dev *dev)
{
	return pcap_dump_flush(pcap_writer_of(dev)->dumper) ? write_error(dev, -errno) : 0;
}

static void pcap_writer_stats(struct pkt_dev *dev, struct pkt_dev_stats *ret_stats)
{
	*ret_stats = (struct pkt_dev_stats){ .tx = pcap_writer_of(dev)->packets };
}

static void pcap_writer_close(struct pkt_dev *dev)
{
	struct pcap_writer *w = pcap_writer_of(dev);

	if (w->dumper)
		pcap_dump_close(w->dumper);
	if (w->dead)
		pcap_close(w->dead);
	pkt_dev_fini(&w->dev);
	mem_free(w);
}

static const struct pkt_dev_ops pcap_writer_ops = {
	.recv = writer_recv,
	.send = pcap_writer_send,
	.flush = pcap_writer_flush,
	.stats = pcap_writer_stats,
	.close = pcap_writer_close,
};

int capture_create_pcap(const char *path, const struct capture_out_opts *opts,
			struct pkt_dev **ret_dev, struct str *why)
{
	struct pcap_writer *w = mem_zalloc(sizeof(*w));
	u32 precision = opts->nanoseconds ? PCAP_TSTAMP_PRECISION_NANO
					  : PCAP_TSTAMP_PRECISION_MICRO;
	int err;

	if (!w)
		return -ENOMEM;
	err = pkt_dev_init(&w->dev, path, &pcap_writer_ops);
	if (err)
		goto fail;
	w->dev.link = opts->link;
	w->dev.snaplen = opts->snaplen;
	w->ns_per_tick = opts->nanoseconds ? 1 : NS_PER_US;
	err = -ENOMEM;
	w->dead = pcap_open_dead_with_tstamp_precision((int)opts->link, (int)opts->snaplen,
						       precision);
	if (!w->dead)
		goto fail;
	w->dumper = pcap_dump_open(w->dead, path);
	if (!w->dumper) {
		err = -errno;
		str_addf(why, "%s", pcap_geterr(w->dead)); /* names the file itself */
		goto fail;
	}
	*ret_dev = &w->dev;
	return 0;
fail:
	pcap_writer_close(&w->dev);
	return err;
}

static enum capture_format format_of_path(const char *path)
{
	const char *dot = strrchr(path, '.');

	if (!dot)
		return CAPTURE_AUTO;
	if (!strcmp(dot, ".pcapng") || !strcmp(dot, ".ntar") || !strcmp(dot, ".scap"))
		return CAPTURE_PCAPNG;
	return !strcmp(dot, ".pcap") || !strcmp(dot, ".cap") ? CAPTURE_PCAP : CAPTURE_AUTO;
}

int capture_create(const char *path, const struct capture_out_opts *opts,
		   struct pkt_dev **ret_dev, struct str *why)
{
	struct capture_out_opts settled = *opts;
	enum capture_format like_format = CAPTURE_AUTO;
	bool like_ns = false;

	if (opts->like) {
		settled.link = opts->like->link;
		if (!capture_input_info(opts->like, &like_format, &like_ns))
			like_ns = true; /* a live interface's clock has nanoseconds */
		settled.nanoseconds |= like_ns;
	}
	/* Not the input's: programs may make packets longer than that. */
	if (!settled.snaplen || settled.snaplen > CAPTURE_SNAPLEN_MAX)
		settled.snaplen = CAPTURE_SNAPLEN_MAX;
	if (settled.format == CAPTURE_AUTO)
		settled.format = format_of_path(path);
	if (settled.format == CAPTURE_AUTO)
		settled.format = like_format;
	settled.like = NULL;
	if (settled.format == CAPTURE_PCAPNG)
		return capture_create_ng(path, &settled, ret_dev, why);
	return capture_create_pcap(path, &settled, ret_dev, why);
}
