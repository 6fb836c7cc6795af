import fc from 'fast-check';
import { expect, it } from 'vitest';
import { normalizeHost } from '../../../src/core/routing/host.ts';
import { hostPatterns } from '../../../src/core/routing/host-patterns.ts';
import { RoutingIndex } from '../../../src/core/routing/routing-index.ts';
import type { RoutingTable } from '../../../src/core/routing/routing-table.ts';
import { ROUTED_HOSTS } from '../../fixtures/routed-hosts.ts';
import { type Names, tableOf } from './support.ts';

const HOSTS = ROUTED_HOSTS.flatMap(({ hosts }) => Object.keys(hosts)).filter((host) => /^[a-z0-9._-]+$/.test(host));
const LABELS = ['acme', 'shop', 'taken', 'web', 'api', 'localhost', 'example', 'com', 'x-y', '-x', ''];
const DOMAINS = [
  ['localhost'],
  ['localhost', 'example.com'],
  ['example.com', 'web.example.com'],
  ['web.example.com', 'example.com'],
  ['*'],
  ['*', 'localhost'],
  ['localhost', '*'],
];

/** Finds an instance as a front server does, by patterns alone. */
function foundByPattern(table: RoutingTable, host: string): string[] {
  for (const { pattern, alias, targets } of hostPatterns(table)) {
    const match = new RegExp(`^${pattern}$`).exec(host);
    if (match === null) continue;
    return targets(alias ?? match[1] ?? '').map(({ service, tenantId }) => `${service}:${tenantId}`);
  }
  return [];
}

const names = fc.record<Names>({
  domains: fc.constantFrom(...DOMAINS),
  defaultService: fc.constantFrom('web', null),
  services: fc.constant(['web', 'api', 'localhost']),
  aliases: fc.constant({ shop: 'acme', taken: 'shop' }),
});
const host = fc
  .oneof(
    fc.constantFrom(...HOSTS),
    fc.array(fc.constantFrom(...LABELS), { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.')),
  )
  .map((text) => normalizeHost(text) ?? '');

it('the patterns lead every host to the instances that the index names first, and without * to all of them', () => {
  fc.assert(
    fc.property(names, host, (given, asked) => {
      const table = tableOf(given);
      const found = foundByPattern(table, asked);
      const named = new RoutingIndex(table).candidates(asked);
      expect(found).toEqual(table.anyDomain === null ? named : named.slice(0, found.length));
    }),
    { numRuns: 2000 },
  );
});

it('no pattern takes a host that only * matches, because it may be a domain of a tenant', () => {
  const table = tableOf({
    domains: ['*', 'localhost'],
    defaultService: 'web',
    services: ['web'],
    aliases: { shop: 'a' },
  });
  const patterns = hostPatterns(table).map(({ pattern }) => new RegExp(`^${pattern}$`));
  const taken = (asked: string) => patterns.some((pattern) => pattern.test(asked));
  expect(['acme.localhost', 'shop.localhost', 'shop.acme.org', 'acme', 'localhost'].map(taken)).toEqual([
    ...[true, true, false, false, false],
  ]);
});
