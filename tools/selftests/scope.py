# SPDX-License-Identifier: BSD-2-Clause
"""Which programs are outside what the verifier does yet, and why: the world typed by kernel BTF.

Mechanical: from the program's instructions and maps, the columns of src/spec/helpers, and the
register types that the live kernel's log shows.
"""
import os
import re
import struct

import corpus

PSEUDO_BTF_ID = 3
PSEUDO_KFUNC = 2
LD_IMM64 = 0x18
CALL = 0x85
ADDR_SPACE_CAST = 0xbf
MAP_TYPES = {26: 'struct_ops', 33: 'arena'}
BTF_KIND = {'int': 1, 'ptr': 2, 'array': 3, 'struct': 4, 'union': 5, 'enum': 6, 'fwd': 7,
            'typedef': 8, 'volatile': 9, 'const': 10, 'restrict': 11, 'func': 12, 'proto': 13,
            'var': 14, 'datasec': 15, 'float': 16, 'decl_tag': 17, 'type_tag': 18, 'enum64': 19}
SPECIAL = {'bpf_list_head', 'bpf_list_node', 'bpf_rb_root', 'bpf_rb_node', 'bpf_refcount',
           'bpf_wq', 'bpf_res_spin_lock', 'bpf_task_work'}
REGISTER = re.compile(r'(?:R\d+(?:_\w+)?|fp-\d+)=\(?((?:rcu_|trusted_|untrusted_|percpu_|'
                      r'alloc_|user_|non_own_ref_|rcu_or_null_)*ptr_\w*|arena)')


def kfunc_names():
    """The kernel's functions that need none of its types."""
    with open(os.path.join(corpus.TOP, 'src/spec/kfuncs.def')) as f:
        return set(re.findall(r'KFUNC\(\d+, (\w+)', f.read()))


class Btf:
    """Enough of BTF to walk the types of a map's value."""

    def __init__(self, data):
        self.types = [None]
        hdr_len, type_off, type_len, str_off, str_len = struct.unpack_from('<IIIII', data, 4)
        self.strs = data[hdr_len + str_off:hdr_len + str_off + str_len]
        at, end = hdr_len + type_off, hdr_len + type_off + type_len
        while at + 12 <= end:
            name, info, size = struct.unpack_from('<III', data, at)
            kind, vlen = info >> 24 & 0x1f, info & 0xffff
            at += 12
            members = []
            if kind in (4, 5, 15):
                members = [struct.unpack_from('<III', data, at + 12 * i)[0 if kind == 15 else 1]
                           for i in range(vlen)]
            elif kind == 3:
                members = [struct.unpack_from('<I', data, at)[0]]
            self.types.append((kind, self.string(name), size, members))
            at += {1: 4, 3: 12, 4: 12 * vlen, 5: 12 * vlen, 6: 8 * vlen, 13: 8 * vlen, 14: 4,
                   15: 12 * vlen, 17: 4, 19: 12 * vlen}.get(kind, 0)

    def string(self, off):
        return self.strs[off:self.strs.index(b'\0', off)].decode(errors='replace')

    def special(self, type_id, depth=0):
        """The first kptr or allocated-object field in a type, by name; '' without."""
        if not 0 < type_id < len(self.types) or depth > 12:
            return ''
        kind, name, size, members = self.types[type_id]
        if kind == 4 and name in SPECIAL:
            return name
        if kind == 2:
            target = self.types[size] if 0 < size < len(self.types) else None
            return target[1] if target and target[0] == 18 and ('kptr' in target[1] or
                                                               target[1] == 'uptr') else ''
        if kind in (8, 9, 10, 11, 14, 18):
            return self.special(size, depth + 1)
        for member in members:
            found = self.special(member, depth + 1)
            if found:
                return found
        return ''


def helper_rows():
    """{number: (name, does it take or return what kernel BTF types?)}"""
    rows = {}
    where = os.path.join(corpus.TOP, 'src/spec/helpers')
    for name in os.listdir(where):
        with open(os.path.join(where, name)) as f:
            text = re.sub(r'/\*.*?\*/', '', f.read(), flags=re.S)
        for body in re.split(r'\bHELPER\(', text)[1:]:
            m = re.match(r'(\d+), (\w+)', body)
            typed = re.search(r'\b(RET_BTF|ARG_BTF)\b|ARG\((BTF_ID|PERCPU_BTF_ID|KPTR_DEST)|'
                              r'RET\((BTF_ID|PERCPU_BTF_ID|MEM_OR_BTF)', body)
            rows[int(m.group(1))] = (m.group(2), bool(typed))
    return rows


class Scope:
    def __init__(self):
        self.kfuncs = kfunc_names()
        self.helpers = helper_rows()

    def insns(self, rec):
        i, cnt = 0, len(rec.insns) // 8
        while i < cnt:
            code, regs, off, imm = struct.unpack_from('<BBhi', rec.insns, i * 8)
            src = regs >> 4
            if code == LD_IMM64:
                if src == PSEUDO_BTF_ID:
                    return 'kernel variable'
                i += 1
            elif code == CALL and src == 0 and self.helpers.get(imm, ('', False))[1]:
                return 'helper %s takes or gives a kernel type' % self.helpers[imm][0]
            elif code == ADDR_SPACE_CAST and off == 1:
                return 'arena'
            i += 1
        return ''

    def of(self, rec, blobs, log=''):
        """'' or the reason. @log: the live kernel's, at level 2 if possible."""
        for name in rec.kfuncs:
            if name not in self.kfuncs:
                return 'kfunc ' + name if name != '?' else 'kfunc'
        for tag in rec.tags:
            if tag.startswith('needs_kfunc=') and tag[12:] not in self.kfuncs:
                return 'kfunc ' + tag[12:]
        for m in rec.maps:
            if int(m[0]) in MAP_TYPES:
                return 'map type ' + MAP_TYPES[int(m[0])]
            if int(m[6]) in blobs:
                field = Btf(blobs[int(m[6])]).special(int(m[8]))
                if field:
                    return 'map field ' + field
        why = self.insns(rec)
        if why:
            return why
        m = REGISTER.search(log)
        return 'register of type ' + re.sub(r'ptr_.*', 'ptr_', m.group(1)) if m else ''
