#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes examples/packets.pcap: real exchanges between two network namespaces, as tcpdump saw them.

    sudo tools/make_capture.py [OUT.pcap]

A server and a client talk over a veth pair with checksum and segmentation offload off, so that
what is captured is what a wire would carry. VLAN frames are sent raw (AF_PACKET), since not every
kernel has VLAN devices. The file differs in times, ports and sequence numbers from run to run; the
kinds and rough counts of exchanges are fixed below.
"""
import array
import fcntl
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

SNAPLEN = 128
BYTES_MAX = 2 * 1024 * 1024
PACKETS_MIN = 10000
SEED = 20261120

NS_CLIENT, NS_SERVER = 'skep-cap-client', 'skep-cap-server'
MAC_CLIENT, MAC_SERVER = '02:5e:eb:00:00:01', '02:5e:eb:00:00:02'
CLIENTS4 = ['10.7.0.11', '10.7.0.12', '10.7.0.13', '10.7.0.14']
CLIENTS6 = ['fd07::11', 'fd07::12']
SERVER4, SERVER6 = '10.7.0.2', 'fd07::2'
VIP4 = '10.7.0.100'  # what the load balancer of the examples serves
TCP_PORTS = [22, 80, 443, 5432, 8080]
UDP_PORTS = [123, 514, 5000, 6000]
CLOSED_PORTS = [23, 81, 3306, 9999]


def sh(*cmd):
    subprocess.run(cmd, check=True)


def offloads_off(dev):
    """ETHTOOL_S{RX,TX}CSUM, SG, TSO, GSO and GRO to 0; the kernel may not know some of them."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for cmd in (0x15, 0x17, 0x19, 0x1f, 0x24, 0x2c):
            value = array.array('I', [cmd, 0])
            address = value.buffer_info()[0]
            try:
                fcntl.ioctl(s, 0x8946, struct.pack('16sQ16x', dev.encode(), address))
            except OSError:
                pass


# The server's side

def serve_tcp(family, address, port):
    s = socket.socket(family, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    s.listen(64)

    def answer(c):
        with c:
            try:
                ask = c.recv(65536)
                if len(ask) < 4:
                    return
                c.sendall(b'r' * struct.unpack('!I', ask[:4])[0])
                while c.recv(65536):
                    pass
            except OSError:
                pass

    while True:
        c, _ = s.accept()
        threading.Thread(target=answer, args=(c,), daemon=True).start()


def serve_udp(family, address, port):
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.bind((address, port))
    while True:
        data, peer = s.recvfrom(65536)
        s.sendto(data[::-1], peer)


def serve_dns(family, address):
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.bind((address, 53))
    while True:
        ask, peer = s.recvfrom(4096)
        end = ask.index(b'\0', 12) + 5
        question, kind = ask[12:end], struct.unpack('!H', ask[end - 4:end - 2])[0]
        data = {1: socket.inet_aton('10.7.0.80'),
                28: socket.inet_pton(socket.AF_INET6, 'fd07::80'),
                16: b'\x1bv=skep; bees keep their hives'}.get(kind)
        if question.startswith(b'\x07missing') or data is None:
            s.sendto(ask[:2] + struct.pack('!5H', 0x8183, 1, 0, 0, 0) + question, peer)
            continue
        record = struct.pack('!HHHIH', 0xc00c, kind, 1, 300, len(data)) + data
        s.sendto(ask[:2] + struct.pack('!5H', 0x8180, 1, 1, 0, 0) + question + record, peer)


def server():
    offloads_off('eth0')
    for family, addresses in ((socket.AF_INET, [SERVER4, VIP4]), (socket.AF_INET6, [SERVER6])):
        for address in addresses:
            for port in TCP_PORTS:
                threading.Thread(target=serve_tcp, args=(family, address, port), daemon=True).start()
            for port in UDP_PORTS:
                threading.Thread(target=serve_udp, args=(family, address, port), daemon=True).start()
            threading.Thread(target=serve_dns, args=(family, address), daemon=True).start()
    print('ready', flush=True)
    signal.pause()


# The client's side

def sum16(data):
    data += b'\0' * (len(data) % 2)
    total = sum(struct.unpack(f'!{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def tcp_exchange(rng, family, source, target, port, reset=False):
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.settimeout(5)
        s.bind((source, 0))
        try:
            s.connect((target, port))
            want = rng.choice([20, 200, 900, 1400, 3000, 6000, 9000])
            s.sendall(struct.pack('!I', want) + b'q' * rng.randrange(10, 600))
            if reset:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
                s.recv(100)
                return
            while want > 0:
                got = s.recv(65536)
                if not got:
                    break
                want -= len(got)
        except OSError:
            pass  # closed ports answer with a reset: that is wanted


def tcp_flows(seed, family, sources, targets, count):
    rng = random.Random(seed)
    for _ in range(count):
        closed = rng.random() < 0.08
        tcp_exchange(rng, family, rng.choice(sources), rng.choice(targets),
                     rng.choice(CLOSED_PORTS if closed else TCP_PORTS), rng.random() < 0.1)


def udp_flows(seed, family, sources, targets, count):
    rng = random.Random(seed)
    for _ in range(count):
        with socket.socket(family, socket.SOCK_DGRAM) as s:
            s.settimeout(0.3)
            s.bind((rng.choice(sources), 0))
            closed = rng.random() < 0.05
            where = (rng.choice(targets), rng.choice(CLOSED_PORTS if closed else UDP_PORTS))
            big = rng.random() < 0.06
            try:
                s.connect(where)
                for _ in range(1 if closed else rng.randrange(1, 6)):
                    s.send(b'u' * (rng.randrange(2000, 9000) if big else rng.randrange(8, 1200)))
                    s.recv(65536)
            except OSError:
                pass


def dns_flows(seed, family, sources, targets, count):
    rng = random.Random(seed)
    names = ['hive', 'queen', 'drone', 'comb', 'honey', 'wax', 'missing', 'smoker', 'swarm']
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.settimeout(1)
        s.bind((rng.choice(sources), 0))
        for n in range(count):
            name = rng.choice(names).encode()
            ask = struct.pack('!6H', n & 0xffff, 0x0100, 1, 0, 0, 0)
            ask += bytes([len(name)]) + name + b'\x04skep\x04test\0'
            s.sendto(ask + struct.pack('!HH', rng.choice([1, 1, 28, 16, 15]), 1),
                     (rng.choice(targets), 53))
            try:
                s.recv(4096)
            except OSError:
                pass


def pings(seed, family, sources, target, count):
    rng = random.Random(seed)
    proto = socket.IPPROTO_ICMP if family == socket.AF_INET else socket.IPPROTO_ICMPV6
    for n in range(count):
        with socket.socket(family, socket.SOCK_RAW, proto) as s:
            s.settimeout(0.5)
            s.bind((rng.choice(sources), 0))
            body = struct.pack('!HHd', 77, n, time.time()) + b'p' * rng.choice([16, 40, 48, 900])
            kind = 8 if family == socket.AF_INET else 128
            head = struct.pack('!BBH', kind, 0, 0)
            check = sum16(head + body) if family == socket.AF_INET else 0
            try:
                s.sendto(struct.pack('!BBH', kind, 0, check) + body, (target, 0))
                s.recv(4096)
            except OSError:
                pass


def mac(text):
    return bytes(int(b, 16) for b in text.split(':'))


def udp4_packet(source, target, sport, dport, data):
    src, dst = socket.inet_aton(source), socket.inet_aton(target)
    udp = struct.pack('!4H', sport, dport, 8 + len(data), 0) + data
    check = sum16(src + dst + struct.pack('!BBH', 0, 17, len(udp)) + udp) or 0xffff
    udp = udp[:6] + struct.pack('!H', check) + udp[8:]
    head = struct.pack('!BBHHHBBH', 0x45, 0, 20 + len(udp), 0x1234, 0x4000, 64, 17, 0) + src + dst
    return head[:10] + struct.pack('!H', sum16(head)) + head[12:] + udp


def raw_frames(seed, count):
    """VLAN-tagged frames (one tag and two), and a few of other kinds."""
    rng = random.Random(seed)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind(('eth0', 0))
        ends = mac(MAC_SERVER) + mac(MAC_CLIENT)
        for n in range(count):
            packet = udp4_packet(rng.choice(CLIENTS4), SERVER4, 20000 + n % 50, rng.choice(UDP_PORTS),
                                 b'v' * rng.randrange(8, 300))
            tci = rng.choice([5, 7, 100]) | rng.choice([0, 0, 3]) << 13
            if n % 10 == 9:
                tags = struct.pack('!HHHHH', 0x88a8, 42, 0x8100, tci, 0x0800)
            else:
                tags = struct.pack('!HHH', 0x8100, tci, 0x0800)
            if n % 25 == 24:  # an ARP request in a VLAN
                tags = struct.pack('!HHH', 0x8100, tci, 0x0806)
                packet = struct.pack('!HHBBH', 1, 0x0800, 6, 4, 1) + mac(MAC_CLIENT) + \
                    socket.inet_aton(CLIENTS4[0]) + bytes(6) + socket.inet_aton(SERVER4)
            s.send(ends + tags + packet)
            if n % 40 == 0:  # an Ethernet type that nobody here knows
                s.send(ends + struct.pack('!H', 0x88b5) + b'experiment' * 5)
            time.sleep(0.002)


def client():
    offloads_off('eth0')
    four, six = socket.AF_INET, socket.AF_INET6
    jobs = [(tcp_flows, n, four, CLIENTS4, [SERVER4, VIP4, VIP4], 90) for n in range(4)]
    jobs += [(tcp_flows, 10 + n, six, CLIENTS6, [SERVER6], 70) for n in range(2)]
    jobs += [(udp_flows, 20 + n, four, CLIENTS4, [SERVER4, VIP4], 110) for n in range(2)]
    jobs += [(udp_flows, 30, six, CLIENTS6, [SERVER6], 110)]
    jobs += [(dns_flows, 40, four, CLIENTS4, [SERVER4], 600), (dns_flows, 41, four, CLIENTS4, [SERVER4], 300),
             (dns_flows, 42, six, CLIENTS6, [SERVER6], 200)]
    jobs += [(pings, 50, four, CLIENTS4, SERVER4, 250), (pings, 51, six, CLIENTS6, SERVER6, 150)]
    jobs += [(raw_frames, 60, 400)]
    threads = [threading.Thread(target=f, args=[SEED + args[0], *args[1:]]) for f, *args in jobs]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


def namespaces():
    for ns in (NS_CLIENT, NS_SERVER):
        sh('ip', 'netns', 'add', ns)
    sh('ip', 'link', 'add', 'eth0', 'netns', NS_CLIENT, 'type', 'veth',
       'peer', 'name', 'eth0', 'netns', NS_SERVER)
    for ns, hw, four, six in ((NS_CLIENT, MAC_CLIENT, CLIENTS4, CLIENTS6),
                              (NS_SERVER, MAC_SERVER, [SERVER4, VIP4], [SERVER6])):
        sh('ip', '-n', ns, 'link', 'set', 'eth0', 'address', hw)
        for address in four:
            sh('ip', '-n', ns, 'addr', 'add', f'{address}/24', 'dev', 'eth0')
        for address in six:
            sh('ip', '-n', ns, 'addr', 'add', f'{address}/64', 'dev', 'eth0', 'nodad')
        sh('ip', '-n', ns, 'link', 'set', 'lo', 'up')


def capture(out):
    def inside(ns, *cmd, **more):
        return subprocess.Popen(['ip', 'netns', 'exec', ns, *cmd], **more)

    me = [sys.executable, os.path.abspath(__file__)]
    running = []
    try:
        namespaces()
        sh('ip', '-n', NS_SERVER, 'link', 'set', 'eth0', 'up')
        dump = inside(NS_SERVER, 'tcpdump', '-i', 'eth0', '-s', str(SNAPLEN), '-B', '16384', '-w', out,
                      '-Z', 'root', stderr=subprocess.PIPE, text=True)
        running.append(dump)
        print(dump.stderr.readline().strip())
        sh('ip', '-n', NS_CLIENT, 'link', 'set', 'eth0', 'up')
        time.sleep(1)
        srv = inside(NS_SERVER, *me, '--server', stdout=subprocess.PIPE, text=True)
        running.append(srv)
        srv.stdout.readline()
        if inside(NS_CLIENT, *me, '--client').wait() != 0:
            raise RuntimeError('the client failed')
        time.sleep(1)
        dump.send_signal(signal.SIGINT)
        print(dump.stderr.read().strip())
    finally:
        for process in running:
            process.terminate()
            process.wait()
        for ns in (NS_CLIENT, NS_SERVER):
            subprocess.run(['ip', 'netns', 'del', ns], check=False)


def main():
    if '--server' in sys.argv:
        return server()
    if '--client' in sys.argv:
        return client()
    here = os.path.dirname(os.path.abspath(__file__))
    out = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, '../examples/packets.pcap')
    if os.geteuid() != 0:
        sys.exit('make_capture: network namespaces need root')
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, 'packets.pcap')
        capture(path)
        with open(path, 'rb') as f:
            data = f.read()
    count, at = 0, 24
    while at < len(data):
        at += 16 + struct.unpack_from('<I', data, at + 8)[0]
        count += 1
    print(f'{count} packets, {len(data)} bytes')
    if count < PACKETS_MIN or len(data) > BYTES_MAX:
        sys.exit(f'make_capture: wanted at least {PACKETS_MIN} packets in at most {BYTES_MAX} bytes')
    with open(out, 'wb') as f:
        f.write(data)
    return 0


if __name__ == '__main__':
    sys.exit(main())
