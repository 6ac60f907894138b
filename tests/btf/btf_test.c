/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BTF that went wrong before (bugs.md section 2: errno as Linux 6.18 gives it), sizes, special
 * fields, checks of map types, and values as text.
 */
#include <errno.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/str.h"
#include "btf/btf.h"
#include "base/mem.h"
#include "btf/fields.h"
#include "tests/btf/btf_blob.h"
#include "tests/tap.h"

#define INT_SIGNED (1u << 24)

static struct btf_blob b;

static struct btf *parse_ok(void)
{
	struct str log = STR_INIT;
	struct btf *btf = NULL;
	int err;

	blob_finish(&b);
	err = btf_parse(b.raw, b.raw_len, &log, &btf);
	if (!tap_eq(err, 0, "parses"))
		tap_diag("%s", str_c(&log));
	str_fini(&log);
	return btf;
}

static int parse_errno(void)
{
	struct btf *btf;
	int err = btf_parse(b.raw, b.raw_len, NULL, &btf);

	if (!err)
		btf_put(btf);
	return err;
}

static int finish_errno(void)
{
	blob_finish(&b);
	return parse_errno();
}

static void start(void)
{
	blob_init(&b);
	blob_int(&b, "int", 4, INT_SIGNED | 32);
}

static void test_header(void)
{
	start();
	tap_eq(finish_errno(), 0, "btf-ok");
	b.raw[0] ^= 1;
	tap_eq(parse_errno(), -EINVAL, "btf-magic");
	blob_finish(&b);
	b.raw[2] = 2;
	tap_eq(parse_errno(), -ENOTSUPP, "btf-ver");
	blob_finish(&b);
	b.raw[b.raw_len - 1] = 'x';
	tap_eq(parse_errno(), -EINVAL, "btf-str-nonul");
	blob_finish(&b);
	store_u32(b.raw + 4, 20);
	tap_eq(parse_errno(), -EINVAL, "btf-hdr-len");
	blob_finish(&b);
	store_u32(b.raw + 16, 4);
	tap_eq(parse_errno(), -EINVAL, "btf-overlap");
	blob_finish(&b);
	b.raw_len = 5;
	tap_eq(parse_errno(), -EINVAL, "cut in the header");
}

static void test_records(void)
{
	start();
	b.words[0] = 1000;
	tap_eq(finish_errno(), -EINVAL, "btf-name-off");
	start();
	blob_int(&b, "i", 1, 32);
	tap_eq(finish_errno(), -EINVAL, "btf-int-bits");
	start();
	blob_type(&b, "", 2, 0, 99);
	tap_eq(finish_errno(), -EINVAL, "btf-ptr-oob");
	start();
	blob_array(&b, 1, 1, 0x40000000);
	tap_eq(finish_errno(), -EINVAL, "btf-array-ovf");
	start();
	blob_type(&b, "s", 4, 1, 4);
	blob_member(&b, "m", 1, 8);
	tap_eq(finish_errno(), -EINVAL, "btf-struct-moff");
	start();
	blob_type(&b, "s", 4, 5, 4);
	tap_eq(finish_errno(), -EINVAL, "btf-vlen-trunc");
	start();
	blob_type(&b, "k", 31, 0, 0);
	tap_eq(finish_errno(), -EINVAL, "btf-kind-unk");
	start();
	blob_type(&b, "f", 12, 0, 1);
	tap_eq(finish_errno(), -EINVAL, "btf-func-noproto");
}

/* The kernel takes it; what matters is that readers come back. */
static void walk_all(const char *what)
{
	static const uint8_t zeros[64];
	const struct btf_show_opts opts = { BTF_SHOW_C, 0 };
	struct btf *btf = parse_ok();
	struct str text = STR_INIT;
	struct btf_fields *fields;

	for (uint32_t id = 0; btf && id < btf_type_cnt(btf); id++) {
		btf_show(&(struct btf_value){ btf, id, zeros, sizeof(zeros) }, &opts, &text);
		btf_type_text(btf, id, &text);
		if (btf_parse_fields(btf, id, ~0u, &fields) == -ENOMEM)
			break;
		mem_free(fields);
	}
	tap_ok(btf, "%s", what);
	str_fini(&text);
	btf_put(btf);
}

static void test_loops(void)
{
	start();
	blob_type(&b, "t", 8, 0, 2);
	tap_eq(finish_errno(), -EEXIST, "btf-typedef-self");
	start();
	blob_type(&b, "t", 8, 0, 3);
	blob_type(&b, "u", 8, 0, 2);
	tap_eq(finish_errno(), -EEXIST, "btf-typedef-loop");
	start();
	blob_type(&b, "", 10, 0, 3);
	blob_type(&b, "", 9, 0, 2);
	tap_eq(finish_errno(), -EEXIST, "btf-const-loop");
	start();
	blob_array(&b, 2, 1, 1);
	tap_eq(finish_errno(), -EEXIST, "btf-array-self");
	start();
	blob_type(&b, "s", 4, 1, 8);
	blob_member(&b, "m", 2, 0);
	tap_eq(finish_errno(), -EEXIST, "btf-struct-self");
	start();
	blob_type(&b, "s", 4, 1, 8);
	blob_member(&b, "m", 3, 0);
	blob_type(&b, "", 2, 0, 2);
	tap_eq(finish_errno(), 0, "a struct may point to itself");
	start();
	blob_type(&b, "", 2, 0, 4);
	blob_array(&b, 4, 1, 2);
	blob_type(&b, "t", 8, 0, 3);
	walk_all("an array inside itself, behind a pointer");
	start();
	for (uint32_t i = 0; i < 200; i++)
		blob_type(&b, "t", 8, 0, i + 1);
	tap_eq(finish_errno(), 0, "btf-deep-chain, built bottom-up");
	start();
	for (uint32_t i = 0; i < 40; i++)
		blob_type(&b, "t", 8, 0, i < 39 ? i + 3 : 1);
	tap_eq(finish_errno(), -E2BIG, "too deep for the resolver, top-down");
}

/* struct flow { unsigned n; signed char delta; char name[7]; unsigned a:3, b:5; enum e kind; } */
static uint32_t add_flow(void)
{
	uint32_t u, sc, c, arr, en, flow;

	u = blob_int(&b, "unsigned int", 4, 32);
	sc = blob_int(&b, "signed char", 1, INT_SIGNED | 8);
	c = blob_int(&b, "char", 1, INT_SIGNED | 8);
	arr = blob_array(&b, c, 1, 7);
	en = blob_type(&b, "e", 6, 2, 4);
	blob_word(&b, blob_str(&b, "TCP"));
	blob_word(&b, 6);
	blob_word(&b, blob_str(&b, "UDP"));
	blob_word(&b, 17);
	flow = blob_type(&b, "flow", 4 | 0x80, 6, 20);
	blob_member(&b, "n", u, 0);
	blob_member(&b, "delta", sc, 32);
	blob_member(&b, "name", arr, 40);
	blob_member(&b, "a", u, 3u << 24 | 96);
	blob_member(&b, "b", u, 5u << 24 | 99);
	blob_member(&b, "kind", en, 128);
	return flow;
}

static void show_is(const struct btf_value *value, const struct btf_show_opts *opts,
		    const char *want, const char *what)
{
	struct str text = STR_INIT;

	btf_show(value, opts, &text);
	tap_str(str_c(&text), want, "%s", what);
	str_fini(&text);
}

static void test_show(void)
{
	const struct btf_show_opts c = { BTF_SHOW_C, 0 }, json = { BTF_SHOW_JSON, 0 },
				   lines = { BTF_SHOW_C, 2 };
	uint32_t flow, ptr, arr, var, sec;
	uint8_t data[40] = { 0 };
	struct str text = STR_INIT;
	struct btf *btf;

	start();
	flow = add_flow();
	ptr = blob_type(&b, "", 2, 0, flow);
	arr = blob_array(&b, flow, 1, 2);
	var = blob_type(&b, "flows", 14, 0, arr);
	blob_word(&b, 1);
	sec = blob_type(&b, ".bss", 15, 1, 40);
	blob_word(&b, var);
	blob_word(&b, 0);
	blob_word(&b, 40);
	btf = parse_ok();
	if (!btf)
		return;
	store_u32(data, 3000000000u);
	data[4] = 0xff;
	memcpy(data + 5, "eth0", 4);
	data[12] = HOST_BIG_ENDIAN ? 0xb1 : 0x8d; /* a = 5, b = 17 */
	store_u32(data + 16, 6);
	show_is(&(struct btf_value){ btf, flow, data, 20 }, &c,
		"{.n = 3000000000, .delta = -1, .name = \"eth0\", .a = 5, .b = 17, .kind = TCP}",
		"a struct in C style");
	show_is(&(struct btf_value){ btf, flow, data, 20 }, &json,
		"{\"n\":3000000000,\"delta\":-1,\"name\":\"eth0\",\"a\":5,\"b\":17,"
		"\"kind\":\"TCP\"}",
		"the same in JSON");
	show_is(&(struct btf_value){ btf, flow, data, 16 }, &c, "…",
		"a value that is cut off is not read");
	store_u32(data + 16, 9);
	show_is(&(struct btf_value){ btf, sec, data, 40 }, &lines,
		"{\n  .flows = [{\n      .n = 3000000000,\n      .delta = -1,\n"
		"      .name = \"eth0\",\n      .a = 5,\n      .b = 17,\n"
		"      .kind = 9\n    }, {\n"
		"      .n = 0,\n      .delta = 0,\n      .name = [0, 0, 0, 0, 0, 0, 0],\n"
		"      .a = 0,\n      .b = 0,\n      .kind = 0\n    }]\n}",
		"a data section over several lines");
	btf_type_text(btf, ptr, &text);
	tap_str(str_c(&text), "struct flow *", "a pointer's type");
	str_reset(&text);
	btf_type_text(btf, arr, &text);
	tap_str(str_c(&text), "struct flow[2]", "an array's type");
	str_fini(&text);
	btf_put(btf);
}

static void test_map_types(void)
{
	struct btf_map_types types = { .key_size_bytes = 4, .value_size_bytes = 20,
				       .max_entries = 1, .key = BTF_KEY_INDEX_OR_SECTION };
	uint32_t flow, timer, holder;
	struct btf_fields *fields;
	struct btf *btf;

	start();
	flow = add_flow();
	timer = blob_type(&b, "bpf_timer", 4, 0, 16);
	holder = blob_type(&b, "holder", 4, 1, 16);
	blob_member(&b, "t", timer, 0);
	btf = parse_ok();
	if (!btf)
		return;
	types.key_id = 1;
	types.value_id = flow;
	tap_eq(btf_map_check(btf, &types), 0, "int to struct");
	types.value_size_bytes = 16;
	tap_eq(btf_map_check(btf, &types), -EINVAL, "value of another size");
	types.value_size_bytes = 20;
	types.key_id = 0;
	tap_eq(btf_map_check(btf, &types), -EINVAL, "an array without key type");
	types.key_id = flow;
	types.key_size_bytes = 20;
	tap_eq(btf_map_check(btf, &types), -EINVAL, "an array indexed by a struct");
	types.key = BTF_KEY_ANY;
	tap_eq(btf_map_check(btf, &types), 0, "a hash may be");
	tap_eq(btf_parse_fields(btf, flow, ~0u, &fields), -EINVAL, "a bit-field ends the search");
	tap_ok(!fields, "none there");
	tap_eq(btf_parse_fields(btf, holder, ~0u, &fields), 0, "looked again");
	tap_ok(fields && fields->cnt == 1 && fields->mask == FIELD_TIMER, "a timer is found");
	tap_ok(fields && btf_field_at(fields, 0, FIELD_TIMER), "at offset 0");
	mem_free(fields);
	tap_eq(btf_find(btf, BTF_KIND_STRUCT, "holder"), holder, "found by name");
	btf_put(btf);
}

int main(void)
{
	test_header();
	test_records();
	test_loops();
	test_show();
	test_map_types();
	return tap_done();
}
