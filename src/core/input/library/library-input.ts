/** Checks the library's arguments other than a spawn's options. Pure. */

import { assertFlags, assertKnown, assertTable, badInput } from '../given.ts';
import { assertSignal } from './event-input.ts';

const MAX_PORT = 65_535;
/** The longest delay of a Node timer. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** @throws {TenementError} `bad_input` */
export function assertLoadInput(file: unknown, options: object): void {
  if (typeof file !== 'string' || file === '') throw badInput('file', 'expected the path of a config', file);
  assertTable('options', options);
  assertKnown('options', options, ['logger', 'dataDir', 'proxyPort', 'hooks', 'clock']);
  const { logger, dataDir, proxyPort, hooks, clock } = options as Record<string, unknown>;
  if (logger !== undefined) assertMethods('logger', logger, ['debug', 'info', 'warn', 'error']);
  if (clock !== undefined) assertMethods('clock', clock, ['nowMs', 'after']);
  if (hooks !== undefined) assertHooks(hooks);
  const isPath = typeof dataDir === 'string' && dataDir !== '';
  if (dataDir !== undefined && !isPath) throw badInput('dataDir', 'expected a path', dataDir);
  if (proxyPort !== undefined && !isWithin(proxyPort, MAX_PORT)) {
    throw badInput('proxyPort', `expected a whole number from 0 to ${MAX_PORT}`, proxyPort);
  }
}

/** @throws {TenementError} `bad_input` */
export function assertTemporaryConfig(config: unknown): void {
  assertTable('config', config);
  const { file, toml, dir } = config as Record<string, unknown>;
  assertKnown('config', config, file === undefined ? ['toml', 'dir'] : ['file']);
  for (const [name, value] of Object.entries(file === undefined ? { toml } : { file }))
    if (typeof value !== 'string') throw badInput(name, 'expected text', value);
  if (dir !== undefined && typeof dir !== 'string') throw badInput('dir', 'expected a path', dir);
}

function assertMethods(name: string, value: unknown, methods: readonly string[]): void {
  assertTable(name, value);
  const missing = methods.find((method) => typeof (value as Record<string, unknown>)[method] !== 'function');
  if (missing !== undefined) throw badInput(name, `expected functions ${methods.join(', ')}`, `without ${missing}`);
}

function assertHooks(hooks: unknown): void {
  assertTable('hooks', hooks);
  assertKnown('hooks', hooks, ['beforeStart', 'afterStop', 'timeoutMs']);
  const { timeoutMs, ...functions } = hooks as Record<string, unknown>;
  for (const [name, value] of Object.entries(functions))
    if (value !== undefined && typeof value !== 'function')
      throw badInput(`hooks.${name}`, 'expected a function', value);
  if (timeoutMs !== undefined && !isWithin(timeoutMs, MAX_TIMER_MS))
    throw badInput('hooks.timeoutMs', 'expected a whole number of milliseconds', timeoutMs);
}

/** @throws {TenementError} `bad_input` */
export function assertTokenInput(input: object): void {
  assertTable('token', input);
  assertKnown('token', input, ['name', 'scope', 'can', 'expires']);
  const { can, ...texts } = input as Record<string, unknown>;
  const isList = Array.isArray(can) && can.every((word) => typeof word === 'string');
  if (can !== undefined && !isList) throw badInput('can', 'expected a list such as ["read", "operate"]', can);
  for (const [name, value] of Object.entries(texts))
    if (value !== undefined && typeof value !== 'string') throw badInput(name, 'expected text', value);
}

/** @throws {TenementError} `bad_input` */
export function assertHandlerOptions(options: object): void {
  assertTable('options', options);
  assertKnown('options', options, ['instance']);
  const { instance } = options as Record<string, unknown>;
  if (instance !== undefined && typeof instance !== 'function')
    throw badInput('instance', 'expected a function', instance);
}

/** @throws {TenementError} `bad_input` */
export function assertCloseOptions(options: object): void {
  assertTable('options', options);
  assertKnown('options', options, ['keepTenants', 'hurry', 'drainTimeoutMs']);
  const { keepTenants, hurry, drainTimeoutMs } = options as Record<string, unknown>;
  assertFlags({ keepTenants });
  assertSignal('hurry', hurry);
  if (drainTimeoutMs !== undefined && !isWithin(drainTimeoutMs, Number.MAX_SAFE_INTEGER)) {
    throw badInput('drainTimeoutMs', 'expected a whole number of milliseconds', drainTimeoutMs);
  }
}

function isWithin(value: unknown, max: number): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= max;
}
