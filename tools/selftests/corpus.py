# SPDX-License-Identifier: BSD-2-Clause
"""The kernel's selftests as record files (tests/verify/record.h), made once and kept.

Debian's linux-source-6.12 is unpacked outside the tree (~/.cache/skep, or $SKEP_CACHE), the
annotated programs are compiled with clang-19, and verify_obj_dump and tv_dump turn objects and
test_verifier's tables into records. Nothing of it is committed.
"""
import concurrent.futures
import functools
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CACHE = os.environ.get('SKEP_CACHE') or os.path.expanduser('~/.cache/skep')
BUILD = os.environ.get('BUILD') or os.path.join(TOP, 'build')
ARCHIVE = os.environ.get('LINUX_SOURCE') or '/usr/src/linux-source-6.12.tar.xz'
SOURCE = os.path.join(CACHE, 'linux-6.12')
TESTS = os.path.join(SOURCE, 'tools/testing/selftests/bpf')
GEN = os.path.join(SOURCE, 'gen')
LIBBPF = os.path.join(CACHE, 'libbpf')
CLANG = os.environ.get('CLANG') or 'clang-19'
PARTS = ('tools/testing/selftests/bpf', 'tools/lib/bpf', 'tools/include', 'include/uapi',
         'scripts/bpf_doc.py')
# Files beside verifier_*.c whose programs carry the same annotations.
ANNOTATED = re.compile(r'\b__(failure|success)\b')


def say(text):
    print(text, file=sys.stderr, flush=True)


def run(args, **more):
    done = subprocess.run(args, capture_output=True, text=True, **more)
    if done.returncode:
        raise SystemExit('%s\n%s%s' % (' '.join(args), done.stdout, done.stderr))
    return done.stdout


def digest(*paths):
    h = hashlib.sha1()
    for path in paths:
        with open(path, 'rb') as f:
            h.update(f.read())
    return h.hexdigest()[:12]


def build():
    """The tools of tests/verify, compiled."""
    if not os.path.exists(os.path.join(BUILD, 'build.ninja')):
        run(['meson', 'setup', BUILD, TOP])
    done = subprocess.run(['ninja', '-C', BUILD, 'tests/verify/verify_replay',
                           'tests/verify/verify_obj_dump', 'tests/verify/verify_asm_many',
                           'src/object/libbpf-ours.a'],
                          capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stdout[-6000:])


def tool(name):
    return os.path.join(BUILD, 'tests/verify', name)


@functools.lru_cache(None)
def newer_libbpf():
    """([-I…], archive) of bookworm-backports' libbpf; the system's where that cannot be had."""
    done = subprocess.run([os.path.join(TOP, 'tools/selftests/libbpf.sh'), LIBBPF],
                          capture_output=True, text=True)
    found = glob.glob(os.path.join(LIBBPF, 'usr/lib/*/libbpf.a'))
    if done.returncode or not found:
        say(done.stderr.strip() + ': the system\'s instead')
        return [], os.path.join(BUILD, 'src/object/libbpf-ours.a')
    ours = os.path.join(LIBBPF, 'libbpf-ours.a')
    if not os.path.exists(ours):
        run([os.path.join(TOP, 'tools/localize.sh'), found[0], ours + '.tmp',
             '--redefine-sym', 'syscall=loader_syscall', '--redefine-sym', 'stderr=loader_stderr',
             '--wildcard'] + ['--keep-global-symbol=' + s for s in
                              ('bpf_*', 'libbpf_*', '*btf*__*', '*_buffer__*')])
        os.replace(ours + '.tmp', ours)
    return ['-isystem', os.path.join(LIBBPF, 'usr/include')], ours


def dump_tool():
    """verify_obj_dump, with the newer libbpf: made once for each of its sources."""
    includes, archive = newer_libbpf()
    if not includes:
        return tool('verify_obj_dump')
    src = [os.path.join(TOP, 'tests/verify', f) for f in ('obj_dump.c', 'fake.c')]
    exe = os.path.join(LIBBPF, 'obj_dump-' + digest(*src, src[1][:-2] + '.h'))
    if not os.path.exists(exe):
        run(['gcc', '-w', '-O1', '-D_GNU_SOURCE', '-I' + TOP] + includes + src +
            [archive, '-lelf', '-lz', '-o', exe + '.tmp'])
        os.replace(exe + '.tmp', exe)
    return exe


def unpack():
    stamp = os.path.join(SOURCE, '.unpacked')
    if os.path.exists(stamp):
        return
    if not os.path.exists(ARCHIVE):
        say('installing linux-source-6.12')
        run([os.path.join(TOP, 'tools/setup.sh'), 'kernel'])
    if not os.path.exists(ARCHIVE):
        raise SystemExit('%s is missing (Debian: apt-get install linux-source-6.12)' % ARCHIVE)
    say('unpacking %s into %s' % (ARCHIVE, SOURCE))
    os.makedirs(SOURCE, exist_ok=True)
    run(['tar', '-xJf', ARCHIVE, '-C', SOURCE, '--strip-components=1', '--wildcards'] +
        ['*/' + p for p in PARTS])
    open(stamp, 'w').close()


def headers():
    """What the selftests' Makefile would generate."""
    stamp = os.path.join(GEN, '.made')
    if os.path.exists(stamp):
        return
    os.makedirs(os.path.join(GEN, 'bpf'), exist_ok=True)
    os.makedirs(os.path.join(GEN, 'verifier'), exist_ok=True)
    with open(os.path.join(GEN, 'bpf/bpf_helper_defs.h'), 'w') as f:
        f.write(run([sys.executable, os.path.join(SOURCE, 'scripts/bpf_doc.py'), '--header',
                     '--file', os.path.join(SOURCE, 'tools/include/uapi/linux/bpf.h')]))
    for name in ('bpf_helpers.h', 'bpf_tracing.h', 'bpf_endian.h', 'bpf_core_read.h', 'usdt.bpf.h'):
        shutil.copy(os.path.join(SOURCE, 'tools/lib/bpf', name), os.path.join(GEN, 'bpf', name))
    btf = '/sys/kernel/btf/vmlinux'
    if os.path.exists(btf):
        with open(os.path.join(GEN, 'vmlinux.h'), 'w') as f:
            f.write(run(['bpftool', 'btf', 'dump', 'file', btf, 'format', 'c']))
    else:
        say('no %s: files that need vmlinux.h are left out' % btf)
    # Between the files of test_verifier stand entries that say which file comes.
    with open(os.path.join(GEN, 'verifier/tests.h'), 'w') as f:
        for path in sorted(glob.glob(os.path.join(TESTS, 'verifier/*.c'))):
            f.write('{ .descr = "@file %s" },\n#include "%s"\n' %
                    (os.path.basename(path)[:-2], path))
    open(stamp, 'w').close()


def clang_includes():
    out = subprocess.run([CLANG, '-v', '-E', '-xc', '/dev/null'], capture_output=True,
                         text=True).stderr
    body = out.split('search starts here:\n')[-1].split('End of search list')[0]
    dirs = [line.strip() for line in body.splitlines() if line.startswith(' /')]
    return [x for d in dirs for x in ('-idirafter', d)]


def sources(more):
    """Names of the files of annotated programs; with @more all, not only verifier_*."""
    names = []
    for path in sorted(glob.glob(os.path.join(TESTS, 'progs/*.c'))):
        name = os.path.basename(path)[:-2]
        if name.startswith('verifier_'):
            names.append(name)
        elif more:
            with open(path, errors='replace') as f:
                if ANNOTATED.search(f.read()):
                    names.append(name)
    return names


def compile_all(names):
    out = os.path.join(CACHE, 'selftests-obj')
    os.makedirs(out, exist_ok=True)
    flags = ['-g', '-O2', '--target=bpf', '-mcpu=v3', '-mlittle-endian', '-D__TARGET_ARCH_x86',
             '-DENABLE_ATOMICS_TESTS', '-I' + GEN, '-I' + TESTS,
             '-I' + os.path.join(SOURCE, 'tools/include/uapi'), '-w'] + clang_includes()

    def one(name):
        obj = os.path.join(out, name + '.o')
        bad = obj + '.failed'
        if os.path.exists(obj) or os.path.exists(bad):
            return name, os.path.exists(obj)
        src = os.path.join(TESTS, 'progs', name + '.c')
        done = subprocess.run([CLANG] + flags + ['-c', src, '-o', obj + '.tmp'],
                              capture_output=True, text=True)
        if done.returncode:
            with open(bad, 'w') as f:
                f.write(done.stderr)
            return name, False
        os.replace(obj + '.tmp', obj)
        return name, True

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return out, dict(pool.map(one, names))


def tv_dump(path):
    """test_verifier's tables, by its own source and our main()."""
    src = [os.path.join(TOP, 'tools/selftests/tv_dump.c'), os.path.join(TOP, 'tests/verify/fake.c')]
    exe = path + '.exe'
    run(['gcc', '-w', '-O1', '-ffunction-sections', '-fdata-sections', '-Wl,--gc-sections',
         '-D_GNU_SOURCE', '-I' + TESTS, '-I' + GEN] +
        ['-I' + os.path.join(SOURCE, d) for d in
         ('tools/include', 'tools/include/uapi', 'tools/lib')] +
        ['-I' + TOP] + src + [os.path.join(BUILD, 'src/object/libbpf-ours.a'), '-lelf', '-lz',
                              '-o', exe])
    with open(path + '.tmp', 'w') as f:
        subprocess.run([exe], stdout=f, stderr=subprocess.DEVNULL, check=True)
    os.replace(path + '.tmp', path)
    os.remove(exe)


def obj_dump(obj, path):
    with open(path + '.tmp', 'w') as f:
        done = subprocess.run([dump_tool(), obj], stdout=f, stderr=subprocess.DEVNULL)
    if done.returncode:
        raise SystemExit('%s: verify_obj_dump: status %d' % (obj, done.returncode))
    os.replace(path + '.tmp', path)


def records(more=False):
    """{name: path of its record file}, made where missing; and {name: why it is left out}."""
    unpack()
    headers()
    names = sources(more)
    out, compiled = compile_all(names)
    made_by = digest(dump_tool(), os.path.join(TOP, 'tests/verify/fake.c'),
                     os.path.join(TOP, 'tools/selftests/tv_dump.c'))
    where = os.path.join(CACHE, 'selftests-rec-' + made_by)
    os.makedirs(where, exist_ok=True)
    files = {}
    left = {}
    for name in names:
        path = os.path.join(where, name + '.rec')
        if not compiled[name]:
            left[name] = 'does not compile with %s' % CLANG
            continue
        if not os.path.exists(path):
            obj_dump(os.path.join(out, name + '.o'), path)
        files[name] = path
    path = os.path.join(where, 'test_verifier.rec')
    if not os.path.exists(path):
        tv_dump(path)
    files['test_verifier'] = path
    return files, left


def unescape(text):
    return re.sub(r'\\(.)', lambda m: '\n' if m.group(1) == 'n' else m.group(1), text)


class Record:
    """One record, as far as tools look into it."""

    def __init__(self, name):
        self.name = name
        self.type = self.attach = self.flags = 0
        self.insns = b''
        self.maps = []
        self.kfuncs = []
        self.btf = -1
        self.tags = []
        self.runs = []


def parse(path):
    """[Record], {blob number: bytes}, [(skipped name, why)]."""
    recs, blobs, skips = [], {}, []
    cur = None
    with open(path) as f:
        for line in f:
            key, _, rest = line.rstrip('\n').partition(' ')
            if key == 'record':
                cur = Record(rest)
                recs.append(cur)
            elif key == 'blob':
                num, _, data = rest.partition(' ')
                blobs[int(num)] = bytes.fromhex(data)
            elif key == 'skip':
                name, _, why = rest.rpartition(': ') if 'program type' in rest else \
                    rest.partition(': ')
                skips.append((name, why))
            elif key in ('type', 'attach', 'flags', 'btf'):
                setattr(cur, key, int(rest))
            elif key == 'insns':
                cur.insns = bytes.fromhex(rest)
            elif key == 'map':
                cur.maps.append(rest.split(' '))
            elif key == 'kfunc':
                cur.kfuncs.append(rest.split(' ', 1)[1])
            elif key == 'tag':
                cur.tags.append(unescape(rest))
            elif key == 'run':
                cur.runs.append(rest.split(' '))
    return recs, blobs, skips
