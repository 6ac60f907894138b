/* SPDX-License-Identifier: BSD-2-Clause */
#include "jit/host.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/pages.h"
#include "jit/arm64/regs.h"
#include "jit/target.h"
#include "jit/x86_64/regs.h"
#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#define FILL_BYTES 4096u
/*
 * clang's -fsanitize=function and kcfi look at the bytes before a function that is called by
 * pointer, in whatever host: they must be there.
 */
#define LEAD_BYTES 16u
#define FILLS_MAX  20u /* enough for the rest of a page of 64 KiB */

int jit_mem_new(const struct jit_mem_want *want, struct jit_mem *ret_mem)
{
	struct jit_mem m = {
		.bytes_max = want->code_bytes_max,
		.pad_bytes = MAX(want->pad_bytes % FILL_BYTES, LEAD_BYTES),
		.trap = want->trap,
		.anonymous = want->anonymous,
	};
	int err;

	err = process_room_take((u64)m.bytes_max + m.pad_bytes, want->near, want->reach_bytes,
				&m.room);
	if (err)
		return err;
	m.exec = m.room.start + m.pad_bytes;
	m.near = m.room.near;
	*ret_mem = m;
	return 0;
}

/* The contents of the room as pieces; @fill holds FILL_BYTES of the trap. Returns their count. */
static int pieces_of(const struct jit_mem *m, const void *code, u8 *fill, struct iovec *iov)
{
	u64 tail = m->room.bytes - m->pad_bytes - m->bytes;
	/* The word's bytes must stand where they would in a row that begins with the page. */
	u32 skew = (m->pad_bytes + m->bytes) % 4;
	int cnt = 0;

	for (u32 i = 0; i < FILL_BYTES; i += 4)
		memcpy(fill + i, &m->trap, 4);
	if (m->pad_bytes)
		iov[cnt++] = (struct iovec){ fill, m->pad_bytes };
	iov[cnt++] = (struct iovec){ (void *)(uintptr_t)code, m->bytes };
	while (tail) {
		u64 part = MIN(tail, FILL_BYTES - skew);

		iov[cnt++] = (struct iovec){ fill + skew, part };
		tail -= part;
		skew = 0;
	}
	return cnt;
}

/* Writing beyond the limit for files would raise SIGXFSZ. */
static bool file_may_hold(u64 bytes)
{
	struct rlimit limit;

	return !getrlimit(RLIMIT_FSIZE, &limit) && bytes <= limit.rlim_cur;
}

static int file_write(int fd, struct iovec *iov, int cnt)
{
	while (cnt) {
		ssize_t n = writev(fd, iov, cnt);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		while (cnt && (size_t)n >= iov->iov_len) {
			n -= (ssize_t)iov->iov_len;
			iov++;
			cnt--;
		}
		if (cnt) {
			iov->iov_base = (u8 *)iov->iov_base + n;
			iov->iov_len -= (size_t)n;
		}
	}
	return 0;
}

/*
 * Small code is run soon, and the page faults of its first call cost more than doing it here. Of
 * large code most may never run.
 */
#define POPULATE_BYTES_MAX (64u << 10)

static int map_file(const struct jit_mem *m, struct iovec *iov, int cnt)
{
	int populate = m->room.bytes <= POPULATE_BYTES_MAX ? MAP_POPULATE : 0;
	int err, fd;
	void *p;

	if (mem_fail_now())
		return -ENOMEM;
	fd = memfd_create("skep-jit", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = file_write(fd, iov, cnt);
	if (!err) {
		p = mmap(m->room.start, m->room.bytes, PROT_READ | PROT_EXEC,
			 MAP_PRIVATE | MAP_FIXED | populate, fd, 0);
		err = p == MAP_FAILED ? -errno : 0;
	}
	close(fd);
	return err;
}

static int map_anonymous(const struct jit_mem *m, const struct iovec *iov, int cnt)
{
	u8 *p;

	if (mem_fail_now())
		return -ENOMEM;
	p = mmap(m->room.start, m->room.bytes, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	for (int i = 0; i < cnt; i++) {
		memcpy(p, iov[i].iov_base, iov[i].iov_len);
		p += iov[i].iov_len;
	}
	return mprotect(m->room.start, m->room.bytes, PROT_READ | PROT_EXEC) ? -errno : 0;
}

int jit_mem_seal(struct jit_mem *m, const void *code, u32 code_bytes)
{
	_Alignas(8) u8 fill[FILL_BYTES];
	struct iovec iov[FILLS_MAX];
	int cnt, err = -ENOSYS;

	if (!code_bytes || code_bytes > m->bytes_max || m->bytes)
		return -EINVAL;
	process_room_trim(&m->room, (u64)code_bytes + m->pad_bytes);
	m->bytes = code_bytes;
	cnt = pieces_of(m, code, fill, iov);
	if (!m->anonymous && file_may_hold(m->room.bytes))
		err = map_file(m, iov, cnt);
	/* No files (seccomp), none to be executed (SELinux, vm.memfd_noexec), no descriptor left.
	 */
	if (err && err != -ENOMEM) {
		cnt = pieces_of(m, code, fill, iov);
		err = map_anonymous(m, iov, cnt);
	}
	if (err)
		return err;
	/* Nothing on x86-64. */
	__builtin___clear_cache((char *)m->exec, (char *)m->exec + code_bytes);
	return 0;
}

void jit_mem_free(struct jit_mem *m)
{
	struct process_room *room = &m->room;

	/*
	 * Without memory for a mapping of its own the room keeps the old one, inaccessible, until
	 * its next owner maps over it.
	 */
	if (m->bytes &&
	    mmap(room->start, room->bytes, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED)
		(void)mprotect(room->start, room->bytes, PROT_NONE);
	process_room_give(room);
	*m = (struct jit_mem){ 0 };
}

#if defined(__x86_64__)

/* By number in instructions. */
static const u8 greg_of[16] = {
	REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
	REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
};

u64 jit_host_pc(const void *ucontext)
{
	return (u64)((const ucontext_t *)ucontext)->uc_mcontext.gregs[REG_RIP];
}

u64 jit_host_reg(const void *ucontext, u32 reg)
{
	return (u64)((const ucontext_t *)ucontext)->uc_mcontext.gregs[greg_of[reg % 16]];
}

void jit_host_set_reg(void *ucontext, u32 reg, u64 value)
{
	((ucontext_t *)ucontext)->uc_mcontext.gregs[greg_of[reg % 16]] = (s64)value;
}

void jit_host_redirect(void *ucontext, u64 pc)
{
	((ucontext_t *)ucontext)->uc_mcontext.gregs[REG_RIP] = (s64)pc;
}

bool jit_host_fault_is_write(const void *ucontext)
{
	/* Bit 1 of the page fault's error code (Intel SDM, volume 3, 4.7). */
	return ((const ucontext_t *)ucontext)->uc_mcontext.gregs[REG_ERR] & 2;
}

#elif defined(__aarch64__)

u64 jit_host_pc(const void *ucontext)
{
	return ((const ucontext_t *)ucontext)->uc_mcontext.pc;
}

u64 jit_host_reg(const void *ucontext, u32 reg)
{
	const mcontext_t *mc = &((const ucontext_t *)ucontext)->uc_mcontext;

	return reg % 32 == 31 ? mc->sp : mc->regs[reg % 32];
}

void jit_host_set_reg(void *ucontext, u32 reg, u64 value)
{
	mcontext_t *mc = &((ucontext_t *)ucontext)->uc_mcontext;

	if (reg % 32 == 31)
		mc->sp = value;
	else
		mc->regs[reg % 32] = value;
}

void jit_host_redirect(void *ucontext, u64 pc)
{
	mcontext_t *mc = &((ucontext_t *)ucontext)->uc_mcontext;

	mc->pc = pc;
	/* BTYPE: or the stub would have to begin with a bti of the right kind. */
	mc->pstate &= ~(3ull << 10);
}

/* The syndrome that the kernel adds to the context (ESR_MAGIC); its bit 6 is WnR (Arm ARM,
 * ESR_EL1). */
bool jit_host_fault_is_write(const void *ucontext)
{
	const u8 *p = (const void *)((const ucontext_t *)ucontext)->uc_mcontext.__reserved;
	const u8 *end = p + sizeof(((const ucontext_t *)ucontext)->uc_mcontext.__reserved);

	while (end - p >= 16) {
		u32 magic, bytes;
		u64 esr;

		memcpy(&magic, p, 4);
		memcpy(&bytes, p + 4, 4);
		memcpy(&esr, p + 8, 8);
		if (magic == 0x45535201)
			return esr >> 6 & 1;
		if (!magic || bytes < 8 || bytes > end - p)
			return false;
		p += bytes;
	}
	return false;
}

#else /* no JIT on this machine: nothing calls these */

u64 jit_host_pc(const void *ucontext)
{
	(void)ucontext;
	return 0;
}

u64 jit_host_reg(const void *ucontext, u32 reg)
{
	(void)ucontext;
	(void)reg;
	return 0;
}

void jit_host_set_reg(void *ucontext, u32 reg, u64 value)
{
	(void)ucontext;
	(void)reg;
	(void)value;
}

void jit_host_redirect(void *ucontext, u64 pc)
{
	(void)ucontext;
	(void)pc;
}

bool jit_host_fault_is_write(const void *ucontext)
{
	(void)ucontext;
	return false;
}

#endif

u64 jit_host_fault_addr(const void *siginfo)
{
	return ptr_to_u64(((const siginfo_t *)siginfo)->si_addr);
}

bool jit_host_fault_is_memory(int sig)
{
	return sig == SIGSEGV || sig == SIGBUS;
}

#if defined(__x86_64__)

const struct jit_target *jit_host_target(void)
{
	return &jit_target_x86_64;
}

u64 jit_host_features(void)
{
	u64 features = 0;

	/* Looked up once for each process: cpuid itself takes microseconds in virtual machines. */
	__builtin_cpu_init();
	if (__builtin_cpu_supports("bmi2"))
		features |= X86_HAS_BMI2;
	if (__builtin_cpu_supports("movbe"))
		features |= X86_HAS_MOVBE;
	return features;
}

#elif defined(__aarch64__)

const struct jit_target *jit_host_target(void)
{
	return &jit_target_arm64;
}

u64 jit_host_features(void)
{
	const unsigned long caps = getauxval(AT_HWCAP);

	return (caps & HWCAP_ATOMICS ? A64_HAS_LSE : 0) | (caps & HWCAP_SB ? A64_HAS_SB : 0);
}

#else

const struct jit_target *jit_host_target(void)
{
	return NULL;
}

u64 jit_host_features(void)
{
	return 0;
}

#endif
