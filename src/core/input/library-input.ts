/** Checks the library's arguments other than a spawn's options. Pure. */
import { eventTypeProblem } from '../lifecycle/event-types.ts';
import { assertFlags, assertKnown, assertTable, badInput } from './given.ts';

const MAX_PORT = 65_535;

/** @throws {TenementError} `bad_input` */
export function assertLoadInput(file: unknown, options: object): void {
  if (typeof file !== 'string' || file === '') throw badInput('file', 'expected the path of a config', file);
  assertTable('options', options);
  assertKnown('options', options, ['logger', 'dataDir', 'proxyPort']);
  const { logger, dataDir, proxyPort } = options as Record<string, unknown>;
  if (logger !== undefined) assertLogger(logger);
  const isPath = typeof dataDir === 'string' && dataDir !== '';
  if (dataDir !== undefined && !isPath) throw badInput('dataDir', 'expected a path', dataDir);
  if (proxyPort !== undefined && !isWithin(proxyPort, MAX_PORT)) {
    throw badInput('proxyPort', `expected a whole number from 0 to ${MAX_PORT}`, proxyPort);
  }
}

function assertLogger(logger: unknown): void {
  assertTable('logger', logger);
  const methods = ['debug', 'info', 'warn', 'error'] as const;
  const missing = methods.find((name) => typeof (logger as Record<string, unknown>)[name] !== 'function');
  if (missing !== undefined) throw badInput('logger', `expected functions ${methods.join(', ')}`, `without ${missing}`);
}

/** @throws {TenementError} `bad_input` */
export function assertRemoveOptions(options: object): void {
  assertTable('options', options);
  assertKnown('options', options, ['purge']);
  assertFlags({ purge: (options as Record<string, unknown>)['purge'] });
}

/** @throws {TenementError} `bad_input` */
export function assertEventType(type: unknown): void {
  const problem = type === undefined ? null : eventTypeProblem(type);
  if (problem !== null) throw badInput('type', problem, type);
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
  if (hurry !== undefined && !isSignal(hurry)) throw badInput('hurry', 'expected an AbortSignal', hurry);
  if (drainTimeoutMs !== undefined && !isWithin(drainTimeoutMs, Number.MAX_SAFE_INTEGER)) {
    throw badInput('drainTimeoutMs', 'expected a whole number of milliseconds', drainTimeoutMs);
  }
}

function isWithin(value: unknown, max: number): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= max;
}

function isSignal(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value;
}
