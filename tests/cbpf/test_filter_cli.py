#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""skep filter and skep convert as users meet them: files of every kind, standard input and output,
options, JSON, and bad input, which must be named and end with a status other than 0.

test_filter_cli.py SKEP
"""
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SKEP = sys.argv[1]
COUNT = 0
FAILED = 0


def skep(*args, data=None):
    done = subprocess.run([SKEP, *[str(a) for a in args]], input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr.decode(errors='replace').strip()


def ok(condition, name, detail=''):
    global COUNT, FAILED
    COUNT += 1
    FAILED += not condition
    print(f'{"ok" if condition else "not ok"} {COUNT} - {name}', flush=True)
    if not condition:
        print(f'# {detail}')


def fails(name, words, *args, status=1, data=None):
    got = skep(*args, data=data)
    ok(got[0] == status and words in got[2], name, f'{got}, want status {status} and {words!r}')


def header(magic=0xa1b2c3d4, snaplen=262144, linktype=1, order='<'):
    return struct.pack(order + 'IHHiIII', magic, 2, 4, 0, 0, snaplen, linktype)


def record(data, wire=None, order='<', fraction=5):
    return struct.pack(order + 'IIII', 1700000000, fraction, len(data),
                       len(data) if wire is None else wire) + data


IP = bytes(12) + b'\x08\x00' + b'\x45' + bytes(19)
ARP = bytes(12) + b'\x08\x06' + bytes(28)


def files(folder):
    """Files that are in order, read by the fast way or by libpcap."""
    for name, blob in (
            ('plain', header() + record(IP) + record(ARP) + record(IP)),
            ('swapped', header(order='>') + b''.join(record(x, order='>') for x in (IP, ARP, IP))),
            ('nano', header(magic=0xa1b23c4d) + b''.join(record(x, fraction=123456789)
                                                          for x in (IP, ARP, IP))),
            ('no-snap', header(snaplen=0) + record(IP) + record(ARP) + record(IP)),
            ('long-record', header(snaplen=40) + record(IP) + record(ARP) + record(IP) +
             record(ARP + bytes(100)))):
        path = folder / f'{name}.pcap'
        path.write_bytes(blob)
        code, out, err = skep('filter', 'ip', '-r', path)
        total = 4 if name == 'long-record' else 3
        ok(code == 0 and out == b'2 of %d packets matched\n' % total, f'{name}: counts',
           (code, out, err))
        for engine in ('run', 'guard', 'classic', 'libpcap'):
            same = skep('filter', 'ip', '-r', path, f'--engine={engine}')
            ok(same[:2] == (0, out), f'{name}: the same by {engine}', same)
        code, by_file, err = skep('filter', 'ip', '-r', path, '-w', '-')
        ok(code == 0 and len(by_file) == 24 + 2 * (16 + len(IP)), f'{name}: written', err)
        piped = skep('filter', 'ip', '-r', '-', '-w', '-', data=blob)
        if name != 'nano':
            ok(piped[:2] == (0, by_file), f'{name}: the same from standard input', piped)
    nano = skep('filter', '-r', folder / 'nano.pcap', '-w', '-')[1]
    ok(nano == (folder / 'nano.pcap').read_bytes(), 'nanoseconds survive')


def block(kind, body):
    body += bytes(-len(body) % 4)
    return struct.pack('<II', kind, len(body) + 12) + body + struct.pack('<I', len(body) + 12)


def pcapng(folder):
    """The other format: libpcap reads it, we write pcap."""
    path = folder / 'in.pcapng'
    blob = block(0x0a0d0d0a, struct.pack('<IHHq', 0x1a2b3c4d, 1, 0, -1))
    blob += block(1, struct.pack('<HHI', 1, 0, 262144))
    for data in (IP, ARP, IP):
        stamp = 1700000000 * 1000000 + 5
        blob += block(6, struct.pack('<IIIII', 0, stamp >> 32, stamp & 0xffffffff, len(data),
                                     len(data)) + data)
    path.write_bytes(blob)
    code, out, err = skep('filter', 'ip', '-r', path, '-w', '-')
    ok(code == 0 and out == header() + record(IP) + record(IP), 'pcapng', err)


def many(folder):
    """More than one buffer's worth, with packets on its borders."""
    path, out = folder / 'many.pcap', folder / 'out.pcap'
    blob = header() + b''.join(record((IP if i % 3 else ARP) + bytes(i % 1400))
                               for i in range(6000))
    path.write_bytes(blob)
    want = header() + b''.join(record(IP + bytes(i % 1400)) for i in range(6000) if i % 3)
    code, _, err = skep('filter', 'ip', '-r', path, '-w', out)
    ok(code == 0 and out.read_bytes() == want, 'four megabytes, packet for packet', err)
    code, _, err = skep('filter', '-r', path, '-w', out)
    ok(code == 0 and out.read_bytes() == blob, 'all of them: the file itself', err)
    code, text, err = skep('filter', 'ip', '-r', path, '-c', '10')
    ok(code == 0 and text == b'10 of 15 packets matched\n', '-c stops at the tenth', (text, err))
    code, text, err = skep('filter', 'ip', '-r', path, '--json')
    native = 'jit' if os.uname().machine == 'x86_64' else 'run'
    ok(code == 0 and json.loads(text) == {'matched': 4000, 'total': 6000, 'engine': native}, '--json', (text, err))
    (folder / 'expr').write_text('ip and\nlen > 1000\n')
    code, text, err = skep('filter', '-F', folder / 'expr', '-r', path)
    ok(code == 0 and b' of 6000 packets' in text, 'expression from a file', (text, err))


def bad(folder):
    path = folder / 'bad.pcap'
    good = header() + record(IP) + record(IP)
    for name, blob, words in (
            ('empty file', b'', 'truncated dump file; tried to read 4 file header bytes'),
            ('bad magic', b'not a capture at all....', 'unknown file format'),
            ('cut header', header()[:20], 'truncated dump file'),
            ('cut record header', good + b'1234567', 'truncated dump file'),
            ('cut packet', good[:-3], 'truncated dump file; tried to read 34 captured bytes'),
            ('absurd length', good + struct.pack('<IIII', 0, 0, 0x7fffffff, 0x7fffffff),
             'invalid packet capture length 2147483647')):
        path.write_bytes(blob)
        fails(name, f'{path}: ', 'filter', 'ip', '-r', path)
        fails(f'{name}: why', words, 'filter', 'ip', '-r', path)
    path.write_bytes(good[:-3])
    code, out, _ = skep('filter', 'ip', '-r', path, '-w', '-')
    ok(code == 1 and out == header() + record(IP), 'what stands before a cut is written')
    fails('missing file', f'{folder}/none: No such file', 'filter', 'ip', '-r', folder / 'none')
    fails('a folder', str(folder), 'filter', 'ip', '-r', folder)
    path.write_bytes(good)
    fails('output over the input', 'is the input file', 'filter', 'ip', '-r', path, '-w', path)
    ok(path.read_bytes() == good, 'which stays as it is')
    fails('output where none can be', 'No such file', 'filter', '-r', path, '-w', '/none/x')
    fails('full disk', 'could not write', 'filter', '-r', path, '-w', '/dev/full')
    fails('missing interface', 'no-such-if0', 'filter', 'ip', '-i', 'no-such-if0', '-c', '1')
    if os.getuid():
        fails('no permission', '/etc/shadow', 'filter', 'ip', '-r', '/etc/shadow')
    fails('syntax', "'tcp and': can't parse filter expression: syntax error", 'filter', 'tcp and',
          '-r', path)


def live(folder):
    """A loopback interface: packets of our own arrive, Ctrl-C ends in good order."""
    out = folder / 'live.pcap'
    args = [SKEP, 'filter', 'udp port 9', '-i', 'lo', '-w', str(out)]
    if skep('filter', '-d', 'ip', '-i', 'lo')[0]:
        ok(True, 'live packets # SKIP no live capture here')
        return
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with subprocess.Popen([*args, '-c', '2'], stderr=subprocess.PIPE) as job:
        for _ in range(300):
            sock.sendto(b'hello', ('127.0.0.1', 9))
            try:
                job.wait(0.05)
                break
            except subprocess.TimeoutExpired:
                pass
        job.kill()
        ok(job.returncode == 0, 'two live packets', job.stderr.read())
    ok(skep('filter', 'udp port 9', '-r', out)[1] == b'2 of 2 packets matched\n', 'and written')
    with subprocess.Popen([*args[:-2]], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as job:
        try:
            job.wait(1)
        except subprocess.TimeoutExpired:
            job.send_signal(signal.SIGINT)
        text = job.communicate(timeout=20)[0]
        ok(job.returncode == 0 and b' packets matched' in text, 'Ctrl-C', text)


def usage():
    for name, words, args in (
            ('no input', 'packets from where?', ['ip']),
            ('two inputs', 'exclude each other', ['-r', 'x', '-i', 'lo']),
            ('unknown option', '--help', ['--nonsense']),
            ('count of nothing', '-c wants a number', ['-r', 'x', '-c', '0']),
            ('unknown engine', "no engine 'x'", ['-r', 'x', '--engine=x']),
            ('two engines', 'exclude each other', ['-r', 'x', '--interp', '--engine=guard']),
            ('-dddd', '-d at most three times', ['-dddd', '-y', 'EN10MB']),
            ('-y alone', '-y goes with -d', ['-y', 'EN10MB', 'ip'])):
        fails(f'usage: {name}', words, 'filter', *args, status=2)
    fails('unknown link type', 'invalid data link type', 'filter', '-d', '-y', 'NONSENSE', 'ip')
    for verb in ('filter', 'convert'):
        code, out, _ = skep(verb, '--help')
        ok(code == 0 and out.startswith(b'usage: skep ' + verb.encode()), f'{verb} --help')


def convert():
    text = b'(000) ldh      [12]\n(001) jeq      #0x800           jt 2\tjf 3\n' \
           b'(002) ret      #262144\n(003) ret      #0\n'
    code, out, err = skep('convert', data=text)
    ok(code == 0 and b'classic: 4 instructions\n' + text in out and b'skb[12]' in out,
       'convert shows before and after', (out, err))
    code, out, err = skep('convert', '--json', data=text)
    ok(code == 0 and len(json.loads(out)['classic']) == 4, 'convert --json', (out, err))
    code, out, err = skep('convert', '-ddd', data=text)
    ok(code == 0 and out == b'4\n40 0 0 12\n21 0 1 2048\n6 0 0 262144\n6 0 0 0\n', 'to numbers', err)
    code, out, err = skep('convert', '--seccomp', data=b'1\n6 0 0 2147418112\n')
    ok(code == 0 and b'w0 = 2147418112' in out, 'a seccomp filter', (out, err))
    code, out, err = skep('convert', '--filter', 'ip', '--linktype', 'LINUX_SLL')
    ok(code == 0 and b'ldh      [14]' in out, '--filter for a link type', (out, err))
    fails('garbage', 'standard input:1: unknown instruction', 'convert', data=b'\xff\xfe\n')
    fails('nothing', 'no instruction', 'convert', data=b'')
    fails('not for seccomp', 'instruction 0: seccomp does not allow', 'convert', '--seccomp',
          data=text)
    fails('refused by Linux', 'instruction 0: jump out of the program', 'convert',
          data=b'2\n5 0 0 7\n6 0 0 0\n')
    fails('no helper for it', 'instruction 0 cannot become a socket filter', 'convert',
          data=b'(000) ld [nla]\n(001) ret #0\n')
    code, out, err = skep('convert', '--target=run', data=b'(000) ld [nla]\n(001) ret #0\n')
    ok(code == 0, 'but for skep', err)
    fails('missing file', '/none: No such file', 'convert', '/none')
    fails('unknown target', "no target 'x'", 'convert', '--target=x', status=2)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files(folder)
        pcapng(folder)
        many(folder)
        bad(folder)
        live(folder)
    usage()
    convert()
    print(f'1..{COUNT}')
    return 1 if FAILED else 0


if __name__ == '__main__':
    sys.exit(main())
