/* SPDX-License-Identifier: BSD-2-Clause */
/* As reasons.bpf.c: formats that bpf_snprintf takes, and those that it does not. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define ACCEPTED __attribute__((btf_decl_tag("accepted=")))
#define REFUSED	 __attribute__((btf_decl_tag("reason=Invalid format string")))

/* A program that formats one number, or two, or none. */
#define FORMAT(name, verdict, cnt, text)                                                           \
	static const char text_##name[] = text;                                                    \
	SEC("tc")                                                                                  \
	verdict int format_##name(struct __sk_buff *skb)                                           \
	{                                                                                          \
		char buf[8];                                                                       \
		__u64 args[2] = { 1, 2 };                                                          \
                                                                                                   \
		return bpf_snprintf(buf, 8, text_##name, args, 8 * cnt);                           \
	}

FORMAT(plain, ACCEPTED, 1, "%d")
FORMAT(long, ACCEPTED, 2, "%ld %llx")
FORMAT(longer, REFUSED, 1, "%llld")
FORMAT(flags, ACCEPTED, 2, "%-08u%+d")
FORMAT(percent, ACCEPTED, 1, "100%% %i\n")
FORMAT(char, ACCEPTED, 1, "%c")
FORMAT(string, ACCEPTED, 2, "%s,%s")
FORMAT(string_word, REFUSED, 1, "%sx")
FORMAT(pointer, ACCEPTED, 2, "%p %p")
FORMAT(pointer_digit, REFUSED, 1, "%p0")
FORMAT(pointer_upper, REFUSED, 1, "%pZ")
FORMAT(pointer_string, ACCEPTED, 2, "%pks,%pus")
FORMAT(pointer_string_word, REFUSED, 1, "%pksx")
FORMAT(pointer_k, REFUSED, 1, "%pk")
FORMAT(pointer_symbol, ACCEPTED, 2, "%pS%pB")
FORMAT(pointer_ip4, ACCEPTED, 1, "%pi4")
FORMAT(pointer_ip6, ACCEPTED, 1, "%pI6")
FORMAT(pointer_ip5, REFUSED, 1, "%pI5")
FORMAT(too_few, REFUSED, 1, "%d %d")
FORMAT(octal, REFUSED, 1, "%o")
FORMAT(ends, REFUSED, 1, "%l")
FORMAT(control, REFUSED, 1, "\x01%d")
FORMAT(delete, REFUSED, 1, "\x7f%d")
FORMAT(above_ascii, ACCEPTED, 1, "\xc3\xa9%d\x80")
FORMAT(above_ascii_word, REFUSED, 1, "%s\x80")
FORMAT(above_ascii_letter, REFUSED, 1, "%p\xe9")
FORMAT(above_ascii_space, ACCEPTED, 2, "%pks\xa0%s\xb7")
FORMAT(above_ascii_sign, ACCEPTED, 2, "%p\xd7%p\xf7")

char LICENSE[] SEC("license") = "GPL";
