import { expect, test } from 'vitest';
import { NO_TERMS, type Plan, type TenantTerms } from '../../../src/core/plans/plan.ts';
import type { LaunchRequest } from '../../../src/core/ports.ts';
import { effectiveService } from '../../../src/core/service/effective-service.ts';
import type { ServiceConfig } from '../../../src/core/service/service.ts';
import { SERVICE_KEYS } from '../../../src/core/service/service-keys.ts';
import { launchFingerprint } from '../../../src/process/launch/fingerprint.ts';
import { planNamed } from '../../plans.ts';
import { SERVICE } from '../../supervisor/fakes.ts';
import { makeBench } from '../support.ts';

function requestOf(
  change: Partial<ServiceConfig> = {},
  env: Readonly<Record<string, string>> = {},
  terms: TenantTerms = NO_TERMS,
): LaunchRequest {
  return {
    instance: 'api:acme',
    service: effectiveService({ ...SERVICE, ...change }, terms, { env, limits: {} }),
    tenantId: 'acme',
    paths: { tenantDir: '/d/acme', publicSocket: '/s/acme', bindSocket: '/b/acme' },
    webAddress: { host: 'h', url: 'http://h' },
    secrets: [],
  };
}

test('a plan makes a process outdated only if the process was given the plan', () => {
  const on = (plan: Partial<Plan>, change: Partial<ServiceConfig> = {}) =>
    launchFingerprint(requestOf(change, {}, { plan: planNamed('pro', plan), env: {} }));
  expect(on({ limits: { memoryLimitBytes: 1 }, bounds: { idleTimeoutMs: 1 } })).toBe(launchFingerprint(requestOf()));
  expect(on({ name: 'free' })).toBe(on({ name: 'pro' }));
  expect(on({ features: ['sso'] })).not.toBe(on({}));
  expect(on({ features: ['sso'], name: 'free' })).not.toBe(on({ features: ['sso'] }));
  expect(on({ env: { A: '1' } })).not.toBe(on({}));
  const told = { env: { PLAN: '{plan}' } };
  expect(on({ name: 'free' }, told)).not.toBe(on({ name: 'pro' }, told));
});

test('another URL makes a process outdated only if it was given the first', () => {
  const { request } = makeBench();
  const elsewhere = { webAddress: { host: 'acme.example.com', url: 'http://acme.example.com' } };
  const silent = request();
  const told = request({ env: { BASE_URL: '{url}' } });
  expect(launchFingerprint({ ...silent, ...elsewhere })).toBe(launchFingerprint(silent));
  expect(launchFingerprint({ ...told, ...elsewhere })).not.toBe(launchFingerprint(told));
});

test('another version of a secret makes a process outdated, and a key that generates one', () => {
  const secret = { name: 'A', version: 1, changedAtMs: 5, source: 'operator' } as const;
  const having = (...secrets: LaunchRequest['secrets']) => launchFingerprint({ ...requestOf(), secrets });
  const all = [
    having(),
    having(secret),
    having({ ...secret, version: 2 }),
    having({ ...secret, changedAtMs: 6 }),
    having(secret, { ...secret, name: 'B' }),
    launchFingerprint(requestOf({ secretsEnv: ['A'] })),
    launchFingerprint(requestOf({ secrets: { A: { kind: 'uuid', length: 16 } } })),
  ];
  expect(new Set(all).size).toBe(all.length);
  expect(having({ ...secret, source: 'generated' })).toBe(having(secret));
});

test.each<[what: string, request: LaunchRequest, recorded: string]>([
  ['a plain service', requestOf(), '8MD5tibqPti0qnlLj5Iqf1'],
  ["a tenant's own variables", requestOf({}, { B: '{x}', A: '1' }), '9jriZM6cLnacBtJ7zvvNA2'],
  [
    'isolation with all that belongs to it',
    requestOf({
      isolation: 'namespace',
      network: 'none',
      user: 'dynamic',
      readOnlyPaths: ['/usr'],
      nofileLimit: 64,
      readWritePaths: ['/srv'],
      sockets: ['/run/db'],
      tmpLimitBytes: 5,
    }),
    'kfFqA2XXv6PIkOGY9bGyTQ',
  ],
  [
    'root, a URL and inherited variables',
    requestOf({ user: 'root', memoryLimitBytes: 7, env: { U: '{url}' }, inheritEnv: ['AWS'] }),
    'RQflwRuS66RrQ27D-6yfdj',
  ],
])('a process that an earlier server started is not outdated: %s', (_what, request, recorded) => {
  expect(launchFingerprint(request)).toBe(recorded);
});

test.each([...SERVICE_KEYS].filter(([field]) => field !== 'socket'))(
  'another value of %s makes a process outdated exactly when its key restarts processes',
  (field, { whenChanged }) => {
    const value = Array.isArray(SERVICE[field as keyof ServiceConfig]) ? ['x'] : field === 'env' ? { X: 'x' } : 'x';
    const isOutdated = launchFingerprint(requestOf({ [field]: value })) !== launchFingerprint(requestOf());
    expect(isOutdated).toBe(whenChanged === 'restart');
  },
);

test('absent read-only paths differ from an empty list', () => {
  expect(launchFingerprint(requestOf({ readOnlyPaths: [] }))).not.toBe(
    launchFingerprint(requestOf({ readOnlyPaths: null })),
  );
});

test("a service's variable that the tenant overrides does not make a process outdated", () => {
  const own = { LEVEL: 'debug' };
  const [before, after] = ['info', 'warn'].map((LEVEL) => launchFingerprint(requestOf({ env: { LEVEL } }, own)));
  expect(before).toBe(after);
});
