/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The executable sections of a BPF object, in file order, with their symbols; through libelf,
 * which also refuses what is truncated or no ELF. Nothing is relocated: the text shows what the
 * object holds.
 */
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/disasm.h"

struct elf_view {
	Elf *elf;
	size_t shstrndx;
	Elf_Data *symtab;
	size_t symbol_cnt, strtab; /* of symtab; index of its string section */
};

static int compare_symbols(const void *a, const void *b)
{
	const struct disasm_symbol *x = a, *y = b;

	return (x->idx > y->idx) - (x->idx < y->idx);
}

static void find_symtab(struct elf_view *v)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr shdr;

	while ((scn = elf_nextscn(v->elf, scn))) {
		if (!gelf_getshdr(scn, &shdr) || shdr.sh_type != SHT_SYMTAB || !shdr.sh_entsize)
			continue;
		v->symtab = elf_getdata(scn, NULL);
		/* The data there is, not the size that the header claims. */
		v->symbol_cnt = v->symtab ? v->symtab->d_size / shdr.sh_entsize : 0;
		v->strtab = shdr.sh_link;
	}
}

/* Functions and labels of one section, the section's own symbol left out. */
static int read_symbols(const struct elf_view *v, size_t section, struct disasm_code *code)
{
	struct disasm_symbol *symbols = mem_zalloc_array(v->symbol_cnt + 1, sizeof(*symbols));
	GElf_Sym sym;
	size_t n;

	if (!symbols)
		return -ENOMEM;
	for (n = 0; v->symtab && n < v->symbol_cnt; n++) {
		const u8 type = gelf_getsym(v->symtab, (int)n, &sym) ? GELF_ST_TYPE(sym.st_info) :
								       STT_SECTION;
		const char *name;

		if ((type != STT_FUNC && type != STT_NOTYPE) || sym.st_shndx != section)
			continue;
		name = elf_strptr(v->elf, v->strtab, sym.st_name);
		if (name && *name)
			symbols[code->symbol_cnt++] =
				(struct disasm_symbol){ name, (s64)(sym.st_value / 8) };
	}
	qsort(symbols, code->symbol_cnt, sizeof(*symbols), compare_symbols);
	code->symbols = symbols;
	return 0;
}

static int disasm_section(struct str *out, const struct disasm_opts *opts,
			  const struct elf_view *v, Elf_Scn *scn, const GElf_Shdr *shdr)
{
	struct disasm_code code = { .section = elf_strptr(v->elf, v->shstrndx, shdr->sh_name) };
	const Elf_Data *data = elf_getdata(scn, NULL);
	struct insn *insns;
	int err;

	if (!code.section || !data)
		return cli_error("%s: %s", opts->in, elf_errmsg(-1));
	if (!data->d_size)
		return CLI_OK;
	if (data->d_size % 8)
		return cli_error("%s: section %s: %zu bytes are no whole number of instructions",
				 opts->in, code.section, data->d_size);
	insns = mem_dup(data->d_buf, data->d_size);
	err = insns ? read_symbols(v, elf_ndxscn(scn), &code) : -ENOMEM;
	if (err) {
		mem_free(insns);
		return cli_file_error(opts->in, err);
	}
	code.insns = insns;
	code.cnt = (u32)(data->d_size / 8);
	if (!opts->json)
		str_addf(out, opts->style == ISA_STYLE_LLVM ? "\nDisassembly of section %s:\n" :
							      "; section %s\n",
			 code.section);
	disasm_code_add(out, opts, &code);
	mem_free(insns);
	mem_free(u64_to_ptr(ptr_to_u64(code.symbols)));
	return CLI_OK;
}

static int disasm_sections(struct str *out, const struct disasm_opts *opts, struct elf_view *v)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr shdr;
	u32 seen = 0;
	int rc = CLI_OK;

	while (rc == CLI_OK && (scn = elf_nextscn(v->elf, scn))) {
		if (!gelf_getshdr(scn, &shdr))
			return cli_error("%s: %s", opts->in, elf_errmsg(-1));
		if (shdr.sh_type != SHT_PROGBITS || !(shdr.sh_flags & SHF_EXECINSTR))
			continue;
		seen += shdr.sh_size != 0;
		rc = disasm_section(out, opts, v, scn, &shdr);
	}
	if (rc == CLI_OK && !seen)
		return cli_error("%s: this object holds no program", opts->in);
	return rc;
}

int disasm_elf(struct str *out, const struct disasm_opts *opts, char *data, size_t len)
{
	struct elf_view v = { 0 };
	GElf_Ehdr ehdr;
	int rc;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return cli_error("libelf: %s", elf_errmsg(-1));
	v.elf = elf_memory(data, len);
	if (!v.elf || elf_kind(v.elf) != ELF_K_ELF || !gelf_getehdr(v.elf, &ehdr) ||
	    elf_getshdrstrndx(v.elf, &v.shstrndx))
		rc = cli_error("%s: bad ELF: %s", opts->in, elf_errmsg(-1));
	else if (ehdr.e_machine != EM_BPF)
		rc = cli_error("%s: an ELF object for machine %u, not for BPF", opts->in,
			       ehdr.e_machine);
	else if ((ehdr.e_ident[EI_DATA] == ELFDATA2MSB) != HOST_BIG_ENDIAN)
		rc = cli_error("%s: this object's byte order is not this machine's", opts->in);
	else {
		if (opts->style == ISA_STYLE_LLVM && !opts->json)
			str_addf(out, "\n%s:\tfile format elf64-bpf\n", opts->in);
		find_symtab(&v);
		rc = disasm_sections(out, opts, &v);
	}
	elf_end(v.elf);
	return rc;
}
