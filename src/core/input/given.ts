/** Checks arguments from a caller of the library. Pure. */
import { TenementError } from '../../errors.ts';

/** @throws {TenementError} `bad_input` */
export function assertTable(name: string, value: unknown): asserts value is object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return;
  throw badInput(name, 'expected an object', value);
}

/** @throws {TenementError} `bad_input`, which names the first key that is not in `known` */
export function assertKnown(where: string, given: object, known: readonly string[]): void {
  const unknown = Object.keys(given).find((key) => !known.includes(key));
  if (unknown !== undefined) throw badInput(where, `known are ${known.join(', ')}`, unknown);
}

/** @throws {TenementError} `bad_input` */
export function assertFlags(flags: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(flags)) {
    if (value !== undefined && typeof value !== 'boolean') throw badInput(name, 'expected true or false', value);
  }
}

export function badInput(where: string, problem: string, value: unknown): TenementError {
  return new TenementError('bad_input', `${where}: ${describeMismatch(problem, value)}`);
}

/** Returns the whole message about a value, with the same words for every source. */
export function describeMismatch(problem: string, value: unknown): string {
  return `${problem}, but this is ${shown(value)}`;
}

/** Shows at most the first 80 characters of a value. */
function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 80));
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'a table' : String(value);
}
