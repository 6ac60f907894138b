/* SPDX-License-Identifier: BSD-2-Clause */
/* The log: both ways to be too long, taking text back, the size that would have been enough. */
#include <stdlib.h>

#include "base/err.h"
#include "tests/tap.h"
#include "verify/log/log.h"

static void fits(void)
{
	char buf[32];
	struct vlog log;
	u32 need;

	vlog_init(&log, VLOG_1, buf, sizeof(buf));
	vlog_add(&log, "one %d\n", 1);
	vlog_add(&log, "two\n");
	vlog_reset(&log, 6);
	vlog_add(&log, "2\n");
	tap_eq(vlog_finish(&log, &need), 0, "fits");
	tap_eq(need, 11, "as long as it ever was");
	tap_ok(!strcmp(buf, "one 1\n2\n"), "text after taking back");
}

/* Whatever the sizes, a rotating log ends as the whole text does, a fixed one starts so. */
static void too_long(void)
{
	char whole[4096], buf[4096];
	bool same_end = true, same_start = true, errs = true;
	u32 need, state = 1;

	for (u32 round = 0; round < 2000; round++) {
		bool fixed = round & 1;
		u32 size = 2 + round % 97, len = 0;
		struct vlog log;
		int err;

		vlog_init(&log, VLOG_1 | (fixed ? VLOG_FIXED : 0), buf, size);
		for (u32 i = 0; i < 12; i++) {
			char piece[64];
			u32 n = (state = state * 1664525 + 1013904223) >> 26;

			for (u32 c = 0; c < n; c++)
				piece[c] = (char)('a' + (state >> 8) % 26 + c % 3);
			piece[n] = '\0';
			vlog_add(&log, "%s", piece);
			memcpy(whole + len, piece, n + 1);
			len += n;
		}
		err = vlog_finish(&log, &need);
		errs &= err == (len + 1 > size ? -ENOSPC : 0) && need == len + 1;
		if (fixed)
			same_start &= !strncmp(buf, whole, size - 1) &&
				      strlen(buf) == (len < size - 1 ? len : size - 1);
		else
			same_end &= !strcmp(buf, len < size ? whole : whole + len - (size - 1));
	}
	tap_ok(errs, "too long is said, with the size that is enough");
	tap_ok(same_end, "a rotating log keeps its end");
	tap_ok(same_start, "a fixed log keeps its start");
}

static void off(void)
{
	struct vlog log;
	u32 need = 7;

	vlog_init(&log, 0, NULL, 0);
	vlog_add(&log, "text");
	tap_ok(!vlog_finish(&log, &need) && need == 0, "level 0 writes nothing");
	vlog_init(&log, VLOG_STATS, NULL, 0);
	vlog_add(&log, "text");
	tap_ok(!vlog_finish(&log, &need) && need == 5, "without a buffer the size is told");
}

int main(void)
{
	fits();
	too_long();
	off();
	return tap_done();
}
