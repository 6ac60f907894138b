/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The least of DWARF 4 that makes gdb show names and source lines: one compilation unit with a
 * subprogram for each function, and a line table. Section numbers below are those of DWARF 4.
 */
#include "jit/debug_int.h"
#include "jit/dwarf.h"

enum { TAG_COMPILE_UNIT = 0x11, TAG_SUBPROGRAM = 0x2e };
enum {
	AT_NAME = 0x03,
	AT_STMT_LIST = 0x10,
	AT_LOW_PC = 0x11,
	AT_HIGH_PC = 0x12,
	AT_LANGUAGE = 0x13
};
enum { FORM_ADDR = 0x01, FORM_DATA2 = 0x05, FORM_STRING = 0x08, FORM_SEC_OFFSET = 0x17 };
enum { LANG_C99 = 0x0c };
enum { LNS_COPY = 1, LNS_ADVANCE_PC = 2, LNS_ADVANCE_LINE = 3, LNS_SET_FILE = 4 };
enum { LNE_END_SEQUENCE = 1, LNE_SET_ADDRESS = 2 };
enum { ABBREV_UNIT = 1, ABBREV_FUNC = 2 };

static void abbrev(struct str *out, u32 tag, bool children, const u8 (*attrs)[2], u32 cnt)
{
	dwarf_uleb(out, tag);
	dwarf_u8(out, children);
	for (u32 i = 0; i < cnt; i++) {
		dwarf_uleb(out, attrs[i][0]);
		dwarf_uleb(out, attrs[i][1]);
	}
	dwarf_u16(out, 0);
}

void jit_gdb_abbrev(struct str *out)
{
	static const u8 unit[][2] = { { AT_NAME, FORM_STRING },
				      { AT_LANGUAGE, FORM_DATA2 },
				      { AT_LOW_PC, FORM_ADDR },
				      { AT_HIGH_PC, FORM_ADDR },
				      { AT_STMT_LIST, FORM_SEC_OFFSET } };
	static const u8 func[][2] = { { AT_NAME, FORM_STRING },
				      { AT_LOW_PC, FORM_ADDR },
				      { AT_HIGH_PC, FORM_ADDR } };

	dwarf_uleb(out, ABBREV_UNIT);
	abbrev(out, TAG_COMPILE_UNIT, true, unit, ARRAY_SIZE(unit));
	dwarf_uleb(out, ABBREV_FUNC);
	abbrev(out, TAG_SUBPROGRAM, false, func, ARRAY_SIZE(func));
	dwarf_u8(out, 0);
}

/* 7.5.1.1 */
void jit_gdb_info(const struct jit_debug_info *info, struct str *out)
{
	size_t begin = dwarf_length_begin(out);

	dwarf_u16(out, 4);
	dwarf_u32(out, 0); /* offset in .debug_abbrev */
	dwarf_u8(out, 8);  /* bytes of an address */
	dwarf_uleb(out, ABBREV_UNIT);
	dwarf_text(out, info->line_cnt ? info->lines[0].file : "bpf");
	dwarf_u16(out, LANG_C99);
	dwarf_u64(out, info->base);
	dwarf_u64(out, info->base + info->code_bytes);
	dwarf_u32(out, 0); /* offset in .debug_line */
	for (u32 i = 0; i < info->func_cnt; i++) {
		dwarf_uleb(out, ABBREV_FUNC);
		dwarf_text(out, info->funcs[i].name);
		dwarf_u64(out, info->base + info->funcs[i].start);
		dwarf_u64(out, info->base + info->funcs[i].end);
	}
	dwarf_u8(out, 0);
	dwarf_length_end(out, begin);
}

/*
 * Files in the order of their first use. Programs come from few: those of a header, all that lines
 * of one object are in. The last one found is tried first.
 */
#define FILES_MAX 64u

struct files {
	const char *names[FILES_MAX];
	u32 cnt;
};

/* The number of @name, from 1; 1 for those that are too many. */
static u32 file_number(struct files *files, const char *name)
{
	for (u32 i = 0; i < files->cnt; i++)
		if (files->names[i] == name || !strcmp(files->names[i], name))
			return i + 1;
	if (files->cnt == FILES_MAX)
		return 1;
	files->names[files->cnt++] = name;
	return files->cnt;
}

/* 6.2.4 */
static void line_header(const struct files *files, struct str *out)
{
	/* Operands of the standard opcodes 1..12. */
	static const u8 operands[] = { 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1 };
	size_t begin;

	dwarf_u16(out, 3); /* version */
	begin = dwarf_length_begin(out);
	dwarf_u8(out, 1);      /* bytes that instructions are a multiple of */
	dwarf_u8(out, 1);      /* each is a statement */
	dwarf_u8(out, (u8)-5); /* line base and range, for opcodes that we do not use */
	dwarf_u8(out, 14);
	dwarf_u8(out, sizeof(operands) + 1);
	str_add_bytes(out, operands, sizeof(operands));
	dwarf_u8(out, 0); /* no folders */
	for (u32 i = 0; i < files->cnt; i++) {
		dwarf_text(out, files->names[i]);
		dwarf_u8(out, 0);
		dwarf_u8(out, 0);
		dwarf_u8(out, 0);
	}
	dwarf_u8(out, 0);
	dwarf_length_end(out, begin);
}

static void line_rows(const struct jit_debug_info *info, struct files *files, struct str *out)
{
	u32 at = 0, line = 1, file = 1;

	dwarf_u8(out, 0); /* extended */
	dwarf_uleb(out, 9);
	dwarf_u8(out, LNE_SET_ADDRESS);
	dwarf_u64(out, info->base);
	for (u32 i = 0; i < info->line_cnt; i++) {
		const struct jit_debug_line *l = &info->lines[i];
		u32 number = file_number(files, l->file);

		dwarf_u8(out, LNS_ADVANCE_PC);
		dwarf_uleb(out, l->at - at);
		dwarf_u8(out, LNS_ADVANCE_LINE);
		dwarf_sleb(out, (s64)l->line - line);
		if (number != file) {
			dwarf_u8(out, LNS_SET_FILE);
			dwarf_uleb(out, number);
		}
		dwarf_u8(out, LNS_COPY);
		at = l->at;
		line = l->line;
		file = number;
	}
	dwarf_u8(out, LNS_ADVANCE_PC);
	dwarf_uleb(out, info->code_bytes - at);
	dwarf_u8(out, 0);
	dwarf_uleb(out, 1);
	dwarf_u8(out, LNE_END_SEQUENCE);
}

void jit_gdb_lines(const struct jit_debug_info *info, struct str *out)
{
	struct files files = { .cnt = 0 };
	size_t begin = dwarf_length_begin(out);

	for (u32 i = 0; i < info->line_cnt; i++)
		(void)file_number(&files, info->lines[i].file);
	line_header(&files, out);
	if (info->line_cnt)
		line_rows(info, &files, out);
	dwarf_length_end(out, begin);
}
