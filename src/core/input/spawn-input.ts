/** Checks a library caller's options for a spawn, as the API checks its body. Pure. */

import { LIMIT_NAMES, type LimitName, limitProblem } from '../limits/limit-table.ts';
import type { SpawnOptions } from '../verbs/verbs.ts';
import { assertFlags, assertKnown, assertTable, badInput } from './given.ts';
import { isVariableValue, VARIABLE_NAME, VARIABLE_NAME_EXPECTED, VARIABLE_VALUE_EXPECTED } from './variable.ts';

const KEYS = ['env', 'limits', 'start', 'wait', 'orThrow'];

/** @throws {TenementError} `bad_input`, which names the first invalid value */
export function assertSpawnOptions(options: SpawnOptions): void {
  assertTable('options', options);
  assertKnown('options', options, KEYS);
  const { env = {}, limits = {}, start, wait } = options;
  assertVariables(env, false);
  assertLimits(limits, false);
  assertFlags({ start, wait, orThrow: (options as Record<string, unknown>)['orThrow'] });
}

/** @throws {TenementError} `bad_input` @param mayRemove whether null stands for none */
export function assertVariables(env: unknown, mayRemove: boolean): void {
  assertTable('env', env);
  for (const [name, value] of Object.entries(env)) assertVariable(name, mayRemove && value === null ? '' : value);
}

/** @throws {TenementError} `bad_input` @param mayRemove whether null stands for none */
export function assertLimits(limits: unknown, mayRemove: boolean): void {
  assertTable('limits', limits);
  assertKnown('limits', limits, LIMIT_NAMES);
  for (const [name, value] of Object.entries(limits))
    if (!(mayRemove && value === null)) assertLimit(name as LimitName, value);
}

function assertVariable(name: string, value: unknown): void {
  if (!VARIABLE_NAME.test(name)) throw badInput('env', VARIABLE_NAME_EXPECTED, name);
  if (typeof value !== 'string') throw badInput(`env.${name}`, 'expected a string', value);
  if (!isVariableValue(value)) throw badInput(`env.${name}`, VARIABLE_VALUE_EXPECTED, value);
}

function assertLimit(name: LimitName, value: unknown): void {
  const problem = value === undefined ? null : limitProblem(name, value);
  if (problem !== null) throw badInput(`limits.${name}`, problem, value);
}
