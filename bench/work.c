/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The workloads, written once and compiled several ways:
 *
 *	FORM_NATIVE	gcc -O2: functions native_NAME(mem)
 *	FORM_RAW	BPF, one section raw/NAME each: r1 = memory, result in r0
 *	FORM_KERNEL	BPF, one XDP program each, over a global array: the kernel
 *	FORM_STRAIGHT	BPF cpu v2, the loop-free ones, one section raw/NAME each: for rte_bpf
 *
 * Each takes MEM_BYTES of memory and returns a number that depends on all that it did. Indices are
 * masked or bounded by constants, so that the kernel's verifier follows.
 */
#define MEM_BYTES 4096

#define INLINE   static inline __attribute__((always_inline, unused))
#define NOINLINE static __attribute__((noinline, unused))

typedef __UINT8_TYPE__ u8;
typedef __UINT16_TYPE__ u16;
typedef __UINT32_TYPE__ u32;
typedef __UINT64_TYPE__ u64;

#if defined(FORM_STRAIGHT)
#define UNROLL _Pragma("clang loop unroll(full)")
/* Keeps the compiler from moving all loads of an unrolled loop to its front. */
#define IN_ORDER(v) __asm__ volatile("" : "+r"(v) : : "memory")
#elif defined(__bpf__)
#define UNROLL _Pragma("clang loop unroll(disable)")
#else
#define UNROLL
#endif
#if !defined(FORM_STRAIGHT)
#define IN_ORDER(v)
#endif

INLINE u32 rol32(u32 v, u32 n)
{
	return v << n | v >> (32 - n);
}

INLINE u64 rol64(u64 v, u32 n)
{
	return v << n | v >> (64 - n);
}

INLINE u64 fnv1a_over(const u8 *mem, u32 len)
{
	u64 h = 0xcbf29ce484222325ULL;

	UNROLL
	for (u32 i = 0; i < len; i++)
		h = (h ^ mem[i]) * 0x100000001b3ULL;
	return h;
}

/* Jenkins' lookup3 over words, as hash tables of packets use it. */
INLINE u64 jhash_over(const u8 *mem, u32 len)
{
	const u32 *k = (const u32 *)mem;
	u32 a = 0xdeadbeef + len, b = a, c = a;

	UNROLL
	for (u32 i = 0; i + 3 <= len / 4; i += 3) {
		a += k[i];
		b += k[i + 1];
		c += k[i + 2];
		a = (a - c) ^ rol32(c, 4), c += b;
		b = (b - a) ^ rol32(a, 6), a += c;
		c = (c - b) ^ rol32(b, 8), b += a;
		a = (a - c) ^ rol32(c, 16), c += b;
		b = (b - a) ^ rol32(a, 19), a += c;
		c = (c - b) ^ rol32(b, 4), b += a;
	}
	c = (c ^ b) - rol32(b, 14);
	a = (a ^ c) - rol32(c, 11);
	b = (b ^ a) - rol32(a, 25);
	return (u64)b << 32 | c;
}

struct sip {
	u64 v0, v1, v2, v3;
};

INLINE void sip_round(struct sip *s)
{
	s->v0 += s->v1, s->v1 = rol64(s->v1, 13) ^ s->v0, s->v0 = rol64(s->v0, 32);
	s->v2 += s->v3, s->v3 = rol64(s->v3, 16) ^ s->v2;
	s->v0 += s->v3, s->v3 = rol64(s->v3, 21) ^ s->v0;
	s->v2 += s->v1, s->v1 = rol64(s->v1, 17) ^ s->v2, s->v2 = rol64(s->v2, 32);
}

INLINE u64 siphash_over(const u8 *mem, u32 len)
{
	struct sip s = {0x736f6d6570736575ULL, 0x646f72616e646f6dULL, 0x6c7967656e657261ULL,
			0x7465646279746573ULL};
	const u64 *m = (const u64 *)mem;

	UNROLL
	for (u32 i = 0; i < len / 8; i++) {
		s.v3 ^= m[i];
		sip_round(&s);
		sip_round(&s);
		s.v0 ^= m[i];
	}
	s.v2 ^= 0xff;
	sip_round(&s);
	sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

INLINE u64 ip_checksum_over(const u8 *mem, u32 len)
{
	const u16 *w = (const u16 *)mem;
	u32 sum = 0;

	UNROLL
	for (u32 i = 0; i < len / 2; i++)
		sum += w[i];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (u16)~sum;
}

INLINE u32 log2_of(u32 v)
{
	u32 r = 0;

	if (v >= 1u << 16)
		v >>= 16, r += 16;
	if (v >= 1u << 8)
		v >>= 8, r += 8;
	if (v >= 1u << 4)
		v >>= 4, r += 4;
	if (v >= 1u << 2)
		v >>= 2, r += 2;
	return r + (v >> 1);
}

INLINE u64 log2_over(const u8 *mem, u32 count)
{
	const u32 *w = (const u32 *)mem;
	u64 sum = 0;

	UNROLL
	for (u32 i = 0; i < count; i++) {
		IN_ORDER(sum);
		sum += log2_of(w[i] | 1);
	}
	return sum;
}

INLINE u64 switch_over(const u8 *mem, u32 count)
{
	u64 acc = 1;

	UNROLL
	for (u32 i = 0; i < count; i++) {
		switch (mem[i] & 7) {
		case 0:
			acc += 7;
			break;
		case 1:
			acc ^= acc << 3;
			break;
		case 2:
			acc *= 5;
			break;
		case 3:
			acc -= mem[i];
			break;
		case 4:
			acc ^= acc >> 7;
			break;
		case 5:
			acc += acc << 1;
			break;
		case 6:
			acc = ~acc;
			break;
		default:
			acc ^= 0x55;
		}
	}
	return acc;
}

INLINE u64 fnv1a(u8 *mem)
{
	return fnv1a_over(mem, 64);
}

INLINE u64 jhash_64(u8 *mem)
{
	return jhash_over(mem, 64);
}

INLINE u64 jhash_1500(u8 *mem)
{
	return jhash_over(mem, 1500);
}

INLINE u64 siphash(u8 *mem)
{
	return siphash_over(mem, 256);
}

/* Bit by bit. */
INLINE u64 crc32(u8 *mem)
{
	u32 crc = ~0u;

	UNROLL
	for (u32 i = 0; i < 256; i++) {
		crc ^= mem[i];
		UNROLL
		for (u32 bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0xedb88320 & (0 - (crc & 1)));
	}
	return ~crc;
}

INLINE u64 ip_checksum(u8 *mem)
{
	return ip_checksum_over(mem, 1500);
}

/* Primes below 1,024; the sieve takes the last quarter of the memory. */
INLINE u64 sieve(u8 *mem)
{
	u8 *composite = mem + 3072;
	u64 primes = 0;

	UNROLL
	for (u32 i = 0; i < 1024; i++)
		composite[i] = 0;
	UNROLL
	for (u32 i = 2; i < 32; i++) {
		if (composite[i])
			continue;
		UNROLL
		for (u32 k = i * i; k < 1024; k += i)
			composite[k & 1023] = 1;
	}
	UNROLL
	for (u32 i = 2; i < 1024; i++)
		primes += !composite[i];
	return primes;
}

/* c = a * b, 16 by 16 words of 32 bits; c lies in the last quarter. */
INLINE u64 matrix(u8 *mem)
{
	const u32 *a = (const u32 *)mem, *b = (const u32 *)(mem + 1024);
	u32 *c = (u32 *)(mem + 3072);
	u64 trace = 0;

	UNROLL
	for (u32 i = 0; i < 16; i++) {
		UNROLL
		for (u32 j = 0; j < 16; j++) {
			u32 sum = 0;

			UNROLL
			for (u32 k = 0; k < 16; k++)
				sum += a[i * 16 + k] * b[k * 16 + j];
			c[i * 16 + j] = sum;
		}
		trace += c[i * 17];
	}
	return trace;
}

/* Copies 255 bytes, then compares them one by one. */
INLINE u64 strcmp_255(u8 *mem)
{
	u8 *copy = mem + 3072;
	u32 i;

	UNROLL
	for (i = 0; i < 255; i++)
		copy[i] = mem[i];
	UNROLL
	for (i = 0; i < 255; i++)
		if (((volatile u8 *)copy)[i] != mem[i])
			break;
	return i;
}

INLINE u64 log2_256(u8 *mem)
{
	return log2_over(mem, 256);
}

INLINE u64 switch_256(u8 *mem)
{
	return switch_over(mem, 256);
}

NOINLINE u64 mix(u64 a, u64 b)
{
	a ^= b * 0x9e3779b97f4a7c15ULL;
	return a ^ a >> 29;
}

INLINE u64 calls(u8 *mem)
{
	const u64 *w = (const u64 *)mem;
	u64 h = 1;

	UNROLL
	for (u32 i = 0; i < 128; i++)
		h = mix(h, w[i]);
	return h;
}

/* Each byte says where the next one is. */
INLINE u64 chase(u8 *mem)
{
	u32 at = 1, sum = 0;

	UNROLL
	for (u32 i = 0; i < 256; i++) {
		at = (mem[at & 2047] + at * 5 + 1) & 2047;
		sum += at;
	}
	return sum;
}

INLINE u64 atomic_add(u8 *mem)
{
	u64 *counters = (u64 *)(mem + 3072);

	UNROLL
	for (u32 i = 0; i < 64; i++)
		__sync_fetch_and_add(&counters[i & 7], i);
	return 64;
}

/* Insertion sort of 64 words that are copied first. */
INLINE u64 sort(u8 *mem)
{
	const u32 *in = (const u32 *)mem;
	u32 *v = (u32 *)(mem + 3072);

	UNROLL
	for (u32 i = 0; i < 64; i++) {
		u32 x = in[i], k = i;

		UNROLL
		while (k > 0 && k < 64 && v[k - 1] > x) {
			v[k] = v[k - 1];
			k--;
		}
		v[k & 63] = x;
	}
	return (u64)v[0] << 32 | v[63];
}

INLINE u64 divide(u8 *mem)
{
	const u32 *w = (const u32 *)mem;
	u64 sum = 0;

	UNROLL
	for (u32 i = 0; i < 128; i++) {
		u64 v = (u64)w[i] << 8 | w[i + 1] >> 24;

		sum += v / 1000003 + v % (w[i + 2] | 1);
	}
	return sum;
}

/* The loop-free ones. Few branches: rte_bpf walks every path to its end when it loads a program. */
INLINE u64 s_fnv1a(u8 *mem)
{
	return fnv1a_over(mem, 64);
}

INLINE u64 s_jhash(u8 *mem)
{
	return jhash_over(mem, 64);
}

INLINE u64 s_siphash(u8 *mem)
{
	return siphash_over(mem, 64);
}

INLINE u64 s_ip_checksum(u8 *mem)
{
	return ip_checksum_over(mem, 256);
}

INLINE u64 s_log2(u8 *mem)
{
	return log2_over(mem, 3);
}

INLINE u64 s_switch(u8 *mem)
{
	return switch_over(mem, 4);
}

/* A 5-tuple of an IPv4 packet without options, mixed into one word. */
INLINE u64 s_parse(u8 *mem)
{
	u64 h = mem[12] == 8 ? 1 : 2;

	if ((mem[14] & 0xf) < 5)
		h += 3;
	h = h * 31 + *(u32 *)(mem + 28);
	h = h * 31 + *(u32 *)(mem + 32);
	if (mem[23] == 6 || mem[23] == 17)
		h = h * 31 + *(u32 *)(mem + 36);
	return h * 31 + mem[23];
}

#if defined(FORM_NATIVE)
#ifndef NATIVE_NAME
#define NATIVE_NAME native_
#endif
#define PASTE2(a, b) a##b
#define PASTE(a, b)  PASTE2(a, b)

#define ENTRY(name, fn)             \
	u64 PASTE(NATIVE_NAME, name)(u8 *mem); \
	u64 PASTE(NATIVE_NAME, name)(u8 *mem)  \
	{                           \
		return fn(mem);     \
	}
#define ENTRY_STRAIGHT ENTRY

#elif defined(FORM_KERNEL)

/* The kernel's verdict has 32 bits: both halves of the result, folded. */
u8 memory[MEM_BYTES] __attribute__((aligned(8)));
char LICENSE[] __attribute__((section("license"), used)) = "Dual BSD/GPL";

#define ENTRY(name, fn)                                               \
	__attribute__((section("xdp"), used)) int w_##name(void *ctx) \
	{                                                             \
		u64 r = fn(memory);                                   \
		return (int)(r ^ r >> 32);                            \
	}
#define ENTRY_STRAIGHT ENTRY

__attribute__((section("xdp"), used)) int w_empty(void *ctx)
{
	return 0;
}

#else

#define BPF_ENTRY(name, fn)                                                \
	__attribute__((section("raw/" #name), used)) u64 w_##name(u8 *mem) \
	{                                                                  \
		return fn(mem);                                            \
	}
#if defined(FORM_STRAIGHT)
#define ENTRY(name, fn)
#define ENTRY_STRAIGHT BPF_ENTRY
#else
#define ENTRY BPF_ENTRY
#define ENTRY_STRAIGHT(name, fn)
#endif

#endif

ENTRY(fnv1a, fnv1a)
ENTRY(jhash_64, jhash_64)
ENTRY(jhash_1500, jhash_1500)
ENTRY(siphash, siphash)
ENTRY(crc32, crc32)
ENTRY(ip_checksum, ip_checksum)
ENTRY(sieve, sieve)
ENTRY(matrix, matrix)
ENTRY(strcmp, strcmp_255)
ENTRY(log2, log2_256)
ENTRY(switch, switch_256)
ENTRY(calls, calls)
ENTRY(chase, chase)
ENTRY(atomic_add, atomic_add)
ENTRY(sort, sort)
ENTRY(divide, divide)
ENTRY_STRAIGHT(s_fnv1a, s_fnv1a)
ENTRY_STRAIGHT(s_jhash, s_jhash)
ENTRY_STRAIGHT(s_siphash, s_siphash)
ENTRY_STRAIGHT(s_ip_checksum, s_ip_checksum)
ENTRY_STRAIGHT(s_log2, s_log2)
ENTRY_STRAIGHT(s_switch, s_switch)
ENTRY_STRAIGHT(s_parse, s_parse)
