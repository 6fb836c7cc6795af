/** Checks a library caller's options for tenants, as the API checks its bodies. Pure. */
import { isLabelValue, LABEL_KEY, LABEL_KEY_EXPECTED, LABEL_VALUE_EXPECTED } from '../tenants/labels.ts';
import type { TenantChanges } from '../tenants/tenant-change.ts';
import { TENANT_STATES } from '../tenants/tenant-state.ts';
import type { CreateTenantOptions, TenantQuery } from '../verbs/tenant-verbs.ts';
import { assertDomains } from './domain-input.ts';
import { assertFlags, assertKnown, assertTable, badInput } from './given.ts';
import { assertCounts, assertTexts } from './library/event-input.ts';
import { isVariableValue, VARIABLE_NAME, VARIABLE_NAME_EXPECTED, VARIABLE_VALUE_EXPECTED } from './variable.ts';

const TERMS = ['plan', 'expires', 'labels', 'env'];

/** @throws {TenementError} `bad_input`, which names the first invalid value */
export function assertCreateTenantOptions(options: CreateTenantOptions): void {
  assertTable('options', options);
  assertKnown('options', options, [...TERMS, 'services', 'domains', 'start', 'wait']);
  const { services, start, wait } = options;
  const isList = Array.isArray(services) && services.length > 0 && services.every((one) => typeof one === 'string');
  if (services !== undefined && !isList) throw badInput('services', 'expected a list of services', services);
  assertDomains(options.domains);
  assertFlags({ start, wait });
  assertTerms(options, false);
}

/** @throws {TenementError} `bad_input`, which names the first invalid value */
export function assertTenantChanges(changes: TenantChanges): void {
  assertTable('changes', changes);
  assertKnown('changes', changes, TERMS);
  assertTerms(changes, true);
}

/** @throws {TenementError} `bad_input` */
export function assertStartTenantOptions(options: object): void {
  assertTable('options', options);
  assertKnown('options', options, ['wait']);
  assertFlags({ ...options });
}

/** @throws {TenementError} `bad_input` */
export function assertRemoveTenantOptions(options: object): void {
  assertTable('options', options);
  assertKnown('options', options, ['purge']);
  assertFlags({ ...options });
}

/** @throws {TenementError} `bad_input` */
export function assertTenantQuery(query: TenantQuery): void {
  assertTable('query', query);
  assertKnown('query', query, ['plan', 'state', 'labels', 'limit', 'after']);
  const { plan, state, labels, limit, after } = query;
  assertTexts({ plan, after });
  assertCounts({ limit });
  if (state !== undefined && !TENANT_STATES.includes(state))
    throw badInput('state', `expected one of ${TENANT_STATES.join(', ')}`, state);
  if (labels !== undefined) assertTable('labels', labels);
}

function assertTerms({ plan, expires, labels = {}, env = {} }: TenantChanges, mayRemove: boolean): void {
  for (const [name, value] of Object.entries({ plan, expires })) {
    const isGiven = value !== undefined && !(mayRemove && value === null);
    if (isGiven && typeof value !== 'string') throw badInput(name, 'expected a string', value);
  }
  assertTable('labels', labels);
  assertTable('env', env);
  for (const [key, value] of Object.entries(labels)) {
    if (!LABEL_KEY.test(key)) throw badInput('labels', LABEL_KEY_EXPECTED, key);
    assertText(`labels.${key}`, value, mayRemove, isLabelValue, LABEL_VALUE_EXPECTED);
  }
  for (const [name, value] of Object.entries(env)) {
    if (!VARIABLE_NAME.test(name)) throw badInput('env', VARIABLE_NAME_EXPECTED, name);
    assertText(`env.${name}`, value, mayRemove, isVariableValue, VARIABLE_VALUE_EXPECTED);
  }
}

function assertText(
  where: string,
  value: unknown,
  mayRemove: boolean,
  isValid: (text: string) => boolean,
  expected: string,
): void {
  if (mayRemove && value === null) return;
  if (typeof value !== 'string') throw badInput(where, 'expected a string', value);
  if (!isValid(value)) throw badInput(where, expected, value);
}
