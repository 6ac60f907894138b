#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""`skep run` on the examples and their capture: verdicts, maps, outputs and reports, against what an
independent reading of the capture says. argv: the command, the source tree.
"""
import collections
import json
import os
import re
import struct
import subprocess
import tempfile

import pcap
from tap import CAPTURE, SKEP, done, example, ok, skep, skep_json, skip

PACKETS = pcap.read(CAPTURE)
TMP = tempfile.mkdtemp(prefix='skep-test-')


def tmp(name):
    return os.path.join(TMP, name)


def ethertype(p):
    at = 12
    while p[at:at + 2] in (b'\x81\x00', b'\x88\xa8'):
        at += 4
    return struct.unpack_from('>H', p, at)[0], at + 2


def test_engines():
    """What programs say and leave in maps does not depend on what runs them."""
    native = 'jit' if os.uname().machine == 'x86_64' else 'run'
    for name in ('count.bpf.c', 'firewall.bpf.c', 'lb.bpf.c', 'vlan.bpf.c:vlan_pop', 'histogram.bpf.c'):
        seen = {}
        for option, engine in ((), native), (('--interp',), 'run'), (('--guard',), 'guard'):
            status, js, err = skep_json('run', example(name), '-r', CAPTURE, *option)
            if not ok(status == 0 and js['programs'][0]['engine'] == engine, f'{name}: runs in {engine}', err):
                continue
            # The first of many connections, in no order, with times: different each time. A per-CPU value says
            # in which slot it was counted; a run takes the slot of its CPU.
            maps = {m['name']: sorted(re.sub(r'"cpu": \d+', '', json.dumps(e, sort_keys=True)) for e in m['entries'])
                    for m in js['maps'] if m['name'] != 'connections'}
            seen[option] = json.dumps([js['programs'][0]['verdicts'], maps])
        ok(len(set(seen.values())) == 1, f'{name}: the same verdicts and maps by all engines',
           {k: v[:500] for k, v in seen.items()})
    for pair in ('--jit', '--interp'), ('--jit', '--guard'), ('--guard', '--interp'):
        status, out, err = skep('run', example('count.bpf.c'), *pair)
        ok(status == 2 and 'exclude each other' in err, f'{pair[0]} and {pair[1]} are refused', err)
    program = '79 10 00 00 00 00 00 00 95 00 00 00 00 00 00 00'
    for option in ('--interp', '--guard') + (('--jit',) if native == 'jit' else ()):
        status, out, err = skep('vm', '0100000000000000', option, '--program', program)
        ok(status == 0 and out == '1\n', f'vm {option}', err)
    if native == 'jit':
        status, out, err = skep('vm', '--jit', '--program', program)
        ok(status == 1 and 'read 8 bytes at 0x0' in err, 'vm --jit: the fault is told', err)


def test_perf():
    if os.uname().machine != 'x86_64':
        skip('perf', 'the JIT does not know this machine')
        return
    p = subprocess.Popen([SKEP, 'run', '--perf', example('lb.bpf.c'), '-r', CAPTURE], stdout=subprocess.DEVNULL)
    p.wait(timeout=120)
    path = f'/tmp/perf-{p.pid}.map'
    try:
        with open(path, encoding='ascii') as f:
            lines = f.read()
        os.unlink(path)
    except OSError as e:
        lines = repr(e)
    ok(re.search(r'^[0-9a-f]+ [0-9a-f]+ bpf_prog_[0-9a-f]{16}_balance$', lines, re.M) and '_configure\n' in lines,
       '--perf: a line for each function', lines)


def test_list():
    status, out, err = skep('run', example('lb.bpf.c'))
    ok(status == 0 and re.search(r'program balance +xdp', out) and re.search(r'map +services +hash', out),
       'without packets, programs and maps are listed', out + err)
    status, js, err = skep_json('run', example('vlan.bpf.c'))
    names = {p['name']: p for p in js['programs']} if js else {}
    ok(status == 0 and len(names) >= 2 and all('type' in p for p in names.values()), 'the list as JSON', err)
    status, out, err = skep('run', example('vlan.bpf.c'), '-r', CAPTURE)
    ok(status == 2 and all(n in err for n in names), 'several programs and none chosen: they are named', err)


def test_count():
    status, js, err = skep_json('run', example('count.bpf.c'), '-r', CAPTURE)
    ok(status == 0 and js['packets'] == len(PACKETS) and js['actions']['passed'] == len(PACKETS),
       'the counter passes every packet', err)
    counter = next(m for m in js['maps'] if m['name'] == 'by_protocol')
    total = sum(v['value']['packets'] for e in counter['entries'] for v in e['values'])
    size = sum(v['value']['bytes'] for e in counter['entries'] for v in e['values'])
    ok(total == len(PACKETS), 'its counters add up to all packets', total)
    ok(size == sum(len(p) for p, _ in PACKETS), 'and to all captured bytes', size)
    kinds = collections.Counter(ethertype(p)[0] for p, _ in PACKETS)
    arp = sum(v['value']['packets'] for e in counter['entries'] if e['key'] == 'KIND_ARP' for v in e['values'])
    ok(arp == kinds[0x0806], 'ARP packets as counted independently', (arp, kinds[0x0806]))


def test_histogram():
    status, js, err = skep_json('run', example('histogram.bpf.c'), '-r', CAPTURE)
    bss = next(m for m in js['maps'] if m['name'].endswith('.bss'))['entries'][0]['value']
    # tc gets the outer VLAN tag beside the packet, not in it.
    lengths = [n - 4 * (p[12:14] in (b'\x81\x00', b'\x88\xa8')) for p, n in PACKETS]
    ok(status == 0 and bss['packets'] == len(PACKETS) and bss['bytes'] == sum(lengths) and
       bss['longest'] == max(lengths), 'tc sees lengths on the wire; .bss is printed by name', bss)
    log2 = collections.Counter(n.bit_length() - 1 for n in lengths)
    ok(bss['lengths'] == [log2.get(i, 0) for i in range(len(bss['lengths']))], 'the histogram', bss)
    data = next(m for m in js['maps'] if m['name'].endswith('.data'))['entries'][0]['value']
    ok(data['shortest'] == min(lengths), '.data is initialised and written', data)


def test_firewall_output():
    out = tmp('passed.pcap')
    status, js, err = skep_json('run', example('firewall.bpf.c'), '-r', CAPTURE, '-w', out)
    passed = js['actions']['passed']
    written = pcap.read(out)
    ok(status == 0 and 0 < passed < len(PACKETS) and passed + js['actions']['dropped'] == len(PACKETS),
       'the firewall passes some and drops some', js['actions'])
    ok(len(written) == passed, '-w gets what passes', len(written))
    left = iter(PACKETS)
    ok(all(any(w == p for p in left) for w in written), 'in order, unchanged, with both lengths')


def test_balancer_output():
    out = tmp('balanced.pcapng')
    status, js, err = skep_json('run', example('lb.bpf.c'), '-r', CAPTURE, '-w', out)
    sent = js['actions']['sent back']
    ok(status == 0 and sent > 100, 'the balancer sends packets back', js['actions'])
    status, again, err = skep_json('run', example('count.bpf.c'), '-r', out)
    ok(status == 0 and again['packets'] == len(PACKETS), 'its pcapng output is read back', err)
    counters = next(m for m in js['maps'] if m['name'] == 'counters')
    total = sum(v['value']['packets'] for e in counters['entries'] for v in e['values'])
    ok(total == sent, 'the counters of the backends add up to what was sent', (total, sent))


def test_fault():
    status, out, err = skep('run', '--guard', example('faulty.bpf.c'), '-r', CAPTURE)
    ok(status == 1, 'a fault ends with status 1', status)
    for what, pattern in {'the packet': r'packet \d+', 'the program': r"program 'count_syn'",
                          'the instruction': r'instruction \d+', 'the C line': r'faulty\.bpf\.c:\d+',
                          'the miss in bytes': r'\d+ bytes past the end of the \d+-byte packet',
                          'registers': r'r1 +=', 'the source text': r'tcp->syn'}.items():
        ok(re.search(pattern, err), f'the report names {what}', err)
    status, js, err = skep_json('run', '--guard', example('faulty.bpf.c'), '-r', CAPTURE,
                                '--keep-going')
    acts = js['actions']
    ok(status == 1 and js['packets'] == len(PACKETS) and acts['aborted'] == js['faults'] > 1 and
       sum(acts.values()) == len(PACKETS), '--keep-going counts faulting packets as aborted', acts)
    ok(js['fault']['kind'] == 'read' and 'packet' in js['fault'], 'the fault as JSON', js.get('fault'))


def test_data():
    arp = (b'\xff' * 6 + b'\x02\0\0\0\0\1' + b'\x08\x06').ljust(60, b'\0').hex()
    status, js, err = skep_json('run', example('count.bpf.c'), '--data', arp)
    ok(status == 0 and js['packets'] == 1 and js['programs'][0]['verdicts'][0]['name'] == 'pass',
       '--data runs one input', err)
    status, out, err = skep('run', example('count.bpf.c'), '--data', 'abc')
    ok(status == 2 and 'hexadecimal' in err, 'odd digits are refused', err)
    status, js, err = skep_json('run', example('count.bpf.c'), '-r', CAPTURE, '-c', '10', '--repeat', '7')
    ok(status == 0 and js['packets'] == 10 and js['programs'][0]['runs'] == 70, '-c and --repeat', err)


def test_several():
    status, js, err = skep_json('run', example('vlan.bpf.c'), '-r', CAPTURE, '-p', 'vlan_pop', '-p', 'vlan_push')
    known = status in (0, 2)
    ok(known, 'several programs run one after the other', err)


SWITCH = r'''#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
char L[] SEC("license") = "GPL";
struct { __uint(type, BPF_MAP_TYPE_DEVMAP); __uint(max_entries, 8); __type(key, __u32); __type(value, __u32); }
	ports SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 8); __type(key, __u32); __type(value, __u32); }
	jumps SEC(".maps");
SEC("xdp") int by_length(struct xdp_md *c)
{
	return bpf_redirect_map(&ports, c->data_end - c->data > 100, XDP_PASS);
}
SEC("xdp") int to_nine(struct xdp_md *c) { return bpf_redirect(9, 0); }
SEC("xdp") int next(struct xdp_md *c) { return XDP_DROP; }
SEC("xdp") int jump(struct xdp_md *c) { bpf_tail_call(c, &jumps, 3); return XDP_PASS; }
'''


def test_redirect():
    source = tmp('switch.bpf.c')
    with open(source, 'w') as f:
        f.write(SWITCH)
    short = [p for p in PACKETS if len(p[0]) <= 100]
    status, js, err = skep_json('run', source + ':by_length', '-r', CAPTURE, '--set', 'ports[0]=7', '--set',
                                'ports[1]=8', '-w', '7=' + tmp('short.pcap'), '-w', '8=' + tmp('long.pcap'))
    ok(status == 0 and pcap.read(tmp('short.pcap')) == short and
       len(pcap.read(tmp('long.pcap'))) == len(PACKETS) - len(short), 'redirect_map: each interface has its file', err)
    status, js, err = skep_json('run', source + ':to_nine', '-r', CAPTURE)
    ok(status == 0 and js['redirect_lost'] == len(PACKETS), 'redirected without an output: counted as lost', err)
    status, js, err = skep_json('run', source + ':jump', '-r', CAPTURE, '--set', 'jumps[3]=next')
    ok(status == 0 and js['actions']['dropped'] == len(PACKETS), 'a tail call into a program set from outside', err)
    status, out, err = skep('run', source + ':jump', '-r', CAPTURE, '--set', 'jumps[8]=next')
    ok(status == 1 and 'jumps[8]' in err and '8 entries' in err, '--set beyond the end is refused', err)
    status, out, err = skep('run', source + ':jump', '-r', CAPTURE, '--set', 'ports[x]=1')
    ok(status == 2 and "'x'" in err, '--set with a key that is none is refused', err)


for test in (test_engines, test_perf, test_list, test_count, test_histogram, test_firewall_output, test_balancer_output, test_fault,
             test_data, test_several, test_redirect):
    try:
        test()
    except (AssertionError, KeyError, TypeError, StopIteration, IndexError) as e:
        ok(False, test.__name__, repr(e))
done()
