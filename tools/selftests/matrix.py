# SPDX-License-Identifier: BSD-2-Clause
"""Two generated matrices of programs: pointer type × operation, and transfers of scalar ids and bounds.

A pointer program is: set-up (r6 becomes the pointer, r7 an unknown number, r9 keeps what must be
released), one operation on r6, the end. A transfer program: r7 becomes a copy of r6 by one way, one of
the two is compared, the other is used as an index.
"""
import cases as cs

# name: (program type, maps, set-up, end). r7 = unknown where the context has a number.
SKB = 'r7 = *(u32 *)(r1 +0)\nr8 = r1\n'
XDP = 'r7 = *(u32 *)(r1 +12)\nr8 = r1\n'
PACKET = XDP + 'r2 = *(u32 *)(r1 +0)\nr3 = *(u32 *)(r1 +4)\n'
RESERVE = ('r1 = map r\nr2 = 16\nr3 = 0\ncall bpf_ringbuf_reserve\n')
SUBMIT = 'r1 = r9\nr2 = 0\ncall bpf_ringbuf_discard\n'
LOOKUP = '*(u64 *)(r10 -8) = 0\nr2 = r10\nr2 += -8\nr1 = map %s\ncall bpf_map_lookup_elem\n'
TUPLE = ('*(u64 *)(r10 -8) = 0\n*(u64 *)(r10 -16) = 0\n*(u64 *)(r10 -24) = 0\n*(u64 *)(r10 -32) = 0\n'
         '*(u64 *)(r10 -40) = 0\n*(u64 *)(r10 -48) = 0\nr1 = r8\nr2 = r10\nr2 += -48\nr3 = 36\nr4 = 0\n'
         'r5 = 0\ncall bpf_%s\n')
RELEASE = 'r1 = r9\ncall bpf_sk_release\n'
ARRAY = ['m', 'array', '4', '64', '1']
HASH = ['h', 'hash', '4', '64', '1']
RING = ['r', 'ringbuf', '0', '0', '4096']

POINTERS = {
    'scalar': ('socket_filter', [], SKB + 'r6 = r7', ''),
    'constant': ('socket_filter', [], SKB + 'r6 = 64', ''),
    'ctx': ('socket_filter', [], SKB + 'r6 = r1', ''),
    'ctx_xdp': ('xdp', [], XDP + 'r6 = r1', ''),
    'fp': ('socket_filter', [], SKB + 'r6 = r10', ''),
    'fp_off': ('socket_filter', [], SKB + '*(u64 *)(r10 -16) = 0\nr6 = r10\nr6 += -16', ''),
    'map_ptr': ('socket_filter', [ARRAY], SKB + 'r6 = map m', ''),
    'map_value': ('socket_filter', [ARRAY], SKB + 'r6 = value m', ''),
    'map_value_off': ('socket_filter', [ARRAY], SKB + 'r6 = value m + 8', ''),
    'map_value_var': ('socket_filter', [ARRAY], SKB + 'r6 = value m\nr5 = r7\nr5 &= 7\nr6 += r5', ''),
    'map_value_ro': ('socket_filter', [ARRAY + ['0x80']], SKB + 'r6 = value m', ''),
    'map_value_or_null': ('socket_filter', [HASH], SKB + LOOKUP % 'h' + 'r6 = r0', ''),
    'map_value_checked': ('socket_filter', [HASH], SKB + LOOKUP % 'h' +
                          'if r0 == 0 goto out\nr6 = r0', ''),
    'packet': ('xdp', [], PACKET + 'r4 = r2\nr4 += 16\nif r4 > r3 goto out\nr6 = r2', ''),
    'packet_unchecked': ('xdp', [], PACKET + 'r6 = r2', ''),
    'packet_end': ('xdp', [], PACKET + 'r6 = r3', ''),
    'packet_meta': ('xdp', [], PACKET + 'r6 = *(u32 *)(r1 +8)\nr4 = r6\nr4 += 16\n'
                    'if r4 > r2 goto out', ''),
    'packet_ro': ('cgroup_skb', [], SKB + 'r2 = *(u32 *)(r1 +76)\nr3 = *(u32 *)(r1 +80)\nr4 = r2\n'
                  'r4 += 16\nif r4 > r3 goto out\nr6 = r2', ''),
    'ringbuf': ('socket_filter', [RING], SKB + RESERVE + 'if r0 == 0 goto out\nr9 = r0\nr6 = r0',
                SUBMIT),
    'ringbuf_or_null': ('socket_filter', [RING], SKB + RESERVE + 'r9 = r0\nr6 = r0',
                        'if r9 == 0 goto out\n' + SUBMIT),
    'sock_or_null': ('sched_cls', [], SKB + TUPLE % 'sk_lookup_tcp' + 'r9 = r0\nr6 = r0',
                     'if r9 == 0 goto out\n' + RELEASE),
    'sock': ('sched_cls', [], SKB + TUPLE % 'sk_lookup_tcp' +
             'if r0 == 0 goto out\nr9 = r0\nr6 = r0', RELEASE),
    'sock_common': ('sched_cls', [], SKB + TUPLE % 'skc_lookup_tcp' +
                    'if r0 == 0 goto out\nr9 = r0\nr6 = r0', RELEASE),
    'tcp_sock': ('sched_cls', [], SKB + TUPLE % 'sk_lookup_tcp' +
                 'if r0 == 0 goto out\nr9 = r0\nr1 = r0\ncall bpf_tcp_sock\nr6 = r0\n'
                 'if r0 != 0 goto on\nr1 = r9\ncall bpf_sk_release\nr0 = 0\nexit\non: r0 = 0', RELEASE),
    'flow_keys': ('flow_dissector', [], 'r8 = r1\nr6 = *(u64 *)(r1 +144)\nr7 = *(u16 *)(r6 +0)', ''),
    'tp_buffer': ('raw_tracepoint_writable', [], 'r8 = r1\nr6 = *(u64 *)(r1 +0)\n'
                  'r7 = *(u64 *)(r1 +8)', ''),
    'xdp_sock': ('xdp', [['x', 'xskmap', '4', '4', '1']], XDP + LOOKUP % 'x' +
                 'if r0 == 0 goto out\nr6 = r0', ''),
    'func': ('xdp', [], XDP + 'r6 = func f', ''),
}

LOADS = {'%s_%s%+d' % (name, size, off): text % {'t': size, 'o': off}
         for name, text in (('load', 'r5 = *(%(t)s *)(r6 %(o)+d)'),
                            ('store', '*(%(t)s *)(r6 %(o)+d) = r7'),
                            ('st', '*(%(t)s *)(r6 %(o)+d) = 1'))
         for size in ('u8', 'u16', 'u32', 'u64') for off in (0,)}
SPILLS = {'spill_fill_%s' % t: '*(u64 *)(r10 -64) = r6\nr5 = *(%s *)(r10 -64)\nr4 = r5\nr4 += 1' % t
          for t in ('u8', 'u16', 'u32', 'u64')}
SPILLS.update({'spill_%s' % t: '*(u64 *)(r10 -64) = 0\n*(%s *)(r10 -64) = r6\nr5 = *(u64 *)(r10 -64)'
               % t for t in ('u8', 'u16', 'u32')})
OPERATIONS = dict(LOADS, **SPILLS)
OPERATIONS.update({
    'none': 'r5 = r6',
    'add_const': 'r6 += 4', 'add_minus': 'r6 += -4', 'add_huge': 'r6 += 0x3fffffff\nr6 += 0x3fffffff',
    'add_const_load': 'r6 += 4\nr5 = *(u8 *)(r6 +0)', 'add_const_undo': 'r6 += 4\nr6 += -4\n'
    'r5 = *(u8 *)(r6 +0)', 'add_minus_load': 'r6 += -1\nr5 = *(u8 *)(r6 +0)',
    'add_var': 'r5 = r7\nr5 &= 7\nr6 += r5', 'add_var_load': 'r5 = r7\nr5 &= 7\nr6 += r5\n'
    'r5 = *(u8 *)(r6 +0)', 'add_var_signed': 'r5 = r7\nr5 &= 7\nr5 -= 4\nr6 += r5\nr5 = *(u8 *)(r6 +0)',
    'add_unbounded': 'r6 += r7', 'add_unbounded_load': 'r6 += r7\nr5 = *(u8 *)(r6 +0)',
    'add_reversed': 'r5 = 4\nr5 += r6\nr4 = *(u8 *)(r5 +0)',
    'sub_const': 'r6 -= 4', 'sub_var': 'r5 = r7\nr5 &= 7\nr6 -= r5', 'sub_self': 'r5 = r6\nr5 -= r6',
    'sub_fp': 'r6 -= r10', 'sub_from_scalar': 'r5 = 4\nr5 -= r6', 'add_ptr': 'r6 += r10',
    'and': 'r6 &= 7', 'or': 'r6 |= 1', 'xor': 'r6 ^= r6', 'mul': 'r6 *= 1', 'div': 'r6 /= 2',
    'mod': 'r6 %= 8', 'lsh': 'r6 <<= 1', 'rsh': 'r6 >>= 1', 'arsh': 'r6 s>>= 1', 'neg': 'r6 = -r6',
    'be16': 'r6 = be16 r6', 'be64': 'r6 = be64 r6', 'bswap32': 'r6 = bswap32 r6',
    'add32': 'w6 += 4', 'sub32': 'w6 -= w6', 'mov32': 'w5 = w6', 'mov32_use': 'w5 = w6\nr5 &= 7',
    'movsx8': 'r5 = (s8)r6', 'movsx32': 'r5 = (s32)r6', 'mov32sx16': 'w5 = (s16)w6',
    'eq_zero': 'if r6 == 0 goto out2', 'ne_zero': 'if r6 != 0 goto out2', 'gt_const':
    'if r6 > 5 goto out2', 'eq_self': 'if r6 == r6 goto out2', 'eq_scalar': 'if r6 == r7 goto out2',
    'gt_fp': 'if r6 > r10 goto out2', 'eq32_zero': 'if w6 == 0 goto out2', 'jset':
    'if r6 & 1 goto out2', 'null_check_use': 'if r6 == 0 goto out2\nr5 = *(u8 *)(r6 +0)',
    'load_minus': 'r5 = *(u8 *)(r6 -1)', 'load_off': 'r5 = *(u8 *)(r6 +15)',
    'load_far': 'r5 = *(u8 *)(r6 +4096)', 'load_misaligned': 'r5 = *(u32 *)(r6 +1)',
    'load_sx': 'r5 = *(s8 *)(r6 +0)', 'store_ptr': '*(u64 *)(r6 +0) = r10',
    'store_self': '*(u64 *)(r6 +0) = r6', 'store_map': 'r5 = value z\n*(u64 *)(r5 +0) = r6',
    'store_map32': 'r5 = value z\n*(u32 *)(r5 +0) = r6', 'store_ctx': '*(u64 *)(r8 +0) = r6',
    'spill_overwrite': '*(u64 *)(r10 -64) = r6\n*(u8 *)(r10 -64) = 0\nr5 = *(u64 *)(r10 -64)\n'
    'r4 = *(u8 *)(r5 +0)', 'spill_use': '*(u64 *)(r10 -64) = r6\nr5 = *(u64 *)(r10 -64)\n'
    'r4 = *(u8 *)(r5 +0)', 'spill_misaligned': '*(u64 *)(r10 -68) = r6',
    'atomic_add': 'lock *(u64 *)(r6 +0) += r7', 'atomic_add32': 'lock *(u32 *)(r6 +0) += r7',
    'atomic_fetch': 'r5 = 1\nr5 = atomic64_fetch_add((u64 *)(r6 +0), r5)',
    'atomic_xchg': 'r5 = 1\nr5 = xchg_64(r6 +0, r5)',
    'atomic_cmpxchg': 'r0 = 0\nr5 = 1\nr0 = cmpxchg_64(r6 +0, r0, r5)',
    'atomic_src': '*(u64 *)(r10 -64) = 0\nlock *(u64 *)(r10 -64) += r6',
    'atomic_slot': '*(u64 *)(r10 -64) = r6\nr5 = 1\nlock *(u64 *)(r10 -64) += r5',
    'atomic_slot_fetch': '*(u64 *)(r10 -64) = r6\nr5 = 1\n'
    'r5 = atomic64_fetch_add((u64 *)(r10 -64), r5)',
    'return': 'r0 = r6\nif r7 == 0 goto out2\nexit', 'callee': 'r1 = r6\ncall local g',
    'arg_map': 'r1 = r6\n*(u64 *)(r10 -64) = 0\nr2 = r10\nr2 += -64\ncall bpf_map_lookup_elem',
    'arg_key': 'r1 = map y\nr2 = r6\ncall bpf_map_lookup_elem',
    'arg_value': 'r1 = map y\n*(u64 *)(r10 -64) = 0\nr2 = r10\nr2 += -64\nr3 = r6\nr4 = 0\n'
    'call bpf_map_update_elem', 'arg_flags': 'r1 = map y\n*(u64 *)(r10 -64) = 0\nr2 = r10\nr2 += -64\n'
    'r3 = value z\nr4 = r6\ncall bpf_map_update_elem',
    'arg_mem': 'r1 = r6\nr2 = 8\nr3 = 0\nr4 = 0\nr5 = 0\ncall bpf_csum_diff',
    'arg_mem_write': 'r1 = r8\nr2 = 0\nr3 = r6\nr4 = 8\ncall bpf_skb_load_bytes',
    'arg_size': 'r1 = r8\nr2 = 0\nr3 = r10\nr3 += -64\nr4 = r6\ncall bpf_skb_load_bytes',
    'arg_ctx': 'r1 = r6\nr2 = 0\nr3 = r10\nr3 += -64\nr4 = 8\ncall bpf_skb_load_bytes',
    'arg_ring_map': 'r1 = r6\nr2 = 8\nr3 = 0\ncall bpf_ringbuf_query',
    'arg_ringbuf': 'r1 = r6\nr2 = 0\ncall bpf_ringbuf_discard',
    'arg_output': 'r1 = map q\nr2 = r6\nr3 = 8\nr4 = 0\ncall bpf_ringbuf_output',
    'arg_dynptr': 'r1 = r6\nr2 = 0\ncall bpf_ringbuf_discard_dynptr',
    'arg_dynptr_mem': 'r1 = r6\nr2 = 8\nr3 = 0\nr4 = r10\nr4 += -64\ncall bpf_dynptr_from_mem',
    'arg_lock': 'r1 = r6\ncall bpf_spin_lock', 'arg_timer': 'r1 = r6\ncall bpf_timer_cancel',
    'arg_sock': 'r1 = r6\ncall bpf_sk_release', 'arg_sock_full': 'r1 = r6\ncall bpf_sk_fullsock',
    'arg_func': 'r1 = 4\nr2 = r6\nr3 = 0\nr4 = 0\ncall bpf_loop',
    'arg_str': 'r1 = r10\nr1 += -64\n*(u64 *)(r10 -64) = 0\nr2 = 8\nr3 = r6\ncall bpf_strncmp',
    'arg_long': '*(u64 *)(r10 -64) = 0x31\nr1 = r10\nr1 += -64\nr2 = 8\nr3 = 10\nr4 = r6\n'
    'call bpf_strtol', 'arg_trace': 'r1 = r6\nr2 = 8\ncall bpf_trace_printk',
    'tail_call_map': 'r1 = r8\nr2 = r6\nr3 = 0\ncall bpf_tail_call',
    'tail_call_ctx': 'r1 = r6\nr2 = map p\nr3 = 0\ncall bpf_tail_call',
    'ld_abs': 'r0 = *(u8 *)skb[0]', 'load_acq': 'r5 = load_acquire((u64 *)(r6 +0))',
    'store_rel': 'store_release((u64 *)(r6 +0), r7)',
})
OWN_MAPS = [['z', 'array', '4', '64', '1'], ['y', 'hash', '4', '64', '1'],
            ['q', 'ringbuf', '0', '0', '4096'], ['p', 'prog_array', '4', '4', '1']]


def pointer_cases():
    out = []
    for pname, (kind, maps, setup, end) in POINTERS.items():
        for oname, op in OPERATIONS.items():
            c = cs.Case('ptr/%s/%s' % (pname, oname), 0)
            c.type, c.maps = kind, maps + OWN_MAPS
            c.asm = setup + '\n' + op + '\nout2: ' + (end or 'r0 = 0\n') + 'r0 = 0\nout: r0 = 0\nexit\n'
            if 'func f' in c.asm:
                c.asm += 'f: r0 = 0\nexit\n'
            if 'local g' in c.asm:
                c.asm += 'g: r0 = *(u8 *)(r1 +0)\nr0 = 0\nexit\n'
            c.btf = 'static' if 'func f' in c.asm or 'local g' in c.asm else ''
            out.append(c)
    return out


SOURCES = {'u64': 'r6 = *(u64 *)(r1 +0)', 'u32': 'r6 = *(u32 *)(r1 +0)',
           's32': 'r6 = *(s32 *)(r1 +0)'}
TRANSFERS = {
    'mov': 'r7 = r6', 'mov32': 'w7 = w6', 'mov_mov32': 'r7 = r6\nw7 = w7', 'movsx8': 'r7 = (s8)r6',
    'movsx16': 'r7 = (s16)r6', 'movsx32': 'r7 = (s32)r6', 'mov32sx8': 'w7 = (s8)w6',
    'mov32sx16': 'w7 = (s16)w6', 'be16': 'r7 = r6\nr7 = be16 r7', 'le32': 'r7 = r6\nr7 = le32 r7',
    'bswap64': 'r7 = r6\nr7 = bswap64 r7', 'neg': 'r7 = r6\nr7 = -r7', 'neg32': 'r7 = r6\nw7 = -w7',
    'add': 'r7 = r6\nr7 += 4', 'add_minus': 'r7 = r6\nr7 += -4', 'add32': 'r7 = r6\nw7 += 4',
    'add_twice': 'r7 = r6\nr7 += 2\nr7 += 2', 'sub': 'r7 = r6\nr7 -= 4', 'xor': 'r7 = r6\nr7 ^= 1',
    'and': 'r7 = r6\nr7 &= 0xff', 'or0': 'r7 = r6\nr7 |= 0', 'lsh0': 'r7 = r6\nr7 <<= 0',
    'mul1': 'r7 = r6\nr7 *= 1', 'add_reg': 'r5 = 4\nr7 = r6\nr7 += r5',
    'spill64': '*(u64 *)(r10 -8) = r6\nr7 = *(u64 *)(r10 -8)',
    'spill32': '*(u32 *)(r10 -8) = r6\nr7 = *(u32 *)(r10 -8)',
    'spill16': '*(u16 *)(r10 -8) = r6\nr7 = *(u16 *)(r10 -8)',
    'spill8': '*(u8 *)(r10 -8) = r6\nr7 = *(u8 *)(r10 -8)',
    'spill64_fill32': '*(u64 *)(r10 -8) = r6\nr7 = *(u32 *)(r10 -8)',
    'spill64_fill16': '*(u64 *)(r10 -8) = r6\nr7 = *(u16 *)(r10 -8)',
    'spill64_fill8': '*(u64 *)(r10 -8) = r6\nr7 = *(u8 *)(r10 -8)',
    'spill64_fill32_hi': '*(u64 *)(r10 -8) = r6\nr7 = *(u32 *)(r10 -4)',
    'spill64_fills8': '*(u64 *)(r10 -8) = r6\nr7 = *(s8 *)(r10 -8)',
    'spill32_fill64': '*(u64 *)(r10 -8) = 0\n*(u32 *)(r10 -8) = r6\nr7 = *(u64 *)(r10 -8)',
    'xchg': '*(u64 *)(r10 -8) = r6\nr7 = 0\nr7 = xchg_64(r10 -8, r7)',
    'fetch': '*(u64 *)(r10 -8) = r6\nr7 = 0\nr7 = atomic64_fetch_or((u64 *)(r10 -8), r7)',
    'fetch32': '*(u64 *)(r10 -8) = r6\nr7 = 0\nw7 = atomic_fetch_or((u32 *)(r10 -8), w7)',
    'fetch_back': '*(u64 *)(r10 -8) = r6\nr7 = r6\nr5 = 0\nr5 = atomic64_fetch_add((u64 *)(r10 -8), r5)',
    'fetch_self': '*(u64 *)(r10 -8) = 0\nr7 = r6\nr6 = atomic64_fetch_add((u64 *)(r10 -8), r6)',
    'load_acq': '*(u64 *)(r10 -8) = r6\nr7 = load_acquire((u64 *)(r10 -8))',
    'cmpxchg': '*(u64 *)(r10 -8) = r6\nr0 = r6\nr5 = 0\nr0 = cmpxchg_64(r10 -8, r0, r5)\nr7 = r0',
    'third': 'r5 = r6\nr7 = r5\nr5 += 1', 'overwritten': 'r7 = r6\nr6 += 1\nr6 += -1',
    'overwritten_mov': 'r7 = r6\nr5 = r6\nr6 = r5', 'call': 'r7 = r6\nr1 = r6\ncall local f',
}
CHECKS = {'gt': 'if %s > 7 goto out', 'gt32': 'if %w > 7 goto out', 'sgt': 'if %s s> 7 goto out\n'
          'if %s s< 0 goto out', 'ne': 'if %s != 5 goto out', 'ne32': 'if %w != 5 goto out',
          'jset': 'if %s & -8 goto out'}


def transfer_cases():
    out = []
    for sname, source in SOURCES.items():
        for tname, transfer in TRANSFERS.items():
            for kname, check in CHECKS.items():
                for checked, used in (('6', '7'), ('7', '6')):
                    c = cs.Case('id/%s/%s/%s/check%s' % (sname, tname, kname, checked), 0)
                    c.maps = [['m', 'array', '4', '16', '1']]
                    test = check.replace('%s', 'r' + checked).replace('%w', 'w' + checked)
                    c.asm = '\n'.join(['r1 = value m', source, transfer, test, 'r1 = value m',
                                       'r1 += r' + used, 'r0 = *(u8 *)(r1 +0)', 'out: r0 = 0',
                                       'exit', ''])
                    if 'local f' in c.asm:
                        c.asm += 'f: if r1 > 7 goto f1\nr0 = 1\nexit\nf1: r0 = 0\nexit\n'
                    out.append(c)
    return out


def all_cases():
    return pointer_cases() + transfer_cases()
