#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Programs of packets, map operations and filters: `skep` beside the live kernel and tcpdump.

    bench/programs.py BUILD CAPTURE [--rounds N] [--json FILE]

Packet programs run on every 100th packet of the capture, 2,000 times each: ours by `skep run
--repeat`, in CPU time of the process; the kernel's by BPF_PROG_TEST_RUN, less its loop around an
empty program. Filters run over the capture written 20 times into one file: CPU time of the whole
process, user and system. Rounds are interleaved; medians, and medians of paired ratios.
"""
import argparse
import json
import os
import re
import statistics
import struct
import subprocess
import sys
import tempfile
import time

REPEAT = 2000
COPIES = 20
PROGRAMS = [('count', 'count'), ('firewall', 'firewall'), ('lb', 'balance'), ('vlan', 'vlan_pop_xdp')]
MAP_OPS = ['m_array_lookup', 'm_percpu_lookup', 'm_hash_lookup', 'm_hash_miss', 'm_hash_update', 'm_ktime']
OPS_PER_RUN = 64
FILTERS = ['', 'port 22', 'tcp port 443', 'host 10.7.0.100 and tcp', 'ip6 and udp',
           'tcp[tcpflags] & tcp-rst != 0', 'not arp and (port 53 or port 80)']


def read_pcap(path):
    with open(path, 'rb') as f:
        data = f.read()
    at, records = 24, []
    while at < len(data):
        end = at + 16 + struct.unpack_from('<I', data, at + 8)[0]
        records.append(data[at:end])
        at = end
    return data[:24], records


def write_pcap(path, head, records):
    with open(path, 'wb') as f:
        f.write(head + b''.join(records))


class Bench:
    def __init__(self, build, tmp):
        self.skep, self.oracle = f'{build}/src/skep', f'{build}/tests/examples/oracle'
        self.build, self.tmp = build, tmp

    def ours(self, obj, prog, capture):
        """CPU ns of one run: what REPEAT more runs of each packet cost the process."""
        packets = len(read_pcap(capture)[1])
        once, twice = (cpu_of([self.skep, 'run', f'{obj}:{prog}', '-r', capture, '--no-maps',
                               '--repeat', str(n * REPEAT)]) for n in (1, 2))
        return (twice - once) * 1e9 / (REPEAT * packets) if once and twice else None

    def kernel(self, obj, prog, capture):
        out = subprocess.run([self.oracle, obj, prog, capture, '/dev/null', str(REPEAT)],
                             capture_output=True, text=True, check=False)
        m = re.search(r'^ns (\S+)', out.stdout, re.M)
        return float(m.group(1)) if m else None


def cpu_of(cmd):
    """CPU seconds of one process."""
    pid = os.posix_spawn(cmd[0], cmd, os.environ, file_actions=[
        (os.POSIX_SPAWN_OPEN, 1, '/dev/null', os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, '/dev/null', os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    return usage.ru_utime + usage.ru_stime if status == 0 else None


def medians(pairs):
    """(median of the first, of the second, of their ratios) of rounds where both ran."""
    good = [(a, b) for a, b in pairs if a is not None and b]
    if not good:
        return None
    return (statistics.median(a for a, _ in good), statistics.median(b for _, b in good),
            statistics.median(a / b for a, b in good))


def packet_programs(b, capture, rounds, results):
    print(f'\n{"packet program":<22}{"skep ns":>10}{"kernel ns":>12}{"ratio":>9}')
    empty = f'{b.build}/bench/work_kernel.bpf.o'
    for obj, prog in PROGRAMS:
        path, pairs = f'{b.build}/examples/{obj}.bpf.o', []
        for _ in range(rounds):
            loop, theirs = b.kernel(empty, 'w_empty', capture), b.kernel(path, prog, capture)
            pairs.append((b.ours(path, prog, capture),
                          max(theirs - loop, 0.5) if theirs and loop else None))
        show(f'{obj}:{prog}', pairs, results, 'packet_programs')


def map_operations(b, capture, rounds, results):
    print(f'\n{"map operation":<22}{"skep ns":>10}{"kernel ns":>12}{"ratio":>9}')
    path = f'{b.build}/bench/maps.bpf.o'
    for prog in MAP_OPS:
        pairs = []
        for _ in range(rounds):
            none = b.ours(path, 'm_none', capture), b.kernel(path, 'm_none', capture)
            full = b.ours(path, prog, capture), b.kernel(path, prog, capture)
            pairs.append([max(f - n, 1) / OPS_PER_RUN if f and n else None for f, n in zip(full, none)])
        show(prog[2:], pairs, results, 'map_operations')


def show(name, pairs, results, kind):
    ours = [a for a, _ in pairs if a is not None]
    both = medians(pairs)
    if both:
        print(f'{name:<22}{both[0]:>10.1f}{both[1]:>12.1f}{both[2]:>9.2f}')
        results[kind].append({'name': name, 'skep_ns': both[0], 'kernel_ns': both[1], 'ratio': both[2]})
    elif ours:
        print(f'{name:<22}{statistics.median(ours):>10.1f}{"-":>12}{"-":>9}')
        results[kind].append({'name': name, 'skep_ns': statistics.median(ours)})
    sys.stdout.flush()


def filters(b, capture, packets, rounds, results):
    tools = {'run': [b.skep, 'filter', '--engine=run'], 'guard': [b.skep, 'filter', '--engine=guard'],
             'classic': [b.skep, 'filter', '--engine=classic'],
             'libpcap': [b.skep, 'filter', '--engine=libpcap'], 'tcpdump': ['/usr/bin/tcpdump', '-n']}
    print(f'\n{"filter, M packets/s":<34}' + ''.join(f'{t:>9}' for t in tools) + f'{"run/tcpdump":>13}')
    for text in FILTERS:
        times = {t: [] for t in tools}
        for _ in range(rounds):
            for tool, cmd in tools.items():
                times[tool].append(cpu_of(cmd + ['-r', capture, '-w', '/dev/null'] + ([text] if text else [])))
        rate = {t: packets / statistics.median(v) / 1e6 if all(v) else 0 for t, v in times.items()}
        pair = medians(list(zip(times['run'], times['tcpdump'])))
        print(f'{text or "(all)":<34}' + ''.join(f'{r:>9.2f}' for r in rate.values())
              + (f'{1 / pair[2]:>12.2f}x' if pair else ''))
        results['filters'].append({'filter': text, 'million_packets_per_second': rate,
                                   'run_to_tcpdump': 1 / pair[2] if pair else None})
        sys.stdout.flush()


def start_up(b, capture, rounds, results):
    """From execve to the end of a run over one packet."""
    times = []
    for _ in range(max(rounds, 11)):
        began = time.monotonic()
        subprocess.run([b.skep, 'run', f'{b.build}/examples/count.bpf.o', '-r', capture, '--no-maps'],
                       capture_output=True, check=False)
        times.append((time.monotonic() - began) * 1000)
    print(f'\nfrom execve to the end, an object over one packet: {statistics.median(times):.1f} ms')
    results['start_up_ms'] = statistics.median(times)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('build')
    parser.add_argument('capture')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--json')
    args = parser.parse_args()
    head, records = read_pcap(args.capture)
    results = {'packet_programs': [], 'map_operations': [], 'filters': [], 'rounds': args.rounds}
    with tempfile.TemporaryDirectory() as tmp:
        few, one, big = (os.path.join(tmp, n) for n in ('few.pcap', 'one.pcap', 'big.pcap'))
        write_pcap(few, head, records[::100])
        write_pcap(one, head, records[:1])
        write_pcap(big, head, records * COPIES)
        b = Bench(args.build, tmp)
        packet_programs(b, few, args.rounds, results)
        few_maps = os.path.join(tmp, 'maps.pcap')
        write_pcap(few_maps, head, records[:3])
        map_operations(b, few_maps, args.rounds, results)
        filters(b, big, len(records) * COPIES, args.rounds, results)
        start_up(b, one, args.rounds, results)
    if args.json:
        with open(args.json, 'w', encoding='utf-8') as f:
            json.dump(results, f, indent=1)


if __name__ == '__main__':
    main()
