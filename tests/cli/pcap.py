# SPDX-License-Identifier: BSD-2-Clause
"""Reading and writing pcap files, independently of the code under test."""
import struct


def read(path):
    """[(captured bytes, length on the wire)] of a little-endian microsecond or nanosecond pcap."""
    data = open(path, 'rb').read()
    assert data[:4] in (b'\xd4\xc3\xb2\xa1', b'\x4d\x3c\xb2\xa1'), 'not a little-endian pcap'
    packets, at = [], 24
    while at < len(data):
        _, _, caplen, length = struct.unpack_from('<IIII', data, at)
        packets.append((data[at + 16:at + 16 + caplen], length))
        at += 16 + caplen
    return packets


def write(path, packets, snaplen=262144, magic=0xa1b2c3d4):
    with open(path, 'wb') as f:
        f.write(struct.pack('<IHHiIII', magic, 2, 4, 0, 0, snaplen, 1))
        for i, p in enumerate(packets):
            f.write(struct.pack('<IIII', i, 0, len(p), len(p)) + p)
