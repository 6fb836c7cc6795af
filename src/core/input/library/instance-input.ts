/** Checks a library caller's arguments about instances, other than a spawn's. Pure. */
import { STATES } from '../../lifecycle/instance.ts';
import { assertFlags, assertKnown, assertTable, badInput } from '../given.ts';
import { assertLimits, assertVariables } from '../spawn-input.ts';
import { assertCounts, assertTexts } from './event-input.ts';

/** @throws {TenementError} `bad_input` */
export function assertStartOptions(options: object): void {
  assertTable('options', options);
  assertKnown('options', options, ['wait', 'orThrow']);
  assertFlags({ ...options });
}

/** @throws {TenementError} `bad_input` @param flags other options that are true or false */
export function assertDrainOptions(options: object, flags: readonly string[] = []): void {
  assertTable('options', options);
  assertKnown('options', options, ['drainTimeoutMs', ...flags]);
  const { drainTimeoutMs, ...others } = options as Record<string, unknown>;
  assertCounts({ drainTimeoutMs });
  assertFlags(others);
}

/** @throws {TenementError} `bad_input` */
export function assertInstanceFilter(filter: object): void {
  assertTable('filter', filter);
  assertKnown('filter', filter, ['service', 'tenant', 'state', 'limit', 'after']);
  const { service, tenant, state, limit, after } = filter as Record<string, unknown>;
  assertTexts({ service, tenant, after });
  assertCounts({ limit });
  const states: unknown[] = Array.isArray(state) ? state : state === undefined ? [] : [state];
  const unknown = states.find((one) => !(STATES as readonly unknown[]).includes(one));
  if (unknown !== undefined) throw badInput('state', `expected one of ${STATES.join(', ')}`, unknown);
}

/** @throws {TenementError} `bad_input` */
export function assertInstanceUpdate(update: object): void {
  assertTable('changes', update);
  assertKnown('changes', update, ['env', 'limits', 'plan']);
  const { env = {}, limits = {}, plan } = update as Record<string, unknown>;
  assertVariables(env, true);
  assertLimits(limits, true);
  if (plan !== null) assertTexts({ plan });
}
