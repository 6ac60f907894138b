/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages, files, numbers and progress for all verbs. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/cli.h"

static void printf_like(1, 0) say(const char *fmt, va_list ap)
{
	fflush(stdout);
	fputs("skep: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

int cli_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	return CLI_FAILED;
}

int cli_usage(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	return CLI_USAGE;
}

void cli_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

int cli_file_error(const char *path, int err)
{
	return cli_error("%s: %s", path, strerror(err < 0 ? -err : err));
}

static int read_all(int fd, size_t max_bytes, char **ret_data, size_t *ret_len)
{
	size_t len = 0, cap = 1 << 16;
	char *data = mem_alloc(cap + 1);

	while (data) {
		ssize_t n;

		if (len == cap) {
			char *bigger = mem_realloc(data, cap * 2 + 1);

			if (!bigger)
				break;
			data = bigger;
			cap *= 2;
		}
		n = read(fd, data + len, cap - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || len + (size_t)n > max_bytes) {
			int err = n < 0 ? -errno : -EFBIG;

			mem_free(data);
			return err;
		}
		if (n == 0) {
			data[len] = '\0';
			*ret_data = data;
			*ret_len = len;
			return 0;
		}
		len += (size_t)n;
	}
	mem_free(data);
	return -ENOMEM;
}

int cli_read_file(const char *path, size_t max_bytes, char **ret_data, size_t *ret_len)
{
	int fd, err;

	if (!strcmp(path, "-"))
		return read_all(STDIN_FILENO, max_bytes, ret_data, ret_len);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = read_all(fd, max_bytes, ret_data, ret_len);
	close(fd);
	return err;
}

int cli_write_file(const char *path, const void *data, size_t len)
{
	const char *p = data;
	bool to_stdout = !strcmp(path, "-");
	int fd = to_stdout ? STDOUT_FILENO
			   : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (to_stdout)
		fflush(stdout);
	while (len && !err) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno != EINTR)
			err = -errno;
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
	if (!to_stdout && close(fd) && !err)
		err = -errno;
	return err;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int cli_parse_hex(const char *text, u8 **ret_data, size_t *ret_len, const char **ret_bad)
{
	u8 *data = mem_alloc(strlen(text) / 2 + 1);
	size_t digits = 0;
	const char *p;

	if (!data)
		return -ENOMEM;
	for (p = text; *p; p++) {
		int d = hex_digit(*p);

		if (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r' || *p == ':')
			continue;
		if (d < 0)
			break;
		data[digits / 2] = (u8)(digits % 2 ? data[digits / 2] << 4 | d : d);
		digits++;
	}
	if (*p || digits % 2) {
		*ret_bad = p;
		mem_free(data);
		return -EINVAL;
	}
	*ret_data = data;
	*ret_len = digits / 2;
	return 0;
}

int cli_parse_u64(const char *text, u64 *ret_value)
{
	char *end;

	if (!text[0] || strchr(" \t\n-+", text[0]))
		return -EINVAL;
	errno = 0;
	*ret_value = strtoull(text, &end, 0);
	if (errno)
		return -ERANGE;
	return *end ? -EINVAL : 0;
}

static u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000000000u + (u64)ts.tv_nsec;
}

void cli_progress_start(struct cli_progress *p, const char *what)
{
	*p = (struct cli_progress){ .what = what, .tty = isatty(STDERR_FILENO) };
	p->start_ns = p->last_ns = now_ns();
}

void cli_progress_step(struct cli_progress *p, u64 done, u64 total)
{
	u64 now;

	if (!p->tty)
		return;
	now = now_ns();
	if (now - p->start_ns < 2000000000u || now - p->last_ns < 100000000u)
		return;
	p->last_ns = now;
	p->shown = true;
	if (total) {
		u32 bars = (u32)(done >= total ? 30 : done * 30 / total);

		fprintf(stderr, "\r[%.*s%*s] %3u%%  %llu %s", (int)bars,
			"##############################", (int)(30 - bars), "",
			(u32)(done >= total ? 100 : done * 100 / total), (unsigned long long)done,
			p->what);
	} else {
		fprintf(stderr, "\r%llu %s", (unsigned long long)done, p->what);
	}
	fflush(stderr);
}

void cli_progress_end(struct cli_progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
}
