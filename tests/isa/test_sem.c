/* SPDX-License-Identifier: BSD-2-Clause */
/* The corners of isa/sem.h, with the results that RFC 9669 states. */
#include "isa/sem.h"
#include "tests/tap.h"

#define MIN64 (1ULL << 63)
#define MIN32 0x80000000ULL

int main(void)
{
	tap_eq(sem_div64(7, 0), 0, "x / 0 is 0");
	tap_eq(sem_mod64(7, 0), 7, "x %% 0 is x");
	tap_eq(sem_mod32(0x500000007, 0), 7, "the 32-bit remainder by 0 clears the upper half");
	tap_eq(sem_div32(0x500000007, 0x100000000), 0, "a 32-bit divisor is the low half");
	tap_eq(sem_sdiv64(MIN64, (u64)-1), MIN64, "least 64-bit number s/ -1");
	tap_eq(sem_smod64(MIN64, (u64)-1), 0, "least 64-bit number s%% -1");
	tap_eq(sem_sdiv32(MIN32, 0xffffffff), MIN32, "least 32-bit number s/ -1");
	tap_eq(sem_smod32(MIN32, 0xffffffff), 0, "least 32-bit number s%% -1");
	tap_eq(sem_sdiv32(MIN32, 2), 0xc0000000, "least 32-bit number s/ 2");
	tap_eq(sem_smod32(MIN32, 3), 0xfffffffe, "least 32-bit number s%% 3");
	tap_eq(sem_sdiv64((u64)-13, 3), (u64)-4, "s/ truncates towards zero");
	tap_eq(sem_smod64((u64)-13, 3), (u64)-1, "s%% takes the dividend's sign");
	tap_eq(sem_smod32(5, 0), 5, "s%% 0 is x");
	tap_eq(sem_lsh64(1, 64), 1, "64-bit shift counts are taken modulo 64");
	tap_eq(sem_lsh32(1, 33), 2, "32-bit shift counts are taken modulo 32");
	tap_eq(sem_arsh32(MIN32, 31), 0xffffffff, "arsh32 zero-extends its result");
	tap_eq(sem_arsh64(MIN64, 63), (u64)-1, "arsh64 keeps the sign");
	tap_eq(sem_neg32(1), 0xffffffff, "neg32 zero-extends");
	tap_eq(sem_movsx8_32(0x80), 0xffffff80, "movsx to 32 bits zero-extends");
	tap_eq(sem_movsx16_64(0x8000), 0xffffffffffff8000, "movsx to 64 bits");
	tap_eq(sem_bswap16(0x11223344), 0x4433, "bswap16 clears the upper bits");
	tap_eq(sem_be32(0x1122334455667788), HOST_BIG_ENDIAN ? 0x55667788 : 0x88776655, "be32");
	tap_eq(sem_le32(0x1122334455667788), HOST_BIG_ENDIAN ? 0x88776655 : 0x55667788, "le32");
	tap_ok(!sem_jset32(0xf00000000, 0xf00000000), "jset32 ignores the upper halves");
	tap_ok(sem_jsgt32(1, 0xffffffff) && !sem_jgt32(1, 0xffffffff), "signed and unsigned");
	tap_eq(sem_ldsx32(0x80000000), 0xffffffff80000000, "signed load of a word");
	return tap_done();
}
