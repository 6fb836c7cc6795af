/** What a caller of the library may give a spawn: checked as the API checks its body. Pure. */
import { TenementError } from '../errors.ts';
import { LIMIT_RULES, limitProblem } from './limit-rules.ts';
import type { LimitsView } from './limits.ts';
import type { SpawnOptions } from './verbs.ts';

/** A name that a shell takes too (POSIX.1-2017, 8.1). */
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const KEYS = ['env', 'limits', 'start', 'wait'];

/** @throws {TenementError} `bad_input` that names the first value which cannot be */
export function assertSpawnOptions(options: SpawnOptions): void {
  assertTable('options', options);
  assertKnown('options', options, KEYS);
  const { env = {}, limits = {}, start, wait } = options;
  assertTable('env', env);
  for (const [name, value] of Object.entries(env)) assertVariable(name, value);
  assertTable('limits', limits);
  assertKnown('limits', limits, Object.keys(LIMIT_RULES));
  for (const [name, value] of Object.entries(limits)) assertLimit(name as keyof LimitsView, value);
  for (const [name, value] of Object.entries({ start, wait })) {
    if (value !== undefined && typeof value !== 'boolean') throw bad(name, 'expected true or false', value);
  }
}

function assertVariable(name: string, value: unknown): void {
  if (!VARIABLE.test(name)) throw bad('env', 'expected the name of an environment variable', name);
  if (typeof value !== 'string') throw bad(`env.${name}`, 'expected a string', value);
  if (value.includes('\0')) throw bad(`env.${name}`, 'expected text without NUL', value);
}

function assertLimit(name: keyof LimitsView, value: unknown): void {
  const problem = value === undefined ? null : limitProblem(LIMIT_RULES[name], value);
  if (problem !== null) throw bad(`limits.${name}`, problem, value);
}

function assertTable(name: string, value: unknown): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad(name, 'expected an object', value);
}

function assertKnown(where: string, given: object, known: readonly string[]): void {
  const unknown = Object.keys(given).find((key) => !known.includes(key));
  if (unknown !== undefined) throw bad(where, `known are ${known.join(', ')}`, unknown);
}

function bad(where: string, problem: string, value: unknown): TenementError {
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : String(value);
  return new TenementError('bad_input', `${where}: ${problem}, and this is ${shown}`);
}
