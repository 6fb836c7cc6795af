/** Checks a library caller's arguments about domains, as the API checks its bodies. Pure. */
import type { AddDomainOptions, ChosenDomain, DomainQuery } from '../verbs/domain-verbs.ts';
import { assertFlags, assertKnown, assertTable, badInput } from './given.ts';

/** @throws {TenementError} `bad_input` */
export function assertAddDomain(domain: unknown, options: AddDomainOptions): void {
  assertText('domain', domain);
  assertTable('options', options);
  assertKnown('options', options, ['service', 'verify']);
  if (options.service !== undefined) assertText('service', options.service);
  assertFlags({ verify: options.verify });
}

/** @throws {TenementError} `bad_input` */
export function assertChosenDomain(domain: unknown, chosen: ChosenDomain): void {
  assertText('domain', domain);
  assertTable('options', chosen);
  assertKnown('options', chosen, ['tenant']);
  if (chosen.tenant !== undefined) assertText('tenant', chosen.tenant);
}

/** @throws {TenementError} `bad_input` */
export function assertDomainQuery(query: DomainQuery): void {
  assertTable('query', query);
  assertKnown('query', query, ['tenant', 'service', 'limit', 'after']);
  const { limit, ...texts } = query;
  for (const [name, value] of Object.entries(texts)) if (value !== undefined) assertText(name, value);
  const isCount = limit === undefined || (Number.isSafeInteger(limit) && limit > 0);
  if (!isCount) throw badInput('limit', 'expected a whole number from 1', limit);
}

/** @throws {TenementError} `bad_input` when it is none of the lists that `tenants.create` takes */
export function assertDomains(domains: unknown): void {
  const isList = Array.isArray(domains) && domains.every((one) => typeof one === 'string');
  if (domains !== undefined && !isList) throw badInput('domains', 'expected a list of domains', domains);
}

function assertText(name: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') throw badInput(name, 'expected text', value);
}
