#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Programs of packets, map operations and filters: `skep` beside the live kernel and tcpdump.

    bench/programs.py BUILD CAPTURE [--rounds N] [--json FILE] [--packets] [--maps [OPERATION…]]

Packet programs run on every 250th packet of the capture, ours, the kernel's and native ones by
BPF_PROG_TEST_RUN, less a run of an empty program. Map operations run in loops of 64, ours and the kernel's by BPF_PROG_TEST_RUN, less a
loop without the operation. Filters run over the capture written 20 times into one file: CPU time of the whole
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

PACKET_STEP = 250   # every many-th packet of the capture
PACKET_REPEAT = 400 # a slice so short that most are not interrupted
PACKET_SLICES = 15  # in each round
COPIES = 20
PROGRAMS = [('count', 'count'), ('firewall', 'firewall'), ('lb', 'balance'), ('vlan', 'vlan_pop_xdp')]
# Programs of maps.bpf.c.
MAP_OPS = ['array_4k', 'array_1m', 'array_constant', 'percpu_array', 'hash8_10k', 'hash8_1m', 'hash16_10k',
           'hash16_1m', 'hash8_miss', 'percpu_hash', 'lru_10k', 'lpm_10k', 'hash8_update', 'hash8_insert_delete',
           'array_update', 'ktime', 'prandom', 'cpu']
MAP_REPEAT = 60    # a slice so short that most are not interrupted
MAP_SLICES = 40    # in each round
OPS_PER_RUN = 64
# Ours: how an engine is chosen. The live kernel comes last.
MAP_ENGINES = {'jit': ['bench-maps'], 'run': ['bench-maps', '--interp'], 'kernel': ['bench-maps-live']}
# Native: the same C by gcc and clang, in the place of the JIT's code (bench/native.h).
PACKET_ENGINES = {'gcc': ['bench-maps', '--native=gcc'], 'clang': ['bench-maps', '--native=clang'], **MAP_ENGINES}
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


class Runner:
    """A process that has all programs loaded: ns of one run, or None; then `result` is the program's."""
    def __init__(self, build, cmd, obj):
        self.result = None
        self.proc = subprocess.Popen([f'{build}/bench/{cmd[0]}', *cmd[1:], obj], text=True,
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def ns(self, prog, repeat):
        try:
            self.proc.stdin.write(f'{prog} {repeat}\n')
            self.proc.stdin.flush()
            answer = self.proc.stdout.readline().strip()
        except OSError:
            return None
        if answer.count(' ') != 1:
            return None
        ns, self.result = map(int, answer.split())
        return ns

    def packet(self, data):
        self.proc.stdin.write(f'{data.hex()} 0\n')
        self.proc.stdin.flush()
        self.proc.stdout.readline()

    def close(self):
        self.proc.communicate()


def runners_of(b, obj, engines):
    return {name: Runner(b.build, cmd, obj) for name, cmd in engines.items()
            if os.path.exists(f'{b.build}/bench/{cmd[0]}')}


def packet_programs(b, records, rounds, results):
    """
    ns of one run, less one of an empty program: all sides by BPF_PROG_TEST_RUN, in turn. Its answers are whole
    numbers, rounded down; means over many packets say more.
    """
    packets = [r[16:] for r in records][::PACKET_STEP]
    empty = runners_of(b, f'{b.build}/bench/work_kernel.bpf.o', PACKET_ENGINES)
    print(f'\n{"packet program, ns":<22}' + ''.join(f'{name:>10}' for name in empty)
          + f'{"jit/kernel":>12}{"jit/gcc":>9}')
    for obj, prog in PROGRAMS:
        ours = runners_of(b, f'{b.build}/examples/{obj}.bpf.o', PACKET_ENGINES)
        sums, nones = ({name: 0.0 for name in ours} for _ in range(2))
        for data in packets:
            times = {name: ([], []) for name in ours}
            for name in ours:
                ours[name].packet(data)
                empty[name].packet(data)
            for _ in range(PACKET_SLICES * rounds):
                for name in ours:
                    times[name][0].append(empty[name].ns('w_empty', PACKET_REPEAT))
                    times[name][1].append(ours[name].ns(prog, PACKET_REPEAT))
            if len({r.result for r in ours.values()}) != 1:
                sys.exit(f'{obj}: engines differ: ' + str({name: r.result for name, r in ours.items()}))
            for name, (none, full) in times.items():
                nones[name] += statistics.quantiles(none, n=20)[0]
                sums[name] += statistics.quantiles(full, n=20)[0] - statistics.quantiles(none, n=20)[0]
        row = {name: total / len(packets) for name, total in sums.items()}
        print(f'{obj + ":" + prog:<22}' + ''.join(f'{v:>10.2f}' for v in row.values())
              + f'{row["jit"] / max(row.get("kernel", 0), 0.5):>12.2f}{row["jit"] / max(row["gcc"], 0.5):>9.2f}')
        sys.stdout.flush()
        none = {name: total / len(packets) for name, total in nones.items()}
        results['packet_programs'].append({'name': f'{obj}:{prog}', 'ns': row, 'empty_ns': none})
        for r in ours.values():
            r.close()
    print(f'{"(an empty one)":<22}' + ''.join(f'{v:>10.2f}' for v in none.values()))
    for r in empty.values():
        r.close()


def quiet(none, full):
    """ns of one operation. The lowest twentieth: slices that nothing else disturbed."""
    if None in none or None in full:
        return None
    return (statistics.quantiles(full, n=20)[0] - statistics.quantiles(none, n=20)[0]) / OPS_PER_RUN


def map_operations(b, rounds, only, results):
    """ns of each operation: what a run takes longer than one without it, in rounds that alternate."""
    obj = f'{b.build}/bench/maps.bpf.o'
    runners = runners_of(b, obj, MAP_ENGINES)
    print(f'\n{"map operation, ns":<22}' + ''.join(f'{name:>10}' for name in runners) + f'{"jit/kernel":>12}')
    for prog in only or MAP_OPS:
        times = {(name, what): [] for name in runners for what in ('m_none', f'm_{prog}')}
        for r in runners.values():
            r.ns(f'm_{prog}', 1)
        for _ in range(MAP_SLICES * rounds):
            for name, what in times:
                times[name, what].append(runners[name].ns(what, MAP_REPEAT))
        row = {name: quiet(times[name, 'm_none'], times[name, f'm_{prog}']) for name in runners}
        ratio = row['jit'] / row['kernel'] if row.get('jit') and row.get('kernel') else None
        print(f'{prog:<22}' + ''.join(f'{"-" if v is None else format(v, ".2f"):>10}' for v in row.values())
              + (f'{ratio:>12.2f}' if ratio else f'{"-":>12}'))
        results['map_operations'].append({'name': prog, 'ns': row, 'ratio': ratio})
        sys.stdout.flush()
    for r in runners.values():
        r.close()


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
    parser.add_argument('--packets', action='store_true', help='packet programs alone')
    parser.add_argument('--maps', nargs='*', metavar='OPERATION', help='map operations alone, all or these')
    args = parser.parse_args()
    head, records = read_pcap(args.capture)
    results = {'packet_programs': [], 'map_operations': [], 'filters': [], 'rounds': args.rounds}
    with tempfile.TemporaryDirectory() as tmp:
        one, big = (os.path.join(tmp, n) for n in ('one.pcap', 'big.pcap'))
        write_pcap(one, head, records[:1])
        write_pcap(big, head, records * COPIES)
        b = Bench(args.build, tmp)
        if args.maps is not None:
            map_operations(b, args.rounds, args.maps, results)
            return
        packet_programs(b, records, args.rounds, results)
        if args.packets:
            return
        map_operations(b, args.rounds, None, results)
        filters(b, big, len(records) * COPIES, args.rounds, results)
        start_up(b, one, args.rounds, results)
    if args.json:
        with open(args.json, 'w', encoding='utf-8') as f:
            json.dump(results, f, indent=1)


if __name__ == '__main__':
    main()
