/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packet files: what is written comes back the same (bytes, lengths, nanoseconds, link type), cut
 * where a snap length says so; and every kind of broken file is refused with its name.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "capture/capture.h"
#include "tests/oom.h"
#include "tests/tap.h"

static char dir[] = "/tmp/skep-capture-XXXXXX";

static const char *in_dir(const char *name)
{
	static char path[2][320];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	return path[turn];
}

static u8 byte_at(u32 packet, u32 i)
{
	return (u8)(packet * 31 + i * 7 + 1);
}

static const u32 lens[] = { 0, 1, 14, 60, 61, 62, 63, 1514, 9000, 65535, 262144 };

static u64 time_of(u32 i)
{
	return 1700000000123456789ULL + i * 1000000007ULL;
}

static bool write_all(const char *path, const struct capture_out_opts *opts)
{
	struct str why = STR_INIT;
	struct pkt_dev *dev;
	struct pkt pkt;
	u32 i, j;
	int err = capture_create(path, opts, &dev, &why);

	if (err) {
		tap_diag("%s", str_c(&why));
		str_fini(&why);
		return false;
	}
	err = pkt_init(&pkt, 100);
	for (i = 0; i < ARRAY_SIZE(lens) && !err; i++) {
		err = pkt_load_room(&pkt, lens[i], lens[i] + i);
		for (j = 0; j < lens[i]; j++)
			pkt.data[j] = byte_at(i, j);
		pkt.time_ns = time_of(i);
		if (!err)
			err = dev->ops->send(dev, &pkt);
	}
	if (!err)
		err = dev->ops->flush(dev);
	pkt_fini(&pkt);
	pkt_dev_close(dev);
	str_fini(&why);
	return !err;
}

static bool same_packet(const struct pkt *pkt, u32 i, u32 snaplen, u32 ns_step)
{
	u32 want = MIN(lens[i], snaplen), j;

	if (pkt_caplen(pkt) != want || pkt->len != lens[i] + i)
		return false;
	if (pkt->time_ns != time_of(i) / ns_step * ns_step)
		return false;
	for (j = 0; j < want; j++)
		if (pkt->data[j] != byte_at(i, j))
			return false;
	return true;
}

static void check_round(const char *name, const struct capture_out_opts *opts, u32 ns_step)
{
	u32 snaplen = opts->snaplen ? opts->snaplen : 262144, n = 0, good = 0;
	struct str why = STR_INIT;
	struct pkt_dev *dev = NULL;
	struct pkt pkt;
	int got = 0;

	if (!tap_ok(write_all(in_dir(name), opts), "%s: written", name))
		return;
	if (!tap_ok(!capture_open(in_dir(name), &dev, &why), "%s: opened", name)) {
		tap_diag("%s", str_c(&why));
		str_fini(&why);
		return;
	}
	if (pkt_init(&pkt, 100))
		return;
	while ((got = dev->ops->recv(dev, &pkt)) == 1 && n < ARRAY_SIZE(lens))
		good += same_packet(&pkt, n++, snaplen, ns_step);
	tap_eq(got, -ENODATA, "%s: ends cleanly", name);
	tap_eq(good, ARRAY_SIZE(lens), "%s: every packet comes back", name);
	tap_eq(dev->link, opts->link, "%s: link type", name);
	tap_eq(capture_permille(dev), 1000, "%s: progress at the end", name);
	pkt_fini(&pkt);
	pkt_dev_close(dev);
	str_fini(&why);
}

static void put_file(const char *name, const void *bytes, size_t len)
{
	FILE *f = fopen(in_dir(name), "wb");

	if (f) {
		fwrite(bytes, 1, len, f);
		fclose(f);
	}
}

/* The error names the file and holds @words. */
static void check_refused(const char *name, int want, const char *words)
{
	struct str why = STR_INIT;
	struct pkt_dev *dev = NULL;
	int err = capture_open(in_dir(name), &dev, &why);

	tap_ok(err == want, "%s: refused with %d", name, want);
	tap_ok(strstr(str_c(&why), name) && strstr(str_c(&why), words), "%s: says \"%s\"", name,
	       words);
	if (err != want || !strstr(str_c(&why), words))
		tap_diag("%d: %s", err, str_c(&why));
	if (!err)
		pkt_dev_close(dev);
	str_fini(&why);
}

static void check_bad(void)
{
	u32 header[6] = { 0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1 };

	put_file("empty", "", 0);
	check_refused("empty", -EBADMSG, "empty");
	put_file("short", header, 10);
	check_refused("short", -EBADMSG, "truncated");
	header[0] = 0x12345678;
	put_file("magic", header, sizeof(header));
	check_refused("magic", -EBADMSG, "unknown file format");
	header[0] = 0xa1b2c3d4;
	header[4] = 0;
	put_file("snaplen0", header, sizeof(header));
	check_refused("snaplen0", -EINVAL, "snap length 0");
	header[0] = 0xd4c3b2a1;
	put_file("swapped0", header, sizeof(header));
	check_refused("swapped0", -EINVAL, "snap length 0");
	put_file("ng-short", "\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c", 10);
	check_refused("ng-short", -EBADMSG, "file format");
	check_refused("not-there", -ENOENT, "No such file");
	mkdir(in_dir("folder"), 0700);
	check_refused("folder", -EISDIR, "directory");
}

/* The last packet is cut off: the error comes at that packet, and says its number. */
static void check_truncated(const char *name, const struct capture_out_opts *opts)
{
	struct str why = STR_INIT;
	struct pkt_dev *dev = NULL;
	struct pkt pkt;
	struct stat st;
	u32 n = 0;
	int got;

	if (!write_all(in_dir(name), opts) || stat(in_dir(name), &st) ||
	    truncate(in_dir(name), st.st_size - 5) || capture_open(in_dir(name), &dev, &why) ||
	    pkt_init(&pkt, 100)) {
		tap_ok(false, "%s: set-up: %s", name, str_c(&why));
		return;
	}
	while ((got = dev->ops->recv(dev, &pkt)) == 1)
		n++;
	tap_eq(n, ARRAY_SIZE(lens) - 1, "%s: the whole packets come", name);
	tap_ok(got == -EBADMSG, "%s: the cut one is an error", name);
	tap_ok(strstr(str_c(&dev->why), "packet 11:") && strstr(str_c(&dev->why), "truncated"),
	       "%s: \"%s\"", name, str_c(&dev->why));
	pkt_fini(&pkt);
	pkt_dev_close(dev);
	str_fini(&why);
}

/* Formats follow the extension, then the input; link type and precision follow the input. */
static void check_formats(void)
{
	const struct capture_out_opts ng = { .format = CAPTURE_PCAPNG, .link = 113 };
	struct capture_out_opts like = { 0 };
	struct str why = STR_INIT;
	struct pkt_dev *in = NULL, *out = NULL;
	u32 magic = 0, i;
	static const struct {
		const char *name;
		u32 magic;
	} rows[] = {
		{ "same", 0x0a0d0d0a },
		{ "as.pcap", 0xa1b23c4d }, /* the input has nanoseconds */
		{ "as.pcapng", 0x0a0d0d0a },
	};

	if (!write_all(in_dir("like"), &ng) || capture_open(in_dir("like"), &in, &why))
		return;
	like.like = in;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		FILE *f;

		if (capture_create(in_dir(rows[i].name), &like, &out, &why))
			continue;
		tap_eq(out->link, 113, "%s: the input's link type", rows[i].name);
		pkt_dev_close(out);
		f = fopen(in_dir(rows[i].name), "rb");
		if (f && fread(&magic, 4, 1, f) == 1)
			tap_eq(magic, rows[i].magic, "%s: format", rows[i].name);
		if (f)
			fclose(f);
	}
	pkt_dev_close(in);
	tap_ok(capture_create("/nonexistent/x.pcap", &ng, &out, &why) == -ENOENT,
	       "no folder to write into");
	tap_ok(strstr(str_c(&why), "/nonexistent/x.pcap"), "and its name is said");
	str_fini(&why);
}

static void check_disk_full(enum capture_format format)
{
	const struct capture_out_opts opts = { .format = format, .link = 1 };
	struct str why = STR_INIT;
	struct pkt_dev *dev = NULL;
	struct pkt pkt;
	int err = 0, i;

	if (capture_create("/dev/full", &opts, &dev, &why) || pkt_init(&pkt, 100)) {
		tap_skip("no /dev/full here: %s", str_c(&why));
		str_fini(&why);
		return;
	}
	for (i = 0; i < 100 && !err; i++) {
		err = pkt_load_room(&pkt, 1000, 1000);
		memset(pkt.data, 0, 1000);
		if (!err)
			err = dev->ops->send(dev, &pkt);
	}
	tap_ok(err == -ENOSPC, "a full disk is an error (format %d)", (int)format);
	tap_ok(strstr(str_c(&dev->why), "No space left"), "and says so");
	pkt_fini(&pkt);
	pkt_dev_close(dev);
	str_fini(&why);
}

static void remove_dir(void)
{
	struct dirent *entry;
	DIR *d = opendir(dir);

	while (d && (entry = readdir(d)))
		if (unlink(in_dir(entry->d_name)))
			rmdir(in_dir(entry->d_name));
	if (d)
		closedir(d);
	rmdir(dir);
}

/* libpcap's own memory is not ours to refuse; all that we take is. */
static int oom_round(void *arg)
{
	struct capture_out_opts opts = { .format = *(const enum capture_format *)arg, .link = 1 };
	struct pkt_dev *in = NULL, *out = NULL;
	struct str why = STR_INIT;
	int err = capture_create(in_dir("oom"), &opts, &out, &why);

	pkt_dev_close(out);
	if (!err)
		err = capture_open(in_dir("oom"), &in, &why);
	pkt_dev_close(in);
	str_fini(&why);
	return err;
}

static void check_oom(void)
{
	static enum capture_format formats[] = { CAPTURE_PCAP, CAPTURE_PCAPNG };

	oom_sweep(oom_round, &formats[0], "pcap files");
	oom_sweep(oom_round, &formats[1], "pcapng files");
}

int main(void)
{
	const struct capture_out_opts micro = { .format = CAPTURE_PCAP, .link = 1 };
	const struct capture_out_opts nano = { .format = CAPTURE_PCAP, .link = 113,
					       .nanoseconds = true };
	const struct capture_out_opts ng = { .format = CAPTURE_PCAPNG, .link = 1 };
	const struct capture_out_opts snap = { .format = CAPTURE_PCAP, .link = 1, .snaplen = 61 };
	const struct capture_out_opts ngsnap = { .format = CAPTURE_PCAPNG, .link = 12,
						 .snaplen = 61 };

	if (!mkdtemp(dir))
		return tap_skip_all("cannot make a temporary folder");
	check_round("micro", &micro, 1000);
	check_round("nano", &nano, 1);
	check_round("ng", &ng, 1);
	check_round("snap", &snap, 1000);
	check_round("ngsnap", &ngsnap, 1);
	check_bad();
	check_truncated("cut", &micro);
	check_truncated("ngcut", &ng);
	check_formats();
	check_disk_full(CAPTURE_PCAP);
	check_disk_full(CAPTURE_PCAPNG);
	check_oom();
	remove_dir();
	return tap_done();
}
