/* SPDX-License-Identifier: BSD-2-Clause */
/* What fault_test.c expects: name, what the program runs on, the program, its report. */
{ "packet, past the end", ON_XDP,
  "r2 = *(u32 *)(r1 +0)\n"
  "r0 = *(u64 *)(r2 +54)\n"
  "exit\n",
  "program 'test' stopped at instruction 1\n"
  "  read 8 bytes at packet+54: 2 bytes past the end of the 60-byte packet\n"
  "\n"
  "         0: (61) r2 = *(u32 *)(r1 +0)\n"
  "  -->    1: (79) r0 = *(u64 *)(r2 +54)\n"
  "\n"
  "      r1  = xdp_md+0  (ADDR)\n"
  "      r2  = packet+0  (ADDR)\n"
  "      r10 = fp  (ADDR)\n" },
{ "packet, before the start", ON_XDP,
  "r2 = *(u32 *)(r1 +0)\n"
  "r0 = *(u16 *)(r2 -4)\n"
  "exit\n",
  "program 'test' stopped at instruction 1\n"
  "  read 2 bytes at packet-4: 4 bytes before the start of the 60-byte packet\n"
  "\n"
  "         0: (61) r2 = *(u32 *)(r1 +0)\n"
  "  -->    1: (69) r0 = *(u16 *)(r2 -4)\n"
  "\n"
  "      r1  = xdp_md+0  (ADDR)\n"
  "      r2  = packet+0  (ADDR)\n"
  "      r10 = fp  (ADDR)\n" },
{ "map value runs over into the next", ON_MEMORY,
  "*(u32 *)(r10 -4) = 1\n"
  "r1 = map[0]\n"
  "r2 = r10\n"
  "r2 += -4\n"
  "call bpf_map_lookup_elem#1\n"
  "r1 = 5\n"
  "*(u64 *)(r0 +4) = r1\n"
  "exit\n",
  "program 'test' stopped at instruction 7\n"
  "  wrote 8 bytes at counts[1]+4: 4 bytes past the end of the 8-byte value of map "
  "'counts' at index 1\n"
  "\n"
  "         4: (07) r2 += -4\n"
  "         5: (85) call bpf_map_lookup_elem#1\n"
  "         6: (b7) r1 = 5\n"
  "  -->    7: (7b) *(u64 *)(r0 +4) = r1\n"
  "\n"
  "      r0  = counts[1]+0  (ADDR)\n"
  "      r1  = 5\n"
  "      r10 = fp  (ADDR)\n" },
{ "NULL from a lookup", ON_MEMORY,
  "*(u32 *)(r10 -4) = 9\n"
  "r1 = map[0]\n"
  "r2 = r10\n"
  "r2 += -4\n"
  "call bpf_map_lookup_elem#1\n"
  "r0 = *(u64 *)(r0 +0)\n"
  "exit\n",
  "program 'test' stopped at instruction 6\n"
  "  read 8 bytes at 0x0: a NULL pointer (was the result of a lookup checked?)\n"
  "\n"
  "         3: (bf) r2 = r10\n"
  "         4: (07) r2 += -4\n"
  "         5: (85) call bpf_map_lookup_elem#1\n"
  "  -->    6: (79) r0 = *(u64 *)(r0 +0)\n"
  "\n"
  "      r0  = 0\n"
  "      r10 = fp  (ADDR)\n" },
{ "key outside the stack", ON_MEMORY,
  "r1 = map[0]\n"
  "r2 = r10\n"
  "r2 += -2\n"
  "call bpf_map_lookup_elem#1\n"
  "exit\n",
  "program 'test' stopped at instruction 4\n"
  "  let bpf_map_lookup_elem read 4 bytes at fp-2 (r2): 2 bytes past the end of "
  "the 512-byte stack frame\n"
  "\n"
  "         0: (18) r1 = ADDR\n"
  "         2: (bf) r2 = r10\n"
  "         3: (07) r2 += -2\n"
  "  -->    4: (85) call bpf_map_lookup_elem#1\n"
  "\n"
  "      r1  = map 'counts'\n"
  "      r2  = fp-2  (ADDR)\n"
  "      r10 = fp  (ADDR)\n" },
{ "no map", ON_MEMORY,
  "r2 = r10\n"
  "call bpf_map_lookup_elem#1\n"
  "exit\n",
  "program 'test' stopped at instruction 1\n"
  "  gave a helper a wrong argument: bpf_map_lookup_elem wants a map in r1, but "
  "this is no map of the program\n"
  "\n"
  "         0: (bf) r2 = r10\n"
  "  -->    1: (85) call bpf_map_lookup_elem#1\n"
  "\n"
  "      r1  = memory+0  (ADDR)\n"
  "      r2  = fp  (ADDR)\n"
  "      r10 = fp  (ADDR)\n" },
{ "read-only field of the context", ON_XDP,
  "*(u32 *)(r1 +12) = 1\n"
  "exit\n",
  "program 'test' stopped at instruction 0\n"
  "  may not write 4 bytes at offset 12 of struct xdp_md (field ingress_ifindex)\n"
  "\n"
  "  -->    0: (62) *(u32 *)(r1 +12) = 1\n"
  "\n"
  "      r1  = xdp_md+0  (ADDR)\n"
  "      r10 = fp  (ADDR)\n" },
{ "below the frame, in a subprogram", ON_MEMORY,
  "r6 = 3\n"
  "call pc+1\n"
  "exit\n"
  "r1 = r10\n"
  "call pc+1\n"
  "exit\n"
  "*(u64 *)(r10 -520) = r1\n"
  "exit\n",
  "program 'test' stopped at instruction 6\n"
  "  wrote 8 bytes at fp-520: 8 bytes before the start of the 512-byte stack frame\n"
  "\n"
  "         3: (bf) r1 = r10\n"
  "         4: (85) call pc+1\n"
  "         5: (95) exit\n"
  "  -->    6: (7b) *(u64 *)(r10 -520) = r1\n"
  "\n"
  "      r1  = stack of frame 1, fp  (ADDR)\n"
  "      r2  = 0\n"
  "      r10 = fp  (ADDR)\n"
  "\n"
  "  called from instruction 4\n"
  "  called from instruction 1\n" },
{ "register never written", ON_MEMORY,
  "r0 = 1\n"
  "r0 += r7\n"
  "exit\n",
  "program 'test' stopped at instruction 1\n"
  "  used a register that holds no value: r7 was never written, or a call has "
  "taken it\n"
  "\n"
  "         0: (b7) r0 = 1\n"
  "  -->    1: (0f) r0 += r7\n"
  "\n"
  "      r0  = 1\n"
  "      r1  = memory+0  (ADDR)\n"
  "      r2  = 0\n"
  "      r10 = fp  (ADDR)\n" },
{ "misaligned atomic", ON_MEMORY,
  "r2 = 1\n"
  "lock *(u64 *)(r1 +4) += r2\n"
  "exit\n",
  "program 'test' stopped at instruction 1\n"
  "  made a misaligned atomic access: 8 bytes at memory+4\n"
  "\n"
  "         0: (b7) r2 = 1\n"
  "  -->    1: (db) lock *(u64 *)(r1 +4) += r2\n"
  "\n"
  "      r1  = memory+0  (ADDR)\n"
  "      r2  = 1\n"
  "      r10 = fp  (ADDR)\n" },
{ "endless loop", ON_MEMORY,
  "r0 = 1\n"
  "goto pc-1\n"
  "exit\n",
  "program 'test' stopped at instruction 1\n"
  "  was stopped: the budget of instructions is used up\n"
  "\n"
  "         0: (b7) r0 = 1\n"
  "  -->    1: (05) goto pc-1\n"
  "\n"
  "      r0  = 1\n"
  "      r1  = memory+0  (ADDR)\n"
  "      r2  = 0\n"
  "      r10 = fp  (ADDR)\n" },
{ "endless recursion", ON_MEMORY,
  "call pc-1\n"
  "exit\n",
  "program 'test' stopped at instruction 0\n"
  "  called too deep: 9 functions in a row; the limit is 8\n"
  "\n"
  "  -->    0: (85) call pc-1\n"
  "\n"
  "      r1  = memory+0  (ADDR)\n"
  "      r2  = 0\n"
  "      r10 = fp  (ADDR)\n"
  "\n"
  "  called from instruction 0\n"
  "  called from instruction 0\n"
  "  called from instruction 0\n"
  "  called from instruction 0\n"
  "  called from instruction 0\n"
  "  called from instruction 0\n"
  "  called from instruction 0\n" },
{ "unknown helper", ON_MEMORY,
  "call unknown#77\n"
  "exit\n",
  "program 'test' stopped at instruction 0\n"
  "  made an impossible call: there is no helper 77 here\n"
  "\n"
  "  -->    0: (85) call bpf_rc_repeat#77\n"
  "\n"
  "      r1  = memory+0  (ADDR)\n"
  "      r2  = 0\n"
  "      r10 = fp  (ADDR)\n" },
{ "a wild pointer", ON_MEMORY,
  "r1 = 0x123456789abc ll\n"
  "r0 = *(u8 *)(r1 +0)\n"
  "exit\n",
  "program 'test' stopped at instruction 2\n"
  "  read 1 byte at ADDR: no object of the program is near\n"
  "\n"
  "         0: (18) r1 = ADDR\n"
  "  -->    2: (71) r0 = *(u8 *)(r1 +0)\n"
  "\n"
  "      r1  = ADDR\n"
  "      r2  = 0\n"
  "      r10 = fp  (ADDR)\n" },
