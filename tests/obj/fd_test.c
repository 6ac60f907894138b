/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects: ids, and how long descriptors, duplicates, children, mappings and pins keep them. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "obj/fd.h"
#include "obj/obj.h"
#include "obj/pin.h"
#include "tests/tap.h"

static _Atomic int destroyed, instance_refs = 1;

static void instance_get(void *instance)
{
	++*(_Atomic int *)instance;
}

static void instance_put(void *instance)
{
	--*(_Atomic int *)instance;
}

static const struct obj_home home = { &instance_refs, instance_get, instance_put };

static void thing_destroy(struct obj *obj)
{
	destroyed++;
	mem_free(obj);
}

static struct obj *thing_new(struct obj_table *table)
{
	struct obj *obj = mem_alloc(sizeof(*obj));

	obj_init(obj, OBJ_MAP, thing_destroy);
	if (obj_table_add(table, obj))
		tap_ok(false, "an id");
	return obj;
}

/* A descriptor that holds the only reference to a new object. */
static int thing_fd(struct obj_table *table, u32 rights, int memfd)
{
	struct obj *obj = thing_new(table);
	int fd = obj_fd_open(obj, &home, rights, memfd);

	obj_put(obj);
	destroyed = 0;
	return fd;
}

static bool alive(void)
{
	obj_fd_sweep();
	return !destroyed;
}

static void test_ids(struct obj_table *table)
{
	struct obj *a = thing_new(table), *b = thing_new(table), *c = thing_new(table);
	u32 id_a = a->id, id_b = b->id, id_c = c->id;
	struct obj *found;

	tap_ok(id_a == 1 && id_b == 2 && id_c == 3, "ids count from 1");
	tap_eq(obj_table_next_id(table, 0), id_a, "first id");
	tap_eq(obj_table_next_id(table, id_c), 0, "nothing after the last");
	tap_eq(obj_table_next_id(table, UINT32_MAX), 0, "nothing after the largest number");
	obj_put(b);
	tap_eq(obj_table_next_id(table, id_a), id_c, "a gone id is skipped");
	tap_ok(!obj_table_find(table, id_b), "a gone id is not found");
	found = obj_table_find(table, id_c);
	tap_ok(found == c, "an id is found");
	obj_put(found);
	obj_put(a);
	obj_put(c);
	found = thing_new(table);
	tap_eq(found->id, 4, "ids are not reused");
	obj_put(found);
}

static void test_descriptors(struct obj_table *table)
{
	int fd = thing_fd(table, OBJ_READ | OBJ_WRITE, -1), fd2;
	char path[32], target[64] = "";
	struct obj *obj;
	u32 rights = 0;

	tap_ok(fd >= 0 && alive(), "an open descriptor keeps the object");
	tap_eq(instance_refs, 2, "and its instance");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	tap_ok(readlink(path, target, sizeof(target) - 1) > 0 &&
		       strstr(target, "anon_inode:bpf-map"), "named as bpftool wants it");
	tap_ok(fcntl(fd, F_GETFD) & FD_CLOEXEC, "close-on-exec");
	tap_ok(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EACCES,
	       "cannot be mapped");
	tap_eq(obj_fd_get(&home, fd, OBJ_PROG, &obj, NULL), -EINVAL, "not another kind's");
	tap_eq(obj_fd_get(&home, 0, OBJ_MAP, &obj, NULL), -EINVAL, "not any descriptor");
	tap_eq(obj_fd_get(&home, 9999, OBJ_MAP, &obj, NULL), -EBADF, "not a closed one");
	tap_eq(obj_fd_get(&home, fd, OBJ_MAP, &obj, &rights), 0, "found by descriptor");
	tap_eq(rights, OBJ_READ | OBJ_WRITE, "with its rights");
	fd2 = obj_fd_open(obj, &home, OBJ_READ, -1);
	obj_put(obj);
	close(fd);
	tap_ok(alive(), "a second opening keeps the object");
	tap_eq(obj_fd_get(&home, fd2, OBJ_MAP, &obj, &rights), 0, "found by the second one");
	tap_eq(rights, OBJ_READ, "whose rights are its own");
	close(fd2);
	tap_ok(alive(), "a reference keeps it without any descriptor");
	tap_eq(instance_refs, 1, "but the instance is let go");
	fd = obj_fd_open(obj, &home, OBJ_WRITE, -1);
	obj_put(obj);
	tap_ok(alive(), "a new identity after the first is gone");
	fd2 = dup(fd);
	close(fd);
	tap_ok(alive(), "a duplicate keeps it");
	close(fd2);
	tap_ok(!alive() && destroyed == 1, "the last close lets go");
	tap_eq(instance_refs, 1, "of the instance too");
}

static void test_fork(struct obj_table *table)
{
	int fd = thing_fd(table, OBJ_READ | OBJ_WRITE, -1), to_child[2], status;
	pid_t child;
	char c;

	if (pipe(to_child))
		return;
	child = fork();
	if (!child) {
		close(to_child[1]);
		_exit(read(to_child[0], &c, 1) == 0 ? 0 : 1);
	}
	close(to_child[0]);
	close(fd);
	tap_ok(alive(), "a child's copy keeps the object");
	close(to_child[1]);
	waitpid(child, &status, 0);
	tap_ok(!alive(), "and its exit lets go");
}

static void test_passed(struct obj_table *table)
{
	int fd = thing_fd(table, OBJ_READ | OBJ_WRITE, -1), pair[2];
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return;
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	tap_eq(sendmsg(pair[0], &msg, 0), 1, "sent over a socket");
	close(fd);
	tap_ok(alive(), "a descriptor in flight keeps the object");
	close(pair[0]);
	close(pair[1]);
	tap_ok(!alive(), "and is lost with the socket");
}

static void test_mapping(struct obj_table *table)
{
	int memfd = memfd_create("anon_inode:bpf-map", MFD_CLOEXEC), fd, fd2;
	u32 *ours, *theirs;

	tap_ok(memfd >= 0 && !ftruncate(memfd, 4096), "storage");
	ours = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
	fd = thing_fd(table, OBJ_READ | OBJ_WRITE, memfd);
	fd2 = fd;
	theirs = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	tap_ok(theirs != MAP_FAILED, "a mappable object can be mapped");
	ours[0] = 42;
	tap_eq(theirs[0], 42, "and shows the storage");
	close(fd2);
	tap_ok(alive(), "a mapping keeps the object");
	munmap(theirs, 4096);
	tap_ok(!alive(), "the last unmapping lets go, our own mapping notwithstanding");
	munmap(ours, 4096);
	close(memfd);
}

static void *opener(void *arg)
{
	struct obj_table *table = arg;

	for (int i = 0; i < 2000; i++)
		close(thing_fd(table, OBJ_READ, -1));
	return NULL;
}

static void test_crowd(struct obj_table *table)
{
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, opener, table);
	for (int i = 0; i < 2000; i++)
		obj_fd_sweep();
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	obj_fd_sweep();
	tap_eq(obj_table_next_id(table, 0), 0, "openers against a sweeper: all gone");
}

static void test_pins(struct obj_table *table)
{
	struct obj_pins *pins;
	struct obj *obj = thing_new(table), *got;

	destroyed = 0;
	tap_eq(obj_pins_new(&pins), 0, "a namespace");
	tap_eq(obj_pins_add(pins, "/sys/fs/bpf/a", obj), 0, "pinned");
	tap_eq(obj_pins_add(pins, "/sys/fs//bpf/a", obj), -EEXIST, "the path is taken");
	tap_eq(obj_pins_add(pins, "/sys/fs/bpf/a.b", obj), -EPERM, "no dots");
	tap_eq(obj_pins_add(pins, "", obj), -ENOENT, "no empty path");
	tap_eq(obj_pins_add(pins, "/a/", obj), -EINVAL, "no directory");
	obj_put(obj);
	tap_ok(!destroyed, "the pin keeps the object");
	tap_eq(obj_pins_get(pins, "/sys/fs/bpf/b", &got), -ENOENT, "no such pin");
	tap_eq(obj_pins_get(pins, "/sys/fs/bpf/a", &got), 0, "found by path");
	obj_put(got);
	tap_eq(obj_pins_remove(pins, "/sys/fs/bpf/a"), 0, "unpinned");
	tap_ok(destroyed == 1, "which lets go");
	obj_pins_free(pins);
}

int main(void)
{
	struct obj_table *table;

	if (obj_table_new(&table))
		return 1;
	test_ids(table);
	test_descriptors(table);
	test_fork(table);
	test_passed(table);
	test_mapping(table);
	test_crowd(table);
	test_pins(table);
	obj_table_free(table);
	return tap_done();
}
