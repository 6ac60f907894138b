# SPDX-License-Identifier: BSD-2-Clause
"""BPF objects that Debian's packages ship, taken out of them without installing anything.

Skeletons hold a whole ELF object inside an executable; libraries and tools hold files of their
own. Both are found by the ELF header of the BPF machine. Kept in ~/.cache/skep/objects.
"""
import os
import struct
import subprocess
import tempfile

import corpus

PACKAGES = ('libbpf-tools', 'libxdp1', 'xdp-tools', 'xdp-tests', 'ir-keytable',
            'golang-github-cilium-ebpf-dev')
ELF = b'\x7fELF\x02\x01\x01'
EM_BPF = 247
COMPILERS = (('clang-14', ('v1', 'v2', 'v3')), ('clang-19', ('v1', 'v2', 'v3', 'v4')))


def embedded(data):
    """ELF objects of the BPF machine in @data, cut behind their section headers."""
    at = data.find(ELF)
    while at >= 0:
        if len(data) >= at + 64 and struct.unpack_from('<H', data, at + 18)[0] == EM_BPF:
            start = struct.unpack_from('<Q', data, at + 40)[0]
            size, cnt = struct.unpack_from('<HH', data, at + 58)
            if start and at + start + size * cnt <= len(data):
                yield data[at:at + start + size * cnt]
        at = data.find(ELF, at + 4)


def package(name):
    """The objects of one package, as files; [] and a word on stderr when it cannot be had."""
    out = os.path.join(corpus.CACHE, 'objects', name)
    done = os.path.join(out, '.done')
    if not os.path.exists(done):
        os.makedirs(out, exist_ok=True)
        with tempfile.TemporaryDirectory() as work:
            os.chmod(work, 0o777)  # apt downloads as its own user
            got = subprocess.run(['apt-get', 'download', name], cwd=work, capture_output=True,
                                 text=True)
            debs = [f for f in os.listdir(work) if f.endswith('.deb')]
            if got.returncode or not debs:
                corpus.say('%s: apt-get download: %s' % (name, got.stderr.strip()[-200:]))
                return []
            corpus.run(['dpkg-deb', '-x', os.path.join(work, debs[0]), os.path.join(work, 'x')])
            for where, _, files in os.walk(os.path.join(work, 'x')):
                for file in files:
                    take(os.path.join(where, file), out)
        open(done, 'w').close()
    return sorted(os.path.join(out, f) for f in os.listdir(out) if f.endswith('.o'))


def take(path, out):
    if os.path.islink(path):
        return
    with open(path, 'rb') as f:
        found = list(embedded(f.read()))
    name = os.path.basename(path)
    for end in ('.o', '.elf', '.bpf'):
        name = name[:-len(end)] if name.endswith(end) else name
    for n, data in enumerate(found):
        tail = '-%d' % (n + 1) if len(found) > 1 else ''
        with open(os.path.join(out, name + tail + '.o'), 'wb') as f:
            f.write(data)


def own():
    """Our examples, by each compiler and cpu version."""
    out = os.path.join(corpus.CACHE, 'objects', 'own')
    os.makedirs(out, exist_ok=True)
    found = []
    for where in ('examples', 'tests/object', 'tests/helper'):
        for name in sorted(os.listdir(os.path.join(corpus.TOP, where))):
            if name.endswith('.bpf.c'):
                found += compiled(os.path.join(corpus.TOP, where, name), out)
    return found


def compiled(src, out):
    made = []
    for cc, cpus in COMPILERS:
        for cpu in cpus:
            obj = os.path.join(out, '%s-%s-%s.o' % (os.path.basename(src)[:-6], cc, cpu))
            done = subprocess.run([cc, '-g', '-O2', '--target=bpf', '-mcpu=' + cpu, '-w', '-I',
                                   '/usr/include/x86_64-linux-gnu', '-I',
                                   os.path.join(corpus.TOP, 'include'), '-c', src, '-o', obj],
                                  capture_output=True, text=True)
            if done.returncode:
                corpus.say('%s %s: %s' % (cc, src, done.stderr.strip()[-300:]))
            else:
                made.append(obj)
    return made


def records(objects):
    """{package/object: record file}"""
    made_by = corpus.digest(corpus.dump_tool())
    where = os.path.join(corpus.CACHE, 'objects-rec-' + made_by)
    out = {}
    for obj in objects:
        key = corpus.digest(obj)
        name = '%s/%s' % (os.path.basename(os.path.dirname(obj)), os.path.basename(obj)[:-2])
        path = os.path.join(where, key + '.rec')
        os.makedirs(where, exist_ok=True)
        if not os.path.exists(path):
            corpus.obj_dump(obj, path)
        out[name] = path
    return out


def all_records():
    found = [o for p in PACKAGES for o in package(p)]
    return records(found + own())
