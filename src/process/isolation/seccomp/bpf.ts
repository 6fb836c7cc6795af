/**
 * Programs in the kernel's classic BPF for seccomp(2): forward jumps only, over the number of a system call, its
 * architecture and its arguments.
 */

export interface Instruction {
  readonly code: number;
  /** How many instructions are skipped when the comparison holds (`jt`) and when it does not (`jf`). */
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

/** From linux/bpf_common.h. */
const LD_W_ABS = 0x20;
const JMP_JEQ_K = 0x15;
const JMP_JGT_K = 0x25;
const JMP_JSET_K = 0x45;
const RET_K = 0x06;
const INSTRUCTION_BYTES = 8;

/**
 * Offsets in `struct seccomp_data`. An argument is read by its low half, all that the kernel uses of those tested here.
 */
export const NUMBER = 0;
export const ARCHITECTURE = 4;
const FIRST_ARGUMENT = 16;
const ARGUMENT_BYTES = 8;

export const argument = (index: number): number => FIRST_ARGUMENT + index * ARGUMENT_BYTES;

export const load = (offset: number): Instruction => ({ code: LD_W_ABS, jt: 0, jf: 0, k: offset });
export const ifEqual = (k: number, jt: number, jf: number): Instruction => ({ code: JMP_JEQ_K, jt, jf, k });
/** Compares unsigned. */
export const ifGreater = (k: number, jt: number, jf: number): Instruction => ({ code: JMP_JGT_K, jt, jf, k });
export const ifAnyBit = (k: number, jt: number, jf: number): Instruction => ({ code: JMP_JSET_K, jt, jf, k });

/** From linux/seccomp.h. */
export const ALLOW: Instruction = { code: RET_K, jt: 0, jf: 0, k: 0x7fff0000 };
export const KILL_PROCESS: Instruction = { code: RET_K, jt: 0, jf: 0, k: 0x80000000 };
export const failWith = (errno: number): Instruction => ({ code: RET_K, jt: 0, jf: 0, k: 0x00050000 | errno });

/** Encodes an array of `struct sock_filter` for bwrap. Both architectures with a filter are little-endian. */
export function encode(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * INSTRUCTION_BYTES);
  program.forEach(({ code, jt, jf, k }, index) => {
    const at = index * INSTRUCTION_BYTES;
    bytes.writeUInt16LE(code, at);
    bytes.writeUInt8(jt, at + 2);
    bytes.writeUInt8(jf, at + 3);
    bytes.writeUInt32LE(k, at + 4);
  });
  return bytes;
}
