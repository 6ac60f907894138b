/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Classic BPF to eBPF: the meaning of Linux's bpf_convert_filter, in socket, seccomp and pcap mode.
 *
 * The convention of the code that comes out:
 *   r1 at entry  the context: struct cbpf_view, in seccomp mode struct seccomp_data
 *   r0 = A, r7 = X, r6 = context, r2..r5 scratch; M[] are the 16 words under the frame pointer
 *   result       r0, 32 bits; a load outside the packet and a division by X = 0 give 0
 *
 * Three targets:
 *   run     for the trusted interpreter and JITs: members of struct cbpf_view are read as they
 *           lie, packet bytes through r8 = data, r9 = captured length; a bound that an earlier
 *           load on every path has shown is not checked again
 *   guard   context fields at offsets of cbpf_view_class, packet bytes by LD_ABS and LD_IND:
 *           for guarded engines with prog->ctx_class = &cbpf_view_class
 *   kernel  as guard, without intrinsics: loads as a socket filter on Linux. What struct __sk_buff
 *           and helpers do not offer (nlattr, nlattr_nest, payload offset, hatype) is refused
 *
 * Calls are intrinsics (spec/intrinsics.def), in the kernel target helpers.
 * Where Linux refuses a program whose eBPF jumps do not fit 16 bits, we use long jumps.
 */
#ifndef SKEP_ISA_CBPF_CONVERT_H
#define SKEP_ISA_CBPF_CONVERT_H

#include "isa/cbpf/cbpf.h"
#include "isa/insn.h"

enum cbpf_target { CBPF_TO_RUN, CBPF_TO_GUARD, CBPF_TO_KERNEL };

struct cbpf_converted {
	struct insn *insns;
	u32 *classic_idx; /* of each instruction: which classic one it comes from */
	u32 len;
};

/*
 * Converts a checked program. 0, -ENOMEM, or -EOPNOTSUPP for the kernel target (@refusal, may be
 * NULL, says which instruction). The result is freed with cbpf_converted_fini.
 */
int cbpf_convert(const struct cbpf_prog *prog, enum cbpf_target target,
		 struct cbpf_refusal *refusal, struct cbpf_converted *ret) must_check;
void cbpf_converted_fini(struct cbpf_converted *converted);

#endif
