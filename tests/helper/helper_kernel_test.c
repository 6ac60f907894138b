/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formats and numbers against the live kernel: bpf_snprintf, bpf_strtol and bpf_strtoul run there
 * by BPF_PROG_TEST_RUN of a syscall program, on generated inputs (fixed seed). A format that the
 * kernel's verifier refuses must be one that ours calls -EINVAL.
 */
#include <ctype.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/types.h"
#include "helper/table.h"
#include "isa/insn.h"
#include "prog/run.h"
#include "tests/kernel_bpf.h"
#include "tests/tap.h"

#define FORMATS	    3000u
#define NUMBERS	    1500u
#define OUT_BYTES   128u
#define TEXT_BYTES  64u
#define ARGS	    4u
#define STR_OFF	    64u	 /* in the value map: the string that %s prints */
#define CMD_CREATE  0
#define CMD_LOOKUP  1
#define CMD_UPDATE  2
#define CMD_FREEZE  22
#define SYSCALL_TYPE 31
#define MAP_ARRAY   2
#define RDONLY_PROG 0x80
#define F_SLEEPABLE 0x10

struct code {
	struct insn insns[128];
	u32 cnt;
};

static u64 seed = 20261121;

static u32 random_below(u32 n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (u32)((seed >> 16) % n);
}

static int bpf_sys(int cmd, union bpf_attr *attr)
{
	long ret = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return ret < 0 ? -errno : (int)ret;
}

static int array_create(u32 value_bytes, u32 flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = MAP_ARRAY;
	attr.key_size = 4;
	attr.value_size = value_bytes;
	attr.max_entries = 1;
	attr.map_flags = flags;
	return bpf_sys(CMD_CREATE, &attr);
}

static int array_io(int cmd, int fd, void *value)
{
	union bpf_attr attr;
	u32 key = 0;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)fd;
	attr.key = ptr_to_u64(&key);
	attr.value = ptr_to_u64(value);
	return bpf_sys(cmd, &attr);
}

static void emit(struct code *c, u8 op, u32 dst, u32 src, s16 off, s32 imm)
{
	c->insns[c->cnt++] = insn_make(op, dst, src, off, imm);
}

static void emit_value(struct code *c, u32 dst, int fd, u32 off)
{
	emit(c, 0x18, dst, 2, 0, fd);
	emit(c, 0, 0, 0, 0, (s32)off);
}

static void emit_const(struct code *c, u32 dst, u64 v)
{
	emit(c, 0x18, dst, 0, 0, (s32)v);
	emit(c, 0, 0, 0, 0, (s32)(v >> 32));
}

/* r0 into the first 8 bytes of the map; exit. */
static void emit_end(struct code *c, int out_fd)
{
	emit(c, 0xbf, 6, 0, 0, 0);
	emit_value(c, 1, out_fd, 0);
	emit(c, 0x7b, 1, 6, 0, 0);
	emit(c, 0xb7, 0, 0, 0, 0);
	emit(c, 0x95, 0, 0, 0, 0);
}

/* 0, or -errno when the verifier refuses. */
static int run_in_kernel(const struct code *c)
{
	union bpf_attr attr;
	int fd, err;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = SYSCALL_TYPE;
	attr.insns = ptr_to_u64(c->insns);
	attr.insn_cnt = c->cnt;
	attr.license = ptr_to_u64("GPL");
	attr.prog_flags = F_SLEEPABLE;
	fd = bpf_sys(5, &attr);
	if (fd < 0)
		return fd;
	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (u32)fd;
	err = bpf_sys(10, &attr);
	close(fd);
	return err;
}

static void random_format(char *out)
{
	static const char *const pieces[] = {
		"%d", "%i", "%u", "%x", "%X", "%ld", "%lld", "%lu", "%llx", "%s", "%c", "%px",
		"%pS", "%pB", "%5d", "%-7d|", "%05d", "%+d", "% d", "%08llx", "%-12s|", "%12s",
		"%3c", "%-3c|", "%20px", "%-20lld|", "%+-8d", "%0-5d", "%pks", "%pus", "%%", " ",
		"text", "x", "\n", "%", "%h", "%l", "%.2d", "%#x", "%zd", "%5", "%lc", "%ps", "%pI",
		"%pi9", "\x7f", "\xc3", "%llld", "%lX", "%pKx ", "%-d", "%00d", "%99d", "%pxy,",
		"%sd", "%s.", "%pSab,", "%+x", "% x", "%+s", "%010s", "%03c", "%+px ",
	};
	u32 n = 1 + random_below(5), len = 0;

	for (; n; n--) {
		const char *p = pieces[random_below(ARRAY_SIZE(pieces))];
		u32 piece_len = (u32)strlen(p);

		if (len + piece_len >= TEXT_BYTES - 1)
			continue;
		memcpy(out + len, p, piece_len);
		len += piece_len;
	}
	out[len] = 0;
}

static u64 random_arg(const char *str)
{
	static const u64 rows[] = { 0, 1, 42, 0xffffffff, 0x80000000, 0x7fffffff, UINT64_MAX,
				    1ULL << 63, 0x123456789abcULL };

	(void)str;
	return rows[random_below(ARRAY_SIZE(rows))];
}

/* Which arguments are strings: the n-th conversion's letter decides, as in the kernel's walk. */
static void find_strings(const char *fmt, bool is_str[ARGS])
{
	u32 n = 0;

	memset(is_str, 0, ARGS * sizeof(is_str[0]));
	for (; *fmt && n < ARGS; fmt++) {
		if (*fmt != '%')
			continue;
		if (*++fmt == '%')
			continue;
		while (*fmt && strchr("0+- ", *fmt))
			fmt++;
		while (isdigit((unsigned char)*fmt))
			fmt++;
		if (*fmt == 's' || (*fmt == 'p' && (fmt[1] == 'k' || fmt[1] == 'u') &&
				    fmt[2] == 's'))
			is_str[n] = true;
		n++;
		if (!*fmt)
			break;
	}
}

/* %pK is hashed by the kernel, %pus reads user memory there: both without a comparable result. */
static bool comparable(const char *fmt)
{
	return !strstr(fmt, "%pK") && !strstr(fmt, "%pus");
}

/*
 * Once the buffer is full the kernel no longer walks over the arguments of these, and counts what
 * follows from the wrong place: only the text can be compared then.
 */
static bool lost_count(const char *fmt)
{
	return strstr(fmt, "%pB") || strstr(fmt, "%pI") || strstr(fmt, "%pks") ||
	       strstr(fmt, "%pus");
}

static bool one_format(struct run *run, int out_fd, u32 out_bytes)
{
	char fmt[TEXT_BYTES] = { 0 }, theirs[8 + OUT_BYTES] = { 0 }, ours[OUT_BYTES] = { 0 };
	static char text[TEXT_BYTES] = "a string";
	u8 value[2 * TEXT_BYTES] = { 0 };
	struct code c = { .cnt = 0 };
	bool is_str[ARGS];
	union bpf_attr attr;
	u64 args[ARGS];
	s64 ret;
	int fd, err;
	u32 i;

	random_format(fmt);
	find_strings(fmt, is_str);
	memcpy(value, fmt, TEXT_BYTES);
	memcpy(value + STR_OFF, text, TEXT_BYTES);
	fd = array_create(sizeof(value), RDONLY_PROG);
	array_io(CMD_UPDATE, fd, value);
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)fd;
	bpf_sys(CMD_FREEZE, &attr);
	for (i = 0; i < ARGS; i++) {
		args[i] = random_arg(text);
		if (is_str[i])
			emit_value(&c, 1, fd, STR_OFF);
		else
			emit_const(&c, 1, args[i]);
		if (is_str[i])
			args[i] = ptr_to_u64(text);
		emit(&c, 0x7b, 10, 1, (s16)(-32 + (s32)i * 8), 0);
	}
	emit_value(&c, 1, out_fd, 8);
	emit(&c, 0xb7, 2, 0, 0, (s32)out_bytes);
	emit_value(&c, 3, fd, 0);
	emit(&c, 0xbf, 4, 10, 0, 0);
	emit(&c, 0x07, 4, 0, 0, -32);
	emit(&c, 0xb7, 5, 0, 0, ARGS * 8);
	emit(&c, 0x85, 0, 0, 0, HELPER_snprintf);
	emit_end(&c, out_fd);
	err = run_in_kernel(&c);
	close(fd);
	ret = (s64)helper_function(HELPER_snprintf)(ptr_to_u64(ours), out_bytes, ptr_to_u64(fmt),
						    ptr_to_u64(args), ARGS * 8, run);
	if (err < 0) {
		if (err == -EINVAL && ret == -EINVAL)
			return true;
		tap_diag("\"%s\": the kernel refuses it (%d), we say %lld", fmt, err,
			 (long long)ret);
		return false;
	}
	array_io(CMD_LOOKUP, out_fd, theirs);
	if (lost_count(fmt) && ret > out_bytes)
		ret = (s64)load_u64(theirs);
	if ((s64)load_u64(theirs) == ret &&
	    (!out_bytes || !comparable(fmt) || !strcmp(theirs + 8, ours)))
		return true;
	if (!comparable(fmt) && ret > 0 && (s64)load_u64(theirs) > 0)
		return true;
	tap_diag("%llx %llx %llx %llx", (unsigned long long)args[0], (unsigned long long)args[1],
		 (unsigned long long)args[2], (unsigned long long)args[3]);
	tap_diag("\"%s\": kernel %lld \"%s\", ours %lld \"%s\"", fmt, (long long)load_u64(theirs),
		 theirs + 8, (long long)ret, ours);
	return false;
}

static void random_number(char *out)
{
	static const char set[] = "0123456789abcdefxX-+ \tg0011";
	u32 n = 1 + random_below(random_below(4) ? 6 : 30);
	u32 i;

	for (i = 0; i < n; i++)
		out[i] = random_below(3) ? (char)('0' + random_below(10))
					 : set[random_below(sizeof(set) - 1)];
	if (!random_below(3))
		memcpy(out, "0x", 2);
	out[n] = 0;
}

static bool one_number(struct run *run, int text_fd, int out_fd)
{
	static const u32 bases[] = { 0, 8, 10, 16, 0, 10, 16, 7, 32 };
	u8 text[TEXT_BYTES] = { 0 }, out[8 + OUT_BYTES] = { 0 };
	u32 id = random_below(2) ? HELPER_strtol : HELPER_strtoul;
	u32 base = bases[random_below(ARRAY_SIZE(bases))], len;
	struct code c = { .cnt = 0 };
	u64 value = 0, ret;
	int err;

	random_number((char *)text);
	len = 1 + random_below((u32)strlen((char *)text));
	array_io(CMD_UPDATE, text_fd, text);
	emit(&c, 0x7a, 10, 0, -8, 0);
	emit_value(&c, 1, text_fd, 0);
	emit(&c, 0xb7, 2, 0, 0, (s32)len);
	emit(&c, 0xb7, 3, 0, 0, (s32)base);
	emit(&c, 0xbf, 4, 10, 0, 0);
	emit(&c, 0x07, 4, 0, 0, -8);
	emit(&c, 0x85, 0, 0, 0, (s32)id);
	emit(&c, 0x79, 7, 10, -8, 0);
	emit_value(&c, 1, out_fd, 8);
	emit(&c, 0x7b, 1, 7, 0, 0);
	emit_end(&c, out_fd);
	err = run_in_kernel(&c);
	array_io(CMD_LOOKUP, out_fd, out);
	ret = helper_function(id)(ptr_to_u64(text), len, base, ptr_to_u64(&value), 0, run);
	if (!err && load_u64(out) == ret && load_u64(out + 8) == value)
		return true;
	tap_diag("\"%s\"[%u] base %u id %u: error %d, kernel %lld %lld, ours %lld %lld", text, len,
		 base, id, err, (long long)load_u64(out), (long long)load_u64(out + 8),
		 (long long)ret, (long long)value);
	return false;
}

/* All memory of this process is the run's here: the strings are its own. */
static u64 all_left(const struct run *run, u64 addr)
{
	(void)run;
	return addr > 65536 && addr < 1ULL << 47 ? TEXT_BYTES : 0;
}

int main(void)
{
	struct run run = { .stack_left = all_left };
	u32 i, wrong = 0;
	int out_fd, text_fd;

	if (!kernel_bpf_allowed())
		return tap_skip_all("bpf(2) is refused here");
	out_fd = array_create(8 + OUT_BYTES, 0);
	text_fd = array_create(TEXT_BYTES, 0);
	for (i = 0; i < FORMATS && wrong < 10; i++)
		wrong += !one_format(&run, out_fd, random_below(8) ? OUT_BYTES : random_below(20));
	tap_ok(!wrong, "%u formats print what the kernel prints", i);
	for (i = 0, wrong = 0; i < NUMBERS && wrong < 10; i++)
		wrong += !one_number(&run, text_fd, out_fd);
	tap_ok(!wrong, "%u numbers are read as the kernel reads them", i);
	return tap_done();
}
