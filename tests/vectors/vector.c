/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads vector files: sections first, as text; then each vector's sections are understood. */
#include "tests/vectors/vector.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/str.h"
#include "isa/asm.h"

enum section {
	S_ASM, S_RAW, S_MEM, S_MAP, S_RESULT, S_REJECT, S_UNCHECKED, S_WAITS, S_XDP, S_KEPT, S_CNT
};

static const char *const section_names[S_CNT] = {
	"asm", "raw", "mem", "map-value", "result", "reject", "unchecked", "waits", "xdp",
	"",
};

/* Sections of rooms to come, and bpf_conformance's that say nothing to us. */
static const char *const kept[] = {
	"log", "xlated", "jit", "map", "no register offset", "c", "error",
};

struct draft {
	char name[96];
	u32 line, asm_line; /* first lines of the vector and of its program */
	struct str sections[S_CNT];
	bool has[S_CNT];
};

static bool bad(const char *path, u32 line, const char *what)
{
	printf("# %s:%u: %s\n", path, line, what);
	return false;
}

static bool parse_hex(const char *text, u8 **ret, u32 *ret_cnt)
{
	const size_t len = strlen(text);
	u8 *bytes = mem_zalloc(len / 2 + 1);
	u32 digits = 0;
	size_t n;

	for (n = 0; bytes && n < len; n++) {
		const char digit[2] = { text[n], 0 };

		if (isspace((unsigned char)text[n]))
			continue;
		if (!isxdigit((unsigned char)text[n]))
			break;
		bytes[digits / 2] = (u8)((u32)bytes[digits / 2] << 4 |
					 (u32)strtoul(digit, NULL, 16));
		digits++;
	}
	*ret = bytes;
	*ret_cnt = digits / 2;
	return bytes && n == len && digits % 2 == 0;
}

static struct insn from_little_endian(const u8 *b)
{
	return insn_make(b[0], b[1] & 0xf, b[1] >> 4, (s16)load_le16(b + 2), (s32)load_le32(b + 4));
}

/* Words as bytes, or as bpf_conformance has them: 0x and 64 bits, the opcode lowest. */
static bool parse_raw(const char *text, u8 **ret, u32 *ret_cnt)
{
	u32 cnt = 0;
	char *end;

	if (!strstr(text, "0x"))
		return parse_hex(text, ret, ret_cnt);
	*ret = mem_zalloc(strlen(text) * 8);
	for (; *ret && *text; text = end) {
		while (isspace((unsigned char)*text))
			text++;
		if (!*text)
			break;
		store_u64(*ret + cnt, le_to_host64(strtoull(text, &end, 16)));
		if (end == text)
			return false;
		cnt += 8;
	}
	*ret_cnt = cnt;
	return *ret;
}

static bool read_program(struct vector *v, const struct draft *d, const char *path)
{
	struct isa_asm_error error;
	u8 *bytes = NULL;
	u32 cnt = 0, n;

	if (d->has[S_RAW]) {
		const bool whole = parse_raw(str_c(&d->sections[S_RAW]), &bytes, &cnt) &&
				   cnt % 8 == 0;

		v->insn_cnt = cnt / 8;
		v->insns = whole ? mem_zalloc_array(v->insn_cnt + 1, sizeof(*v->insns)) : NULL;
		for (n = 0; v->insns && n < v->insn_cnt; n++)
			v->insns[n] = from_little_endian(bytes + n * 8);
		mem_free(bytes);
		return v->insns || bad(path, d->line, "the raw program is not whole words in hex");
	}
	if (isa_asm(str_c(&d->sections[S_ASM]), &v->insns, &v->insn_cnt, &error))
		return bad(path, d->asm_line + error.line, error.text);
	return v->insn_cnt ? true : bad(path, d->line, "this vector has no program");
}

static bool finish(struct vector_set *set, struct draft *d, const char *path)
{
	struct vector *v;
	char *end;

	if (set->cnt == set->cap) {
		const u32 cap = set->cap ? set->cap * 2 : 64;

		v = mem_realloc(set->vectors, cap * sizeof(*v));
		if (!v)
			return bad(path, d->line, "out of memory");
		set->vectors = v;
		set->cap = cap;
	}
	v = &set->vectors[set->cnt++];
	*v = (struct vector){ .line = d->line, .unchecked = d->has[S_UNCHECKED],
			     .is_xdp = d->has[S_XDP] };
	memcpy(v->name, d->name, sizeof(v->name));
	if (!read_program(v, d, path))
		return false;
	v->has_mem = d->has[S_MEM];
	if (!parse_hex(str_c(&d->sections[S_MEM]), &v->mem, &v->mem_bytes) ||
	    !parse_hex(str_c(&d->sections[S_MAP]), &v->map, &v->map_bytes))
		return bad(path, d->line, "memory is whole bytes in hex");
	v->has_result = d->has[S_RESULT];
	v->result = strtoull(str_c(&d->sections[S_RESULT]), &end, 0);
	if (d->has[S_RESULT] && (!d->sections[S_RESULT].len || !strchr("\n", *end)))
		return bad(path, d->line, "the result is one number");
	if (d->has[S_REJECT])
		v->reject = mem_strdup(strtok_r(d->sections[S_REJECT].data, "\n", &end) ?: "");
	if (d->has[S_WAITS])
		v->waits = mem_strdup(strtok_r(d->sections[S_WAITS].data, "\n", &end) ?: "");
	if (!v->has_result && !v->reject && !v->waits)
		return bad(path, d->line, "this vector expects nothing");
	return true;
}

static void start(struct draft *d, const char *path, const char *name, u32 line)
{
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	u32 n;

	for (n = 0; n < S_CNT; n++) {
		str_fini(&d->sections[n]);
		d->sections[n] = STR_INIT;
		d->has[n] = false;
	}
	d->line = line;
	(void)snprintf(d->name, sizeof(d->name), "%s%s%s", base, *name ? ": " : "", name);
}

static bool is_kept(const char *name)
{
	u32 n;

	for (n = 0; n < ARRAY_SIZE(kept); n++)
		if (!strcmp(name, kept[n]))
			return true;
	return false;
}

/* A line "-- something". Returns the section it opens, or -1 when it is bad. */
static int open_section(struct draft *d, const char *name, u32 line)
{
	int n;

	for (n = 0; n < S_KEPT; n++) {
		if (strcmp(name, section_names[n]) != 0)
			continue;
		d->has[n] = true;
		if (n == S_ASM)
			d->asm_line = line;
		return n;
	}
	return is_kept(name) ? S_KEPT : -1;
}

static bool read_lines(struct vector_set *set, FILE *f, const char *path, struct draft *d)
{
	char *line = NULL;
	size_t cap = 0;
	bool ok = true, begun = false;
	int section = S_KEPT;
	u32 number = 0;

	while (ok && getline(&line, &cap, f) > 0) {
		number++;
		line[strcspn(line, "\r\n")] = 0;
		if (!strncmp(line, "-- test ", 8)) {
			ok = !begun || finish(set, d, path);
			start(d, path, line + 8, number);
			section = S_KEPT;
			begun = true;
		} else if (!strncmp(line, "-- ", 3)) {
			begun = true;
			section = open_section(d, line + 3, number);
			if (section < 0)
				ok = bad(path, number, "there is no such section");
		} else if (line[0] == '#') {
			/* Keeps the program's line numbers. */
			if (section == S_ASM)
				str_add_char(&d->sections[S_ASM], '\n');
		} else {
			str_addf(&d->sections[section], "%s\n", line);
		}
	}
	mem_free(line);
	return ok && (!begun || finish(set, d, path));
}

bool vector_set_read(struct vector_set *set, const char *path)
{
	struct draft d = { 0 };
	FILE *f = fopen(path, "r");
	bool ok;

	if (!f)
		return bad(path, 0, "cannot be opened");
	start(&d, path, "", 1);
	ok = read_lines(set, f, path, &d);
	start(&d, path, "", 0);
	(void)fclose(f);
	return ok;
}

void vector_set_fini(struct vector_set *set)
{
	u32 n;

	for (n = 0; n < set->cnt; n++) {
		mem_free(set->vectors[n].insns);
		mem_free(set->vectors[n].mem);
		mem_free(set->vectors[n].map);
		mem_free(set->vectors[n].reject);
		mem_free(set->vectors[n].waits);
	}
	mem_free(set->vectors);
	*set = (struct vector_set){ 0 };
}
