/** Checks a library caller's options of copies and backups. Pure. */

import { assertFlags, assertKnown, assertTable, badInput } from '../given.ts';
import { assertSignal, assertTexts } from './event-input.ts';

interface Known {
  readonly flags?: readonly string[];
  readonly texts?: readonly string[];
  readonly lists?: readonly string[];
  readonly functions?: readonly string[];
}

/** @throws {TenementError} `bad_input`, which names the first invalid option */
export function assertOptions(options: object, { flags = [], texts = [], lists = [], functions = [] }: Known): void {
  assertTable('options', options);
  assertKnown('options', options, [...flags, ...texts, ...lists, ...functions, 'signal']);
  const given = options as Record<string, unknown>;
  const those = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, given[name]]));
  assertFlags(those(flags));
  assertTexts(those(texts));
  for (const name of lists) assertList(name, given[name]);
  for (const name of functions) {
    const value = given[name];
    if (value !== undefined && typeof value !== 'function') throw badInput(name, 'expected a function', value);
  }
  assertSignal('signal', given['signal']);
}

function assertList(name: string, value: unknown): void {
  const isList = Array.isArray(value) && value.every((one) => typeof one === 'string');
  if (value !== undefined && !isList) throw badInput(name, 'expected a list of texts', value);
}
