/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * objdump on a nameless file. Its lines are "  55550010:\t48 8b 07 \tmov    (%rdi),%rax"; an
 * instruction without text is continued bytes of the one before, which -w prevents.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/native_int.h"

/* Exit status of a child that could not start the program. */
#define NOT_THERE 127

static int code_file(const struct native_code *code)
{
	int fd = memfd_create("native", 0); /* the child reads it by its number */

	if (fd < 0)
		return -ENOTSUP;
	if (write(fd, code->code, code->bytes) != (ssize_t)code->bytes) {
		close(fd);
		return -ENOTSUP;
	}
	return fd;
}

static noreturn_fn void child(const struct native_code *code, int fd, int out)
{
	bool arm64 = native_is_arm64(code);
	char vma[48], path[32];
	/* Debian's plain one is for one machine only. */
	const char *args[] = { arm64 ? "aarch64-linux-gnu-objdump" : "x86_64-linux-gnu-objdump",
			       "-D",
			       "-w",
			       "-z",
			       "-b",
			       "binary",
			       "-m",
			       arm64 ? "aarch64" : "i386:x86-64",
			       vma,
			       path,
			       NULL };
	int null = open("/dev/null", O_WRONLY);

	snprintf(vma, sizeof(vma), "--adjust-vma=0x%llx", (unsigned long long)code->addr);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	setenv("LC_ALL", "C", 1);
	dup2(out, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execvp(args[0], (char *const *)(uintptr_t)args);
	args[0] = "objdump";
	execvp(args[0], (char *const *)(uintptr_t)args);
	_exit(NOT_THERE);
}

/* One space for each run of tabs and spaces, none at the end. */
static void squeeze(char *text)
{
	char *to = text;

	for (const char *c = text; *c; c++) {
		bool blank = *c == ' ' || *c == '\t';

		if (!blank)
			*to++ = *c;
		else if (to > text && to[-1] != ' ')
			*to++ = ' ';
	}
	if (to > text && to[-1] == ' ')
		to--;
	*to = '\0';
}

/* Parses one line in place; false when it is no instruction of ours. */
static bool parse(const struct native_code *code, char *line, struct native_insn *insn)
{
	char *end, *hex, *text;
	u64 addr = strtoull(line, &end, 16);
	u32 digits = 0;

	if (end == line || end[0] != ':' || end[1] != '\t' || addr < code->addr ||
	    addr - code->addr >= code->bytes)
		return false;
	hex = end + 2;
	text = strchr(hex, '\t');
	if (!text)
		return false;
	for (char *c = hex; c < text; c++)
		digits += *c != ' ';
	text[0] = '\0';
	text++;
	text[strcspn(text, "\n")] = '\0';
	squeeze(text);
	insn->addr = addr;
	insn->code = (const u8 *)code->code + (addr - code->addr);
	insn->bytes = digits / 2;
	insn->text = text;
	return digits && insn->bytes <= code->bytes - (addr - code->addr);
}

/* *ret_done: how many bytes of the code @fn has seen. */
static int read_lines(const struct native_code *code, FILE *f, native_text_fn fn, void *cookie,
		      u64 *ret_done)
{
	char line[512];
	int err = 0;

	*ret_done = 0;
	while (!err && fgets(line, sizeof(line), f)) {
		struct native_insn insn;
		u64 at;

		if (!parse(code, line, &insn))
			continue;
		at = insn.addr - code->addr;
		if (at < *ret_done)
			continue;
		/* What it leaves out is data. */
		err = native_hex(code, *ret_done, at, fn, cookie);
		if (!err)
			err = fn(cookie, &insn);
		*ret_done = at + insn.bytes;
	}
	return err;
}

static pid_t start(const struct native_code *code, int fd, FILE **ret_f)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	pid = fork();
	if (pid == 0)
		child(code, fd, ends[1]);
	close(ends[1]);
	*ret_f = pid < 0 ? NULL : fdopen(ends[0], "r");
	if (!*ret_f)
		close(ends[0]);
	return pid;
}

int native_objdump(const struct native_code *code, native_text_fn fn, void *cookie)
{
	int fd = code_file(code), err = -ENOTSUP, status;
	FILE *f = NULL;
	u64 done = 0;
	pid_t pid;

	if (fd < 0)
		return fd;
	fflush(NULL);
	pid = start(code, fd, &f);
	close(fd);
	if (f) {
		err = read_lines(code, f, fn, cookie, &done);
		fclose(f);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (err)
		return err;
	/* Nothing at all: it is not there, or knows another machine only. */
	return done ? native_hex(code, done, code->bytes, fn, cookie) : -ENOTSUP;
}
