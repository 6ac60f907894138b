#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The embedding examples as their readers build them: against an installed libskep, with pkg-config.
argv: the command, the source tree, the build tree.
"""
import os
import shutil
import subprocess
import sys
import tempfile

from tap import TOP, done, ok, skip

BUILD = sys.argv[3]
TMP = tempfile.mkdtemp(prefix='skep-test-')
CC = os.environ.get('CC', 'cc').split()


def run(*args, **kw):
    return subprocess.run(args, capture_output=True, text=True, timeout=120, **kw)


def flags(name, env):
    p = run('pkg-config', '--cflags', '--libs', name, env=env)
    return p.stdout.split() if p.returncode == 0 else None


root = os.path.join(TMP, 'root')
p = run('meson', 'install', '-C', BUILD, '--no-rebuild', '--quiet', env={**os.environ, 'DESTDIR': root})
ok(p.returncode == 0, 'meson install', p.stdout + p.stderr)
pc = [d for d, _, files in os.walk(root) if 'skep.pc' in files]
env = {**os.environ, 'PKG_CONFIG_PATH': ':'.join(pc), 'PKG_CONFIG_SYSROOT_DIR': root}
libdir = os.path.dirname(pc[0]) if pc else ''
run_env = {**os.environ, 'LD_LIBRARY_PATH': libdir}

exe = os.path.join(TMP, 'object')
source = os.path.join(TOP, 'examples', 'embed', 'object.c')
if shutil.which('pkg-config') is None:
    skip('pkg-config', 'pkg-config is not installed')
else:
    p = run(*CC, '-Wall', '-Wextra', '-Werror', source, '-o', exe, *(flags('skep-object', env) or []))
    ok(p.returncode == 0, 'object.c builds with pkg-config skep-object', p.stderr)
    obj = os.path.join(BUILD, 'examples', 'count.bpf.o')
    p = run(exe, obj, 'count', env=run_env)
    ok(p.returncode == 0 and 'count returned 2' in p.stdout, 'it loads an object and runs it', p.stdout + p.stderr)
    p = run(exe, os.path.join(BUILD, 'examples', 'faulty.bpf.o'), 'count_syn', env=run_env)
    ok(p.returncode in (0, 1), 'a faulty program does not bring it down', p.stderr)
    p = run(exe, source, 'count', env=run_env)
    ok(p.returncode == 1 and 'object.c' in p.stderr, 'what is no object is refused with its name', p.stderr)
    lines = len(open(source).read().splitlines())
    ok(lines < 60, f'the example has under 60 lines ({lines})')

    # The static library beside a libbpf.a: no name of one may hide one of the other.
    both = os.path.join(TMP, 'both.c')
    with open(both, 'w') as f:
        f.write('#include <skep/skep.h>\n#include <bpf/libbpf.h>\nint main(void) { struct skep *s; '
                'libbpf_set_print(0); int e = skep_new(0, &s); if (!e) skep_free(s); return e || '
                'libbpf_num_possible_cpus() < 1 || !libbpf_find_kernel_btf; }\n')
    bpf = run('pkg-config', '--variable=libdir', 'libbpf').stdout.strip()
    p = run(*CC, both, '-o', both + '.exe', *[a for a in flags('skep', env) if a.startswith('-I')],
            '-Wl,--whole-archive', os.path.join(libdir, 'libskep.a'), os.path.join(bpf, 'libbpf.a'),
            '-Wl,--no-whole-archive', '-lelf', '-lz', '-lpthread')
    ok(p.returncode == 0 and run(both + '.exe').returncode == 0, 'libskep.a goes together with libbpf.a', p.stderr)
nm = run('nm', '-D', '--defined-only', os.path.join(libdir, 'libskep.so.0')).stdout.split('\n')
names = [line.split()[2] for line in nm if len(line.split()) == 3]
# … and what gdb looks for by these very names.
ok(len(names) > 5 and all(n.startswith(('skep_', 'SKEP_', '__jit_debug_')) for n in names),
   'libskep.so shows skep_* and the two names of gdb only', names)
shutil.rmtree(TMP, ignore_errors=True)
done()
