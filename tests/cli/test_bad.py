#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Bad input of every kind: the command says what and where, and exits non-zero. argv: the command,
the source tree.
"""
import os
import re
import shutil
import struct
import subprocess
import tempfile

import pcap
from tap import CAPTURE, SKEP, done, example, ok, skep, skip

TMP = tempfile.mkdtemp(prefix='skep-test-')
os.chmod(TMP, 0o755)
HEAD = '#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\nchar L[] SEC("license") = "GPL";\n'


def tmp(name, data=None):
    path = os.path.join(TMP, name)
    if data is not None:
        with open(path, 'wb' if isinstance(data, bytes) else 'w') as f:
            f.write(data)
    return path


def refused(name, args, *patterns, status=1, **kw):
    got, out, err = skep(*args, **kw)
    ok(got == status and all(re.search(p, err) for p in patterns), name, f'status {got}\n{out}{err}')


def compiled(name, source):
    """The object of a source, by way of the command's own compiler call."""
    path = tmp(name + '.bpf.c', HEAD + source)
    clang = next(c for c in ['clang-%d' % v for v in range(30, 10, -1)] + ['clang'] if shutil.which(c))
    arch = os.uname().machine
    subprocess.run([clang, '-O2', '-g', '-target', 'bpf', f'-I/usr/include/{arch}-linux-gnu', '-c', path,
                    '-o', tmp(name + '.bpf.o')], check=True, capture_output=True)
    return tmp(name + '.bpf.o')


def elf_objects():
    good = compiled('good', 'SEC("xdp") int p(void *c) { return 2; }\n')
    data = open(good, 'rb').read()
    refused('a file that is not there', ['run', tmp('none.o')], r'none\.o: No such file')
    refused('an empty file', ['run', tmp('empty.o', b'')], r'empty\.o')
    refused('a text file', ['run', tmp('text.o', 'hello, this is no object\n')], r'text\.o')
    for cut in (10, 64, 200, len(data) // 2, len(data) - 100):
        refused(f'an object cut after {cut} bytes', ['run', tmp(f'cut{cut}.o', data[:cut])], rf'cut{cut}\.o')
    refused("another machine's ELF", ['run', SKEP], r'skep')
    shoff = struct.unpack_from('<Q', data, 40)[0]
    size, cnt = struct.unpack_from('<HH', data, 58)
    wild = bytearray(data)
    for at in range(shoff, shoff + size * cnt, size):
        if struct.unpack_from('<I', data, at + 4)[0] == 2:  # SHT_SYMTAB
            struct.pack_into('<Q', wild, at + 32, 1 << 60)
    got, out, err = skep('disasm', tmp('symtab.o', bytes(wild)))
    ok(got in (0, 1) and 'allocate' not in err, 'a symbol table that claims to be huge', err)
    refused('an object without a program', ['run', compiled('noprog', 'int x;\n')], 'no program')
    refused('a section that nobody knows',
            ['run', compiled('unknown', 'SEC("warp/drive") int p(void *c) { return 0; }\n'), '-r', CAPTURE],
            r'warp/drive', 'section')
    refused('a helper that nobody has',
            ['run', compiled('helper', 'static long (*warp)(void) = (void *)9999;\n'
                             'SEC("xdp") int p(void *c) { return warp(); }\n')], r'invalid func unknown#9999')
    refused('a helper that XDP may not call',
            ['run', compiled('wrong', 'SEC("xdp") int p(void *c) { return bpf_skb_vlan_pop(c); }\n')],
            r'skb_vlan_pop')
    refused('a map too large',
            ['run', compiled('large', 'struct { __uint(type, BPF_MAP_TYPE_ARRAY); __type(key, int);'
                             ' __uint(value_size, 1 << 30); __uint(max_entries, 1 << 30); } huge SEC(".maps");\n'
                             'SEC("xdp") int p(void *c) { int k = 0; return !!bpf_map_lookup_elem(&huge, &k); }\n')],
            'huge', 'large.bpf.o')
    refused('a program name that is not in it', ['run', good + ':other', '-r', CAPTURE], "no program 'other'", 'p')
    refused('a map name that is not in it', ['run', good, '-r', CAPTURE, '-m', 'other'], "no map 'other'", status=2)
    refused('a source that does not compile', ['run', tmp('bad.bpf.c', 'int x = ;\n')], r'bad\.bpf\.c', 'clang')
    skipped = compiled('kprobe', 'SEC("kprobe/x") int k(void *c) { return 0; }\nSEC("xdp") int p(void *c) { return 2; }\n')
    status, out, err = skep('run', skipped, '-r', CAPTURE)
    ok(status == 0 and "'k'" in err and 'kprobe' in err and 'skipped' in err,
       'a program whose hook does not exist is named and skipped', out + err)


def captures():
    good = example('count.bpf.c')
    frame = b'\xff' * 12 + b'\x08\x06' + b'\0' * 46
    refused('a capture that is not there', ['run', good, '-r', tmp('none.pcap')], r'none\.pcap', 'No such file')
    refused('bad magic', ['run', good, '-r', tmp('magic.pcap', b'nonsense' * 10)], r'magic\.pcap')
    refused('an empty capture', ['run', good, '-r', tmp('empty.pcap', b'')], r'empty\.pcap')
    pcap.write(tmp('cut.pcap'), [frame] * 3)
    whole = open(tmp('cut.pcap'), 'rb').read()
    refused('a packet cut off by the end of the file',
            ['run', good, '-r', tmp('cut.pcap', whole[:-20])], r'cut\.pcap', r'packet 3')
    pcap.write(tmp('snap0.pcap'), [], snaplen=0)
    refused('snap length zero', ['run', good, '-r', tmp('snap0.pcap')], r'snap0\.pcap', r'snap')
    refused('an output folder that is not there',
            ['run', good, '-r', CAPTURE, '-w', tmp('none/x.pcap')], r'none/x\.pcap')
    refused('the input as output', ['run', good, '-r', CAPTURE, '-w', CAPTURE], 'overwrite', status=2)
    for verb in (['filter', 'tcp'],):
        refused(f'{verb[0]}: bad magic', [*verb, '-r', tmp('magic.pcap')], r'magic\.pcap')
        refused(f'{verb[0]}: bad expression', ['filter', 'tcp port', '-r', CAPTURE], 'syntax|expression')


def interfaces():
    good = compiled('live', 'SEC("xdp") int p(void *c) { return 2; }\n')
    refused('an interface that is not there', ['run', good, '-i', 'nosuch0'], 'nosuch0')
    refused('an output interface that is not there', ['run', good, '-r', CAPTURE, '-w', f'nosuch0={tmp("x.pcap")}'],
            'nosuch0')
    if os.geteuid() == 0:
        os.chmod(good, 0o644)
        refused('no permission for an interface', ['run', good, '-i', 'lo'], r'lo\b',
                r'permi|privilege|root|CAP_NET', user='nobody')
        secret = tmp('secret.o', open(good, 'rb').read())
        os.chmod(secret, 0o600)
        refused('no permission for the object', ['run', secret], r'secret\.o', 'Permission denied', user='nobody')
    else:
        skip('no permission', 'needs root to give rights up')


def usage():
    refused('no verb', [], 'usage', status=2)
    refused('an unknown verb', ['fly'], "'fly'", status=2)
    refused('an unknown option', ['run', '--fly', 'x'], "there is no option '--fly'", status=2)
    refused('an unknown letter', ['run', '-z', 'x'], "there is no option '-z'", status=2)
    refused('an option without its value', ['run', 'x', '--budget'], "'--budget' needs a value", status=2)
    refused('an empty program for vm', ['vm', '--program', ''], 'the program is empty')
    refused('nothing to disassemble', ['disasm', os.devnull], 'empty')
    refused('-c without a number', ['run', '-c', 'x', 'y'], "'x'", status=2)
    refused('-r and -i at once', ['run', 'x', '-r', 'a', '-i', 'b'], '-r', status=2)
    status, out, err = skep('--help')
    ok(status == 0 and 'run' in out and not err, '--help goes to stdout')
    status, out, err = skep('--version')
    ok(status == 0 and re.match(r'skep \d+\.\d+\.\d+\n$', out), '--version')
    with open('/dev/full', 'w') as full:
        p = subprocess.run([SKEP, 'run', example('count.bpf.c')], stdout=full, stderr=subprocess.PIPE, timeout=60)
    ok(p.returncode == 1 and b'output' in p.stderr, 'a full disk is an error', p.stderr)


elf_objects()
captures()
interfaces()
usage()
done()
