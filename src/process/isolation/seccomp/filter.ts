/** Compiles the rules into the BPF program that the kernel runs at each system call of a tenant. */
import {
  ALLOW,
  ARCHITECTURE,
  argument,
  encode,
  failWith,
  type Instruction,
  ifAnyBit,
  ifEqual,
  ifGreater,
  KILL_PROCESS,
  load,
  NUMBER,
} from './bpf.ts';
import { ARCHITECTURES, type Architecture, type CallName, NEWEST, NUMBERS } from './numbers.ts';
import { RULES, type Rule, type Test, UNKNOWN_ERRNO } from './rules.ts';

/** Returns the program for bwrap's `--seccomp`; null when the architecture's numbers are not known. */
export function filterFor(architecture: string): Buffer | null {
  return isKnown(architecture) ? encode(programFor(architecture)) : null;
}

function isKnown(architecture: string): architecture is Architecture {
  return Object.hasOwn(ARCHITECTURES, architecture);
}

function programFor(architecture: Architecture): Instruction[] {
  const { audit, column } = ARCHITECTURES[architecture];
  const names = new Set(RULES.flatMap(({ calls }) => calls));
  return [
    load(ARCHITECTURE),
    // A 32-bit program uses other numbers for the same calls.
    ...[ifEqual(audit, 1, 0), KILL_PROCESS],
    load(NUMBER),
    ...[ifGreater(NEWEST, 0, 1), failWith(UNKNOWN_ERRNO)],
    ...[...names].flatMap((name) => callCode(name, column)),
    ALLOW,
  ];
}

/** Code for one call: another call continues at the next instruction, and this one returns. */
function callCode(name: CallName, column: 0 | 1): Instruction[] {
  const number = NUMBERS[name][column];
  if (number === null) return [];
  const code = RULES.filter(({ calls }) => calls.includes(name)).flatMap(ruleCode);
  const always = code.length === 1;
  return [ifEqual(number, 0, code.length + (always ? 0 : 1)), ...code, ...(always ? [] : [ALLOW])];
}

/** Code for one rule: continues at the next instruction when a test fails. */
function ruleCode({ where, errno }: Rule): Instruction[] {
  const code = [failWith(errno)];
  for (const test of where.toReversed()) code.unshift(...testCode(test, code.length));
  return code;
}

/** Code for one test: continues at the next instruction when it holds, else skips the `rest` of its rule. */
function testCode(test: Test, rest: number): Instruction[] {
  const value = load(argument(test.arg));
  if ('anyBitOf' in test) return [value, ifAnyBit(test.anyBitOf, 0, rest)];
  if ('noneOf' in test) {
    const { length } = test.noneOf;
    return [value, ...test.noneOf.map((one, index) => ifEqual(one, length - 1 - index + rest, 0))];
  }
  const last = test.oneOf.length - 1;
  return [value, ...test.oneOf.map((one, index) => ifEqual(one, last - index, index === last ? rest : 0))];
}
