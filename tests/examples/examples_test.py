#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The examples on the committed capture: `skep run` against the live kernel, packet by packet.

    examples_test.py SKEP ORACLE OBJECTS CAPTURE

XDP programs: verdicts, packets as modified and maps must be the kernel's. tc programs and socket
filters, whose BPF_PROG_TEST_RUN differs from a real device (no tags taken off, another start of
the data), must give what the capture itself says, counted here in Python.
"""
import json
import os
import re
import struct
import subprocess
import sys
import tempfile

SKEP, ORACLE, OBJECTS, CAPTURE = sys.argv[1:5]
XDP = [('count', 'count'), ('firewall', 'firewall'), ('lb', 'balance'),
       ('vlan', 'vlan_pop_xdp'), ('vlan', 'vlan_push_xdp')]
# Values that hold times differ; their keys must not.
TIMED = {'connections': ('firewall',)}

count = failed = 0


def ok(cond, name, *diag):
    global count, failed
    count += 1
    failed += not cond
    print(f'{"ok" if cond else "not ok"} {count} - {name}')
    if not cond:
        for line in diag:
            print('# ' + str(line)[:400].replace('\n', '\n# '))
    return cond


def read_pcap(path):
    with open(path, 'rb') as f:
        data = f.read()
    at, packets = 24, []
    while at < len(data):
        captured, wire = struct.unpack_from('<II', data, at + 8)
        packets.append((data[at + 16:at + 16 + captured], wire))
        at += 16 + captured
    return packets


def read_oracle(path):
    with open(path, 'rb') as f:
        data = f.read()
    at, results = 0, []
    while at < len(data):
        verdict, size = struct.unpack_from('<II', data, at)
        results.append((verdict, data[at + 8:at + 8 + size]))
        at += 8 + size
    return results


def skep(obj, prog, *more):
    done = subprocess.run([SKEP, 'run', f'{OBJECTS}/{obj}.bpf.o:{prog}', '-r', CAPTURE, '--json', '--raw', *more],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        return None, done.stderr
    return json.loads(done.stdout), done.stderr


def our_maps(report, obj):
    """{name: {key: value}} with per-CPU values added up, all-zero values left out."""
    maps = {}
    for m in report['maps']:
        own = maps.setdefault(m['name'], {})
        for e in m['entries']:
            if 'values' in e:
                words = [0] * (m['value_size'] // 8)
                for v in e['values']:
                    for i, w in enumerate(struct.unpack(f'<{len(words)}Q', bytes.fromhex(v['value']))):
                        words[i] = (words[i] + w) & (1 << 64) - 1
                value = struct.pack(f'<{len(words)}Q', *words).hex()
            else:
                value = e['value']
            timed = obj in TIMED.get(m['name'], ())
            if value.strip('0') or timed:
                own[e['key']] = '' if timed else value
    return maps


def their_maps(text, obj):
    maps = {}
    for name, key, value in re.findall(r'^map (\S+) (\S+) (\S+)$', text, re.M):
        own = maps.setdefault(name, {})
        timed = obj in TIMED.get(name, ())
        if value.strip('0') or timed:
            own[key] = '' if timed else value
    return maps


def xdp(obj, prog, tmp):
    name = f'{obj}:{prog}'
    out, mod = os.path.join(tmp, 'kernel'), os.path.join(tmp, 'out.pcap')
    oracle = subprocess.run([ORACLE, f'{OBJECTS}/{obj}.bpf.o', prog, CAPTURE, out],
                            capture_output=True, text=True, check=False)
    # named maps are printed whole
    names = sorted(set(re.findall(r'^map (\S+) ', oracle.stdout, re.M)))
    report, err = skep(obj, prog, '-w', mod, *[w for n in names for w in ('-m', n)])
    if not ok(report is not None, f'{name} runs', err):
        return
    if oracle.returncode == 77:
        global count
        count += 1
        print(f'ok {count} # SKIP {name}: the kernel refuses bpf(2) here')
        return
    if not ok(oracle.returncode == 0, f'{name} runs in the kernel', oracle.stderr):
        return
    kernel = read_oracle(out)
    want = {}
    for verdict, _ in kernel:
        want[verdict] = want.get(verdict, 0) + 1
    got = {v['value']: v['packets'] for v in report['programs'][0]['verdicts']}
    ok(got == want, f'{name}: verdicts of {len(kernel)} packets', f'ours {got}', f'kernel {want}')
    sent = [data for verdict, data in kernel if verdict in (2, 3)]
    ours = [data for data, _ in read_pcap(mod)]
    at = next((i for i, (a, b) in enumerate(zip(ours, sent)) if a != b), None)
    ok(len(ours) == len(sent) and at is None, f'{name}: packets afterwards',
       f'{len(ours)} packets, kernel {len(sent)}; first difference at {at}',
       '' if at is None else f'ours   {ours[at].hex()}\nkernel {sent[at].hex()}')
    a, b = our_maps(report, obj), their_maps(oracle.stdout, obj)
    for m in sorted(set(b) | set(a)):
        mine, theirs = a.get(m, {}), b.get(m, {})
        diff = {k: (mine.get(k), theirs.get(k)) for k in set(mine) | set(theirs)
                if mine.get(k) != theirs.get(k)}
        ok(not diff, f'{name}: map {m}', f'{len(diff)} entries differ: {list(diff.items())[:3]}')


def u64s(hexa):
    words = len(hexa) // 16
    return struct.unpack(f'<{words}Q', bytes.fromhex(hexa[:16 * words]))


def tagged(data):
    """At tc the outer tag is a property of the packet, no longer part of its bytes."""
    return data[12:14] in (b'\x81\0', b'\x88\xa8')


def histogram(packets):
    report, err = skep('histogram', 'histogram')
    if not ok(report is not None, 'histogram runs', err):
        return
    want = [0] * 17
    total = 0
    for data, wire in packets:
        wire -= 4 * tagged(data)
        total += wire
        want[min(wire.bit_length() - 1, 16)] += 1
    bss = next(m for m in report['maps'] if m['name'].endswith('.bss'))
    words = list(u64s(bss['entries'][0]['value']))
    slots = next(i for i in range(len(words)) if words[i:i + 17] == want) \
        if any(words[i:i + 17] == want for i in range(len(words))) else None
    ok(slots is not None, 'histogram: wire lengths in powers of two', words, want)
    ok(len(packets) in words and total in words, 'histogram: packets and bytes', words)


def dns_answers(packets):
    report, err = skep('dns_answers', 'dns_answers')
    if not ok(report is not None, 'dns_answers runs', err):
        return
    queries, answers, waiting, unasked, bad = 0, 0, set(), 0, 0
    for data, _ in packets:
        if data[12:14] != b'\x08\0' or data[23] != 17 or struct.unpack('!H', data[20:22])[0] & 0x1fff:
            continue
        udp = 14 + (data[14] & 15) * 4
        sport, dport = struct.unpack_from('!HH', data, udp)
        if 53 not in (sport, dport) or len(data) < udp + 20:
            continue
        ident, flags = struct.unpack_from('!HH', data, udp + 8)
        if flags & 0x8000:
            key = (data[30:34], dport, ident)
            if key in waiting:
                waiting.remove(key)
                answers += 1
                bad += flags & 15 != 0
            else:
                unasked += 1
        else:
            waiting.add((data[26:30], sport, ident))
            queries += 1
    bss = next(m for m in report['maps'] if m['name'].endswith('.bss'))
    got = u64s(bss['entries'][0]['value'])
    ok(got == (queries, answers, unasked, bad), 'dns_answers: queries, answers, unasked, failed',
       got, (queries, answers, unasked, bad))
    ok(report['actions']['passed'] == answers, 'dns_answers: keeps the answers only', report['actions'])


def vlan(packets, tmp):
    mod = os.path.join(tmp, 'out.pcap')
    report, err = skep('vlan', 'vlan_pop', '-w', mod)
    if not ok(report is not None, 'vlan_pop runs', err):
        return
    want = []
    for data, _ in packets:
        want.append(data[:12] + data[16:] if tagged(data) else data)
    got = [data for data, _ in read_pcap(mod)]
    at = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b), None)
    ok(len(got) == len(want) and at is None, 'vlan_pop: each outer tag is gone, nothing else',
       f'first difference at {at}', '' if at is None else f'{got[at].hex()}\n{want[at].hex()}')
    report, err = skep('vlan', 'vlan_push', '-w', mod)
    if not ok(report is not None, 'vlan_push runs', err):
        return
    want = []
    for data, _ in packets:
        want.append(data if tagged(data) else data[:12] + b'\x81\0' + struct.pack('!H', 100) + data[12:])
    got = [data for data, _ in read_pcap(mod)]
    at = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b), None)
    ok(len(got) == len(want) and at is None, 'vlan_push: untagged frames get tag 100',
       f'first difference at {at}', '' if at is None else f'{got[at].hex()}\n{want[at].hex()}')


def faulty():
    done = subprocess.run([SKEP, 'run', '--guard', f'{OBJECTS}/faulty.bpf.o', '-r', CAPTURE],
                          capture_output=True, text=True, check=False)
    text = done.stdout + done.stderr
    ok(done.returncode == 1, 'faulty: exit status 1', done.returncode)
    for what in ('packet 5', 'count_syn', 'faulty.bpf.c', '42-byte packet', 'tcp->syn'):
        ok(what in text, f'faulty: the report says {what}', text)


def main():
    packets = read_pcap(CAPTURE)
    ok(len(packets) >= 10000 and os.path.getsize(CAPTURE) <= 2 << 20, 'the capture: size and packets')
    with tempfile.TemporaryDirectory() as tmp:
        for obj, prog in XDP:
            xdp(obj, prog, tmp)
        histogram(packets)
        dns_answers(packets)
        vlan(packets, tmp)
    faulty()
    print(f'1..{count}')
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
