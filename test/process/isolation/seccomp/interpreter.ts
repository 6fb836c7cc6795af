/** Runs a filter as the kernel would, on one system call. Written from linux/filter.h, not from the compiler. */
export interface Call {
  readonly number: number;
  /** Constants of linux/audit.h. */
  readonly architecture: number;
  readonly args?: readonly bigint[];
}

const BYTES = 8;
const MAX_INSTRUCTIONS = 4096;

/** @throws {Error} for a filter that the kernel would not load */
export function verdictOf(program: Buffer, call: Call): string {
  const length = program.length / BYTES;
  if (!Number.isInteger(length) || length > MAX_INSTRUCTIONS) throw new Error(`${program.length} bytes are no program`);
  const data = dataOf(call);
  let accumulator = 0;
  for (let at = 0; at < length; at += 1) {
    const code = program.readUInt16LE(at * BYTES);
    const k = program.readUInt32LE(at * BYTES + 4);
    if (code === 0x06) return nameOf(k);
    if (code === 0x20) accumulator = data.readUInt32LE(k);
    else at += program.readUInt8(at * BYTES + (holds(code, accumulator, k) ? 2 : 3));
  }
  throw new Error('it ran past its end');
}

function holds(code: number, accumulator: number, k: number): boolean {
  if (code === 0x15) return accumulator === k;
  if (code === 0x25) return accumulator > k;
  if (code === 0x45) return (accumulator & k) !== 0;
  throw new Error(`no instruction has the code ${code}`);
}

function dataOf({ number, architecture, args = [] }: Call): Buffer {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(number >>> 0, 0);
  data.writeUInt32LE(architecture, 4);
  args.forEach((arg, index) => {
    data.writeBigUInt64LE(BigInt.asUintN(64, arg), 16 + index * 8);
  });
  return data;
}

function nameOf(k: number): string {
  const action = k & 0xffff0000;
  if (action === 0x7fff0000) return 'allowed';
  if (k === 0x80000000) return 'killed';
  return action === 0x00050000 ? `errno ${k & 0xffff}` : `action ${k}`;
}
