/** What a caller of the library may give a spawn: checked as the API checks its body. Pure. */

import { LIMIT_RULES, limitProblem } from '../limits/limit-rules.ts';
import type { LimitsView } from '../limits/limits.ts';
import { assertFlags, assertKnown, assertTable, badInput } from '../service/given.ts';
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
  assertFlags({ start, wait });
}

function assertVariable(name: string, value: unknown): void {
  if (!VARIABLE.test(name)) throw badInput('env', 'expected the name of an environment variable', name);
  if (typeof value !== 'string') throw badInput(`env.${name}`, 'expected a string', value);
  if (value.includes('\0')) throw badInput(`env.${name}`, 'expected text without NUL', value);
}

function assertLimit(name: keyof LimitsView, value: unknown): void {
  const problem = value === undefined ? null : limitProblem(LIMIT_RULES[name], value);
  if (problem !== null) throw badInput(`limits.${name}`, problem, value);
}
