/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An object file in memory that describes code which already lies at its place: a .text without
 * contents, a symbol for each function, frames and lines. Everything is absolute.
 */
#include <elf.h>

#include "base/bits.h"
#include "base/bytes.h"
#include "jit/debug_int.h"
#include "jit/dwarf.h"

enum section {
	SEC_NULL,
	SEC_TEXT,
	SEC_FRAME,
	SEC_SYM,
	SEC_STR,
	SEC_INFO,
	SEC_ABBREV,
	SEC_LINE,
	SEC_NAMES,
	SEC_CNT
};

struct section_row {
	const char *name;
	u32 type, flags, link, info, align, entry_bytes;
};

static const struct section_row rows[SEC_CNT] = {
	[SEC_NULL] = { "", SHT_NULL, 0, 0, 0, 0, 0 },
	[SEC_TEXT] = { ".text", SHT_NOBITS, SHF_ALLOC | SHF_EXECINSTR, 0, 0, 16, 0 },
	[SEC_FRAME] = { ".eh_frame", SHT_PROGBITS, SHF_ALLOC, 0, 0, 8, 0 },
	[SEC_SYM] = { ".symtab", SHT_SYMTAB, 0, SEC_STR, 1, 8, 24 },
	[SEC_STR] = { ".strtab", SHT_STRTAB, 0, 0, 0, 1, 0 },
	[SEC_INFO] = { ".debug_info", SHT_PROGBITS, 0, 0, 0, 1, 0 },
	[SEC_ABBREV] = { ".debug_abbrev", SHT_PROGBITS, 0, 0, 0, 1, 0 },
	[SEC_LINE] = { ".debug_line", SHT_PROGBITS, 0, 0, 0, 1, 0 },
	[SEC_NAMES] = { ".shstrtab", SHT_STRTAB, 0, 0, 0, 1, 0 },
};

#define HEADER_BYTES  64u
#define SECTION_BYTES 64u

static void symbols(const struct jit_debug_info *info, struct str *sym, struct str *names)
{
	for (u32 i = 0; i < 24; i += 8)
		dwarf_u64(sym, 0);
	dwarf_u8(names, 0);
	for (u32 i = 0; i < info->func_cnt; i++) {
		const struct jit_debug_func *f = &info->funcs[i];

		dwarf_u32(sym, (u32)names->len);
		dwarf_u8(sym, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC));
		dwarf_u8(sym, 0);
		dwarf_u16(sym, SEC_TEXT);
		dwarf_u64(sym, info->base + f->start);
		dwarf_u64(sym, f->end - f->start);
		dwarf_text(names, f->name);
	}
}

static void header(const struct jit_debug_info *info, u64 sections_at, struct str *out)
{
	static const u8 ident[16] = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT };

	str_add_bytes(out, ident, sizeof(ident));
	dwarf_u16(out, ET_EXEC);
	dwarf_u16(out, info->elf_machine);
	dwarf_u32(out, EV_CURRENT);
	dwarf_u64(out, 0); /* entry */
	dwarf_u64(out, 0); /* segments */
	dwarf_u64(out, sections_at);
	dwarf_u32(out, 0); /* flags */
	dwarf_u16(out, HEADER_BYTES);
	dwarf_u16(out, 0);
	dwarf_u16(out, 0);
	dwarf_u16(out, SECTION_BYTES);
	dwarf_u16(out, SEC_CNT);
	dwarf_u16(out, SEC_NAMES);
}

struct section_place {
	u32 name;
	u64 at, bytes, addr;
};

static void section(const struct section_row *r, const struct section_place *p, struct str *out)
{
	dwarf_u32(out, p->name);
	dwarf_u32(out, r->type);
	dwarf_u64(out, r->flags);
	dwarf_u64(out, p->addr);
	dwarf_u64(out, p->at);
	dwarf_u64(out, p->bytes);
	dwarf_u32(out, r->link);
	dwarf_u32(out, r->info);
	dwarf_u64(out, r->align);
	dwarf_u64(out, r->entry_bytes);
}

static void pad8_to(struct str *out, u64 at)
{
	while (!out->failed && out->len < at)
		dwarf_u8(out, 0);
}

/* Header, contents, table of sections. */
static void put_together(const struct jit_debug_info *info, const struct str *parts,
			 struct section_place *places, struct str *out)
{
	u64 end = HEADER_BYTES;

	for (u32 i = SEC_NULL + 1; i < SEC_CNT; i++) {
		places[i].at = end;
		places[i].bytes = parts[i].len;
		end = align_up(end + parts[i].len, 8);
	}
	places[SEC_TEXT].addr = info->base;
	places[SEC_TEXT].bytes = info->code_bytes;
	header(info, end, out);
	for (u32 i = SEC_NULL + 1; i < SEC_CNT; i++) {
		pad8_to(out, places[i].at);
		if (parts[i].len)
			str_add_bytes(out, parts[i].data, parts[i].len);
	}
	pad8_to(out, end);
	for (u32 i = 0; i < SEC_CNT; i++)
		section(&rows[i], &places[i], out);
}

void jit_gdb_build(const struct jit_debug_info *info, struct str *out)
{
	struct section_place places[SEC_CNT] = { { 0 } };
	struct str parts[SEC_CNT] = { { 0 } };

	jit_unwind_build(info->isa, info->base, info->funcs, info->func_cnt, &parts[SEC_FRAME]);
	symbols(info, &parts[SEC_SYM], &parts[SEC_STR]);
	jit_gdb_info(info, &parts[SEC_INFO]);
	jit_gdb_abbrev(&parts[SEC_ABBREV]);
	jit_gdb_lines(info, &parts[SEC_LINE]);
	for (u32 i = 0; i < SEC_CNT; i++) {
		places[i].name = (u32)parts[SEC_NAMES].len;
		dwarf_text(&parts[SEC_NAMES], rows[i].name);
	}
	put_together(info, parts, places, out);
	for (u32 i = 0; i < SEC_CNT; i++) {
		out->failed |= parts[i].failed;
		str_fini(&parts[i]);
	}
}
