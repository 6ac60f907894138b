/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the text of record.h. */
#include "tests/verify/record.h"

#include <stdlib.h>
#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

static bool blob_parse(struct blob *b, const char *hex)
{
	size_t len = strspn(hex, "0123456789abcdef");

	free(b->data);
	b->bytes = (uint32_t)(len / 2);
	b->data = malloc(b->bytes ? b->bytes : 1);
	if (!b->data || len % 2)
		return false;
	for (uint32_t i = 0; i < b->bytes; i++)
		b->data[i] = (uint8_t)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
	return true;
}

/* The next number of a line, which moves on. */
static uint64_t number(char **text)
{
	return strtoull(*text, text, 0);
}

static char *word(char **text)
{
	char *start = *text + strspn(*text, " ");
	char *end = start + strcspn(start, " \n");

	*text = *end ? end + 1 : end;
	*end = 0;
	return start;
}

static bool map_line(struct record *r, char *text)
{
	struct record_map *maps = realloc(r->maps, (r->map_cnt + 1) * sizeof(*maps)), *m;

	if (!maps)
		return false;
	r->maps = maps;
	m = &maps[r->map_cnt++];
	memset(m, 0, sizeof(*m));
	m->type = (uint32_t)number(&text);
	m->key_bytes = (uint32_t)number(&text);
	m->value_bytes = (uint32_t)number(&text);
	m->max_entries = (uint32_t)number(&text);
	m->flags = (uint32_t)number(&text);
	m->extra = number(&text);
	m->btf = (int)number(&text);
	m->key_type = (uint32_t)number(&text);
	m->value_type = (uint32_t)number(&text);
	m->inner = (int)number(&text);
	m->frozen = number(&text) != 0;
	snprintf(m->name, sizeof(m->name), "%s", word(&text));
	return true;
}

static bool elem_line(struct record *r, char *text, bool of_map)
{
	uint64_t map = number(&text);
	struct record_elem *e = calloc(1, sizeof(*e));

	if (!e || map >= r->map_cnt) {
		free(e);
		return false;
	}
	e->next = r->maps[map].elems;
	r->maps[map].elems = e;
	e->inner = -1;
	if (!blob_parse(&e->key, word(&text)))
		return false;
	if (!of_map)
		return blob_parse(&e->value, word(&text));
	e->inner = (int)number(&text);
	return true;
}

static bool fix_line(struct record *r, char *text)
{
	struct record_fix *fixes = realloc(r->fixes, (r->fix_cnt + 1) * sizeof(*fixes));

	if (!fixes)
		return false;
	r->fixes = fixes;
	fixes[r->fix_cnt].insn = (uint32_t)number(&text);
	fixes[r->fix_cnt].map = (int)number(&text);
	return (uint32_t)fixes[r->fix_cnt++].map < r->map_cnt;
}

static bool info_line(struct blob *b, uint32_t *rec_bytes, char *text)
{
	*rec_bytes = (uint32_t)number(&text);
	return blob_parse(b, word(&text));
}

static bool run_line(struct record *r, char *text)
{
	word(&text); /* what it returns */
	word(&text);
	return r->run_cnt < RECORD_RUNS_MAX && blob_parse(&r->runs[r->run_cnt++], word(&text));
}

static bool record_line(struct record *r, const char *key, char *text)
{
	if (!strcmp(key, "type"))
		r->type = (uint32_t)number(&text);
	else if (!strcmp(key, "attach"))
		r->attach = (uint32_t)number(&text);
	else if (!strcmp(key, "flags"))
		r->flags = (uint32_t)number(&text);
	else if (!strcmp(key, "level"))
		r->level = (uint32_t)number(&text);
	else if (!strcmp(key, "license"))
		snprintf(r->license, sizeof(r->license), "%.*s", (int)strcspn(text, "\n"), text);
	else if (!strcmp(key, "insns"))
		return blob_parse(&r->insns, text);
	else if (!strcmp(key, "btf"))
		r->btf = (int)number(&text);
	else if (!strcmp(key, "func_info"))
		return info_line(&r->func_info, &r->func_info_bytes, text);
	else if (!strcmp(key, "line_info"))
		return info_line(&r->line_info, &r->line_info_bytes, text);
	else if (!strcmp(key, "map"))
		return map_line(r, text);
	else if (!strcmp(key, "elem"))
		return elem_line(r, text, false);
	else if (!strcmp(key, "elemmap"))
		return elem_line(r, text, true);
	else if (!strcmp(key, "fix"))
		return fix_line(r, text);
	else if (!strcmp(key, "run"))
		return run_line(r, text);
	else
		return !strcmp(key, "kfunc") || !strcmp(key, "tag");
	return true;
}

static bool blob_line(struct record_file *file, char *text)
{
	uint64_t n = number(&text);
	struct blob *blobs;

	if (n >= file->blob_cnt) {
		blobs = realloc(file->blobs, (n + 1) * sizeof(*blobs));
		if (!blobs)
			return false;
		memset(blobs + file->blob_cnt, 0, (n + 1 - file->blob_cnt) * sizeof(*blobs));
		file->blobs = blobs;
		file->blob_cnt = (uint32_t)n + 1;
	}
	return blob_parse(&file->blobs[n], word(&text));
}

static bool line_read(struct record_file *file, struct record **cur, struct record ***tail,
		      char *line)
{
	char *text = line, *key = word(&text);

	if (!*key || *key == '#' || !strcmp(key, "skip"))
		return true;
	if (!strcmp(key, "blob"))
		return blob_line(file, text);
	if (!strcmp(key, "record")) {
		struct record *r = calloc(1, sizeof(*r));

		if (!r)
			return false;
		r->btf = -1;
		snprintf(r->license, sizeof(r->license), "GPL");
		text[strcspn(text, "\n")] = 0;
		r->name = strdup(text);
		**tail = *cur = r;
		*tail = &r->next;
		return r->name != NULL;
	}
	if (!strcmp(key, "end")) {
		*cur = NULL;
		return true;
	}
	return *cur && record_line(*cur, key, text);
}

bool record_file_read(struct record_file *file, FILE *in, const char *name)
{
	struct record *cur = NULL, **tail = &file->first;
	char *line = NULL;
	size_t cap = 0;
	int num = 0;
	bool ok = true;

	while (ok && getline(&line, &cap, in) > 0) {
		num++;
		ok = line_read(file, &cur, &tail, line);
	}
	if (!ok)
		fprintf(stderr, "%s:%d: cannot read: %.60s\n", name, num, line);
	free(line);
	return ok;
}

void record_free(struct record *r)
{
	for (uint32_t i = 0; i < r->map_cnt; i++) {
		struct record_elem *next;

		for (struct record_elem *e = r->maps[i].elems; e; e = next) {
			next = e->next;
			free(e->key.data);
			free(e->value.data);
			free(e);
		}
	}
	for (uint32_t i = 0; i < r->run_cnt; i++)
		free(r->runs[i].data);
	free(r->maps);
	free(r->fixes);
	free(r->insns.data);
	free(r->func_info.data);
	free(r->line_info.data);
	free(r->name);
	free(r);
}

void record_file_fini(struct record_file *file)
{
	struct record *next;

	for (struct record *r = file->first; r; r = next) {
		next = r->next;
		record_free(r);
	}
	for (uint32_t i = 0; i < file->blob_cnt; i++)
		free(file->blobs[i].data);
	free(file->blobs);
}
