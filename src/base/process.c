/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registry of identity files and the thread's current instance: all the mutable process-wide
 * state that the library has.
 *
 * 1. A file is in the registry as long as we hold its lease descriptor, so its inode number cannot
 *    be reused meanwhile.
 * 2. The write lease is asked for on a *re-opened*, read-only descriptor: on the one that
 *    memfd_create() returned the answer is inverted, because that one is counted nowhere.
 * 3. Breaking a lease raises a signal, SIGIO by default, which kills. Ours raises SIGURG, which is
 *    ignored by default, and is given back at once.
 * 4. After fork() both processes have the lease descriptor, one open file description that is no
 *    conflict with itself; so a lease is given back explicitly, not by closing.
 */
#include "base/process.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

#define FILE_BUCKETS	   1024u
#define FILE_SWEEP_CNT_MIN 64u

struct process_file {
	struct process_file *next; /* in its bucket, or in a list of the dead */
	u64 dev, ino;
	int lease_fd;
	const struct process_file_ops *ops;
	void *cookie;
	struct process_file **slot;
};

static pthread_mutex_t files_lock = PTHREAD_MUTEX_INITIALIZER; /* guards the two below */
static struct process_file *file_buckets[FILE_BUCKETS];
static u32 file_cnt, file_cnt_sweep = FILE_SWEEP_CNT_MIN;

static thread_local_var void *current_instance;

void *process_current(void)
{
	return current_instance;
}

void process_current_set(void *instance)
{
	current_instance = instance;
}

static thread_local_var void *current_note;

void *process_note(void)
{
	return current_note;
}

void process_note_set(void *note)
{
	current_note = note;
}

static struct process_file **bucket_of(u64 ino)
{
	return &file_buckets[ino % FILE_BUCKETS];
}

/* A descriptor of its own open file description. */
static int fd_reopen(int fd, int oflags)
{
	char path[32];
	int new_fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	new_fd = open(path, oflags | O_CLOEXEC);
	return new_fd < 0 ? -errno : new_fd;
}

static int file_setup(struct process_file *file, int memfd)
{
	struct stat st;
	int fd;

	if (fstat(memfd, &st))
		return -errno;
	fd = fd_reopen(memfd, O_RDONLY);
	if (fd < 0)
		return fd;
	if (fcntl(fd, F_SETSIG, SIGURG)) {
		int err = -errno;

		close(fd);
		return err;
	}
	file->dev = st.st_dev;
	file->ino = st.st_ino;
	file->lease_fd = fd;
	return 0;
}

static int file_new_locked(const struct process_file_spec *spec, struct process_file **ret_file)
{
	struct process_file *file = mem_zalloc(sizeof(*file));
	int memfd = spec->memfd, err;

	if (!file)
		return -ENOMEM;
	if (memfd < 0)
		memfd = memfd_create(spec->name, MFD_CLOEXEC);
	err = memfd < 0 ? -errno : file_setup(file, memfd);
	if (memfd >= 0 && memfd != spec->memfd)
		close(memfd);
	if (err) {
		mem_free(file);
		return err;
	}
	file->ops = spec->ops;
	file->cookie = spec->cookie;
	file->slot = spec->slot;
	*ret_file = file;
	return 0;
}

static void file_publish_locked(struct process_file *file)
{
	struct process_file **bucket = bucket_of(file->ino);

	file->ops->hold(file->cookie);
	file->ops->born(file->cookie);
	file->next = *bucket;
	*bucket = file;
	*file->slot = file;
	file_cnt++;
}

int process_file_open(const struct process_file_spec *spec, int oflags)
{
	struct process_file *file;
	int fd = 0;
	bool crowded;

	pthread_mutex_lock(&files_lock);
	file = *spec->slot;
	if (!file)
		fd = file_new_locked(spec, &file);
	if (!fd) {
		fd = fd_reopen(file->lease_fd, oflags);
		if (fd >= 0 && !*spec->slot) {
			file_publish_locked(file);
		} else if (!*spec->slot) {
			close(file->lease_fd);
			mem_free(file);
		}
	}
	crowded = file_cnt > file_cnt_sweep;
	pthread_mutex_unlock(&files_lock);
	/* Amortised: each sweep looks at twice what the last one left. */
	if (crowded)
		process_file_sweep();
	return fd;
}

int process_file_find(int fd, const struct process_file_ops *ops, void **ret_cookie,
		      int *ret_oflags)
{
	struct process_file *file;
	struct stat st;
	int oflags;

	if (fstat(fd, &st))
		return -EBADF;
	oflags = fcntl(fd, F_GETFL);
	if (oflags < 0)
		return -EBADF;
	pthread_mutex_lock(&files_lock);
	for (file = *bucket_of(st.st_ino); file; file = file->next) {
		if (file->ino == st.st_ino && file->dev == st.st_dev && file->ops == ops)
			break;
	}
	if (file) {
		ops->hold(file->cookie);
		*ret_cookie = file->cookie;
		*ret_oflags = oflags;
	}
	pthread_mutex_unlock(&files_lock);
	return file ? 0 : -EINVAL;
}

/* True when no descriptor and no mapping but ours is left. */
static bool file_is_alone(const struct process_file *file)
{
	if (fcntl(file->lease_fd, F_SETLEASE, F_WRLCK))
		return false;
	fcntl(file->lease_fd, F_SETLEASE, F_UNLCK);
	return true;
}

void process_file_sweep(void)
{
	struct process_file *dead = NULL, *file;

	pthread_mutex_lock(&files_lock);
	for (u32 b = 0; file_cnt && b < FILE_BUCKETS; b++) {
		struct process_file **link = &file_buckets[b];

		while ((file = *link)) {
			if (!file_is_alone(file)) {
				link = &file->next;
				continue;
			}
			*link = file->next;
			*file->slot = NULL;
			file->next = dead;
			dead = file;
			file_cnt--;
		}
	}
	file_cnt_sweep = MAX(file_cnt * 2, FILE_SWEEP_CNT_MIN);
	pthread_mutex_unlock(&files_lock);

	while ((file = dead)) {
		dead = file->next;
		close(file->lease_fd);
		file->ops->gone(file->cookie);
		mem_free(file);
	}
}
