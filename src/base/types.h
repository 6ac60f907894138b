/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Short integer names (the kernel's) and the few macros that every room uses.
 * GNU extensions that the whole tree may use are spelled here and nowhere else.
 */
#ifndef SKEP_BASE_TYPES_H
#define SKEP_BASE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What cannot be is asserted, for hostile programs too: an abort, never an unsound proof. */
#ifdef NDEBUG
#error "asserts are part of the verifier: build with -Db_ndebug=false"
#endif

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#define must_check     __attribute__((warn_unused_result))
#define printf_like(f, a) __attribute__((format(printf, f, a)))
#define noreturn_fn    __attribute__((noreturn))
#define noinline_fn    __attribute__((noinline))
#define always_inline  inline __attribute__((always_inline))
#define thread_local_var __thread
#define assume(x)      do { if (!(x)) __builtin_unreachable(); } while (0)
#define likely(x)      __builtin_expect(!!(x), 1)
#define unlikely(x)    __builtin_expect(!!(x), 0)

#define ARRAY_SIZE(a)  (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)      ((a) < (b) ? (a) : (b))
#define MAX(a, b)      ((a) > (b) ? (a) : (b))
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr) - offsetof(type, member)))
#define container_of_const(ptr, type, member) \
	((const type *)(const void *)((const char *)(ptr) - offsetof(type, member)))

/* A pointer as a program's register sees it, and back. */
static inline u64 ptr_to_u64(const void *p)
{
	return (u64)(uintptr_t)p;
}

static inline void *u64_to_ptr(u64 v)
{
	return (void *)(uintptr_t)v;
}

#endif
