#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Packets of every kind that pcap-filter(7) can tell apart, as pcap files of five link types.

make_captures.py DIR writes DIR/{ethernet,sll,sll2,wlan,radiotap}.pcap, always the same bytes.
"""
import struct
import sys
from pathlib import Path

A, B, MC, BC = (bytes.fromhex(x) for x in
                ('020000000001', '020000000002', '01005e000001', 'ffffffffffff'))
SNAP = bytes.fromhex('aaaa03000000')


def be16(v):
    return struct.pack('>H', v)


def eth(payload, etype, dst=B, src=A):
    return dst + src + be16(etype) + payload


def llc(payload, dsap, ssap, control, dst=B):
    body = bytes([dsap, ssap]) + control + payload
    return dst + A + be16(len(body)) + body


def ip4(payload, proto, src='10.0.0.1', dst='10.0.0.2', frag=0, options=b'', ident=7, tos=0):
    ihl = 5 + len(options) // 4
    return struct.pack('>BBHHHBBH4s4s', 0x40 | ihl, tos, ihl * 4 + len(payload), ident, frag, 64,
                       proto, 0, quad(src), quad(dst)) + options + payload


def quad(text):
    return bytes(int(x) for x in text.split('.'))


def ip6(payload, next_header, src=1, dst=2, prefix=0xfd00):
    def addr(n):
        return be16(prefix) + bytes(12) + be16(n)
    return struct.pack('>IHBB', 6 << 28, len(payload), next_header, 64) + addr(src) + addr(dst) \
        + payload


def tcp(sport, dport, flags=0x10, data=b'', options=b''):
    return struct.pack('>HHIIBBHHH', sport, dport, 1000, 2000, (5 + len(options) // 4) << 4, flags,
                       8192, 0, 0) + options + data


def udp(sport, dport, data=b''):
    return struct.pack('>HHHH', sport, dport, 8 + len(data), 0) + data


def icmp(kind, code=0):
    return struct.pack('>BBHHH', kind, code, 0, 1, 1) + bytes(16)


def sctp(sport, dport):
    return struct.pack('>HHII', sport, dport, 1, 0) + bytes(8)


def arp(op, src='10.0.0.1', dst='10.0.0.2'):
    return struct.pack('>HHBBH6s4s6s4s', 1, 0x800, 6, 4, op, A, quad(src), bytes(6), quad(dst))


def vlan(vid, payload, etype, prio=0):
    return be16(prio << 13 | vid) + be16(etype) + payload


def mpls(labels, payload):
    out = b''
    for i, label in enumerate(labels):
        out += struct.pack('>I', label << 12 | (i == len(labels) - 1) << 8 | 64)
    return out + payload


def pppoe(session, proto, payload):
    return struct.pack('>BBHHH', 0x11, 0, session, len(payload) + 2, proto) + payload


def geneve(vni, proto, payload, options=b''):
    return struct.pack('>BBHI', len(options) // 4, 0, proto, vni << 8) + options + payload


def inner():
    """Network layer packets: (EtherType, bytes)."""
    out = []

    def v4(*a, **k):
        out.append((0x800, ip4(*a, **k)))

    def v6(*a, **k):
        out.append((0x86dd, ip6(*a, **k)))

    for sport, dport in ((1025, 80), (80, 1025), (22, 40000), (40000, 22), (53, 53), (443, 6000)):
        v4(tcp(sport, dport, data=b'GET / HTTP/1.0\r\n'), 6)
        v6(tcp(sport, dport, data=b'GET / HTTP/1.0\r\n'), 6)
        v4(udp(sport, dport, b'data' * 4), 17, src='10.0.0.2', dst='192.168.1.77')
        v6(udp(sport, dport, b'data' * 4), 17, src=2, dst=77)
        v4(sctp(sport, dport), 132)
        v6(sctp(sport, dport), 132)
    for flags in (0x02, 0x12, 0x01, 0x11, 0x04, 0x14, 0x18, 0x20, 0x40, 0x80, 0):
        v4(tcp(5000, 5001, flags, options=bytes(4 * (flags % 3))), 6, src='172.16.5.4')
    for kind in range(19):
        v4(icmp(kind), 1)
    for kind in (1, 2, 3, 4, 128, 129, 133, 134, 135, 136, 137, 143):
        v6(icmp(kind), 58)
    for proto in (0, 2, 8, 9, 27, 41, 46, 47, 50, 51, 88, 89, 94, 97, 103, 108, 112, 255):
        v4(bytes(24), proto, tos=proto)
        v6(bytes(24), proto)
    # Fragments: first, middle, last; the later ones hold bytes that look like ports.
    v4(udp(53, 53, bytes(16)), 17, frag=0x2000)
    v4(udp(53, 53, bytes(16)), 17, frag=0x2004)
    v4(tcp(80, 80), 6, frag=0x0004)
    v4(tcp(80, 80), 6, frag=0x4000)
    v6(struct.pack('>BBHI', 6, 0, 1, 9) + tcp(80, 1), 44)
    v6(struct.pack('>BBHI', 17, 0, 0x101, 9) + udp(53, 53), 44)
    # Options and extension headers, chained.
    v4(tcp(80, 81), 6, options=bytes([1] * 8))
    v4(udp(67, 68, bytes(8)), 17, options=bytes([1] * 40), src='0.0.0.0', dst='255.255.255.255')
    v6(bytes([60, 0] + [1, 4, 0, 0, 0, 0]) + bytes([6, 0] + [0] * 6) + tcp(22, 22), 0)
    v6(bytes([17, 0] + [0] * 6) + udp(546, 547), 43)
    v4(bytes([6, 4, 0, 0]) + bytes(20) + tcp(80, 80), 51)
    v4(ip4(tcp(80, 80), 6, src='1.2.3.4'), 4)
    v4(ip6(udp(7, 7), 17), 41)
    # Addresses.
    v4(udp(1, 2), 17, dst='224.0.0.1')
    v4(udp(1, 2), 17, dst='239.255.255.250')
    v4(udp(1, 2), 17, src='127.0.0.1', dst='127.0.0.1')
    v4(udp(137, 138), 17, dst='10.0.0.255')
    v4(udp(137, 138), 17, dst='10.255.255.255')
    v4(udp(9, 9, bytes(1200)), 17, src='203.0.113.9', dst='198.51.100.7')
    v6(udp(5353, 5353), 17, dst=0xfb, prefix=0xff02)
    v6(udp(1, 1), 17, prefix=0x2001)
    v4(udp(6081, 6081, geneve(7, 0x6558, eth(ip4(tcp(80, 1), 6), 0x800))), 17)
    v4(udp(1000, 6081, geneve(9, 0x800, ip4(udp(53, 1), 17), bytes(8))), 17)
    v6(udp(1000, 6081, geneve(7, 0x6558, eth(ip6(tcp(22, 1), 6), 0x86dd))), 17)
    # Cut in awkward places.
    full = ip4(tcp(80, 80, data=bytes(8)), 6)
    for cut in (1, 9, 12, 19, 20, 21, 22, 23, 24, 33):
        out.append((0x800, full[:cut]))
    out.append((0x86dd, ip6(tcp(80, 80), 6)[:41]))
    for op in (1, 2, 3, 4, 8, 9):
        out.append((0x806, arp(op)))
        out.append((0x8035, arp(op, src='192.168.1.1')))
    out.append((0x806, arp(1, src='172.16.0.9', dst='10.1.2.3')))
    for etype in (0x809b, 0x80f3, 0x6003, 0x6004, 0x6002, 0x6001, 0x8137, 0x88cc, 0x9000, 0x8863,
                  0x86, 0x22f0, 0x88b8):
        out.append((etype, bytes(range(60))))
    return out


def layers(nets):
    """What may stand between the link and network headers."""
    out = []
    some = nets[::7]
    for etype, payload in some:
        out.append((0x8100, vlan(5, payload, etype)))
        out.append((0x8100, vlan(100, payload, etype, 3)))
    for etype, payload in some[::2]:
        out.append((0x88a8, vlan(10, vlan(20, payload, etype), 0x8100)))
        out.append((0x8100, vlan(5, vlan(6, payload, etype), 0x8100)))
        out.append((0x9100, vlan(5, payload, etype)))
    for etype, payload in some[::2]:
        out.append((0x8847, mpls([100], payload)))
        out.append((0x8847, mpls([1000, 16], payload)))
        out.append((0x8848, mpls([100], payload)))
        out.append((0x8100, vlan(5, mpls([1024], payload), 0x8847)))
    for etype, payload in some[::2]:
        proto = {0x800: 0x21, 0x86dd: 0x57}.get(etype, 0xc021)
        out.append((0x8864, pppoe(1, proto, payload)))
        out.append((0x8864, pppoe(17, proto, payload)))
    out.append((0x8863, pppoe(0, 9, bytes(4))))
    return out


def llc_bodies():
    """(dsap, ssap, control) of 802.2: I, S and U frames, NetBEUI, STP, ISO, IPX, SNAP."""
    for control in (b'\x00\x00', b'\x02\x02', b'\x01\x01', b'\x05\x01', b'\x09\x01'):
        yield 0xf0, 0xf0, control, bytes(40)
    for control in (0x03, 0x0f, 0x43, 0x63, 0x6f, 0x87, 0xaf, 0xbf, 0xe3, 0xf3):
        yield 0xf0, 0xf1, bytes([control]), bytes(40)
    yield 0x42, 0x42, b'\x03', bytes(35)
    yield 0xe0, 0xe0, b'\x03', b'\xff\xff' + bytes(40)
    for pdu in (15, 16, 17, 18, 20, 24, 25, 26, 27):
        yield 0xfe, 0xfe, b'\x03', b'\x83\x1b\x01\x00' + bytes([pdu]) + bytes(30)
    yield 0xfe, 0xfe, b'\x03', b'\x82' + bytes(30)
    yield 0xfe, 0xfe, b'\x03', b'\x81' + bytes(30)
    yield 0xaa, 0xaa, b'\x03', b'\x08\x00\x07\x80\x9b' + bytes(40)
    yield 0xaa, 0xaa, b'\x03', b'\x00\x00\x00\x80\xf3' + bytes(40)
    yield 0xaa, 0xaa, b'\x03', b'\x00\x00\x00\x08\x00' + ip4(tcp(80, 80), 6)
    yield 0xaa, 0xaa, b'\x03', b'\x00\x00\x0c\x20\x00' + bytes(30)


def ethernet():
    nets = inner()
    out = [eth(p, t) for t, p in nets]
    out += [eth(p, t, dst=BC) for t, p in nets[::9]]
    out += [eth(p, t, dst=MC, src=B) for t, p in nets[::9]]
    out += [eth(p, t) for t, p in layers(nets)]
    out += [llc(p, d, s, c) for d, s, c, p in llc_bodies()]
    out += [llc(bytes(35), 0x42, 0x42, b'\x03', dst=bytes.fromhex('0180c2000000'))]
    out += [b'\xff\xff' + b'', eth(b'', 0x800)[:13], b'']
    # 802.3 with raw IPX; DECnet with long and short headers.
    out.append(B + A + be16(40) + b'\xff\xff' + bytes(38))
    for flags in (0x02, 0x0a, 0x26, 0x0e):
        for pad in (b'', b'\x81'):
            body = pad + bytes([flags]) + bytes([7, 4] * 12)
            out.append(eth(struct.pack('<H', len(body)) + body, 0x6003))
    return out


def cooked(packet_type, etype, payload, v2):
    if v2:
        return struct.pack('>HHIHBB8s', etype, 0, 2 + packet_type % 2, 1, packet_type, 6, A) \
            + payload
    return struct.pack('>HHH8sH', packet_type, 1, 6, A, etype) + payload


def linux_cooked(v2):
    nets = inner()
    out = [cooked(i % 5, t, p, v2) for i, (t, p) in enumerate(nets + layers(nets))]
    for i, (d, s, c, p) in enumerate(llc_bodies()):
        out.append(cooked(i % 5, 4, bytes([d, s]) + c + p, v2))
    out.append(cooked(4, 1, b'\xff\xff' + bytes(30), v2))
    out.append(cooked(0, 0x800, b'', v2)[:9])
    return out


def wlan_frame(kind, subtype, flags, body, addresses=(B, A, MC)):
    control = subtype << 4 | kind << 2
    head = bytes([control, flags]) + b'\0\0' + b''.join(addresses)
    if kind != 1:
        head += b'\x10\x00'
    if kind == 2 and flags & 3 == 3:
        head += bytes.fromhex('020000000009')
    if kind == 2 and subtype & 8:
        head += b'\0\0'
    return head + body


def wlan():
    out = []
    for subtype in range(16):
        out.append(wlan_frame(0, subtype, 0, bytes(24), (BC, A, A)))
        out.append(wlan_frame(1, subtype, 0, b'', (B, A)))
    nets = inner()
    for i, (etype, payload) in enumerate(nets[::2] + layers(nets)[::2]):
        subtype = (0, 8, 0, 4)[i % 4]
        flags = (0, 1, 2, 3, 0x40, 0x41)[i % 6]
        addresses = ((B, A, MC), (A, B, BC), (MC, A, B))[i % 3]
        out.append(wlan_frame(2, subtype, flags, SNAP + be16(etype) + payload, addresses))
    for d, s, c, p in llc_bodies():
        out.append(wlan_frame(2, 0, 1, bytes([d, s]) + c + p))
    out.append(b'\x80')
    return out


def radiotap():
    out = []
    for i, frame in enumerate(wlan()):
        extra = bytes(i % 3 * 4)
        out.append(struct.pack('<BBHI', 0, 0, 8 + len(extra), 0) + extra + frame)
    out.append(b'\0\0\x08')
    return out


def write(path, linktype, packets, snaplen=262144, order='<'):
    with open(path, 'wb') as f:
        f.write(struct.pack(order + 'IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, snaplen, linktype))
        for i, packet in enumerate(packets):
            # Every eleventh packet was longer on the wire than what was kept of it.
            captured = packet if i % 11 else packet[:max(0, len(packet) - 20)]
            f.write(struct.pack(order + 'IIII', 1700000000 + i, i * 997 % 1000000, len(captured),
                                len(packet)) + captured)


def main():
    folder = Path(sys.argv[1])
    write(folder / 'ethernet.pcap', 1, ethernet())
    write(folder / 'swapped.pcap', 1, ethernet(), order='>')
    write(folder / 'sll.pcap', 113, linux_cooked(False))
    write(folder / 'sll2.pcap', 276, linux_cooked(True))
    write(folder / 'wlan.pcap', 105, wlan())
    write(folder / 'radiotap.pcap', 127, radiotap())


if __name__ == '__main__':
    main()
