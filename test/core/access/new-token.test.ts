import { expect, test } from 'vitest';
import { newToken, type TokenInput } from '../../../src/core/access/new-token.ts';
import { EVERYTHING } from '../../../src/core/access/permission.ts';

const NOW_MS = Date.parse('2026-06-01T00:00:00Z');
const made = (input: TokenInput, granter = EVERYTHING) =>
  newToken(input, { nowMs: NOW_MS, services: ['api', 'web'], granter });

test('without options it is an admin token that never expires', () => {
  expect(made({})).toEqual({
    name: 'unnamed',
    scope: { kind: 'admin' },
    can: ['read', 'operate', 'manage'],
    expiresAtMs: null,
  });
});

test('a token of a service or a tenant may only read, unless it is said', () => {
  expect(made({ scope: 'tenant:acme' }).can).toEqual(['read']);
  expect(made({ scope: 'service:api', can: ['operate'] }).can).toEqual(['read', 'operate']);
});

test('it expires after a duration or at a date', () => {
  expect(made({ expires: '90d' }).expiresAtMs).toBe(NOW_MS + 90 * 86_400_000);
  expect(made({ expires: '2026-12-31' }).expiresAtMs).toBe(Date.parse('2026-12-31T00:00:00Z'));
  expect(made({ expires: 'never' }).expiresAtMs).toBeNull();
});

test.each<[TokenInput, string, string]>([
  [{ scope: 'root' }, 'scope: "root" is no scope', '`admin`, `service:NAME` or `tenant:ID`'],
  [{ scope: 'service:apu' }, 'scope: there is no service "apu"', 'api, web'],
  [{ scope: 'tenant:Acme' }, '"Acme" is no tenant id', 'tenant:acme'],
  [{ can: ['read', 'write'] }, 'can: "write" is no ability', 'read, operate, manage'],
  [{ can: [] }, 'can: no ability is named', 'read, operate, manage'],
  [{ expires: '2020-01-01' }, 'expires: 2020-01-01 is in the past', 'a date to come'],
  [{ expires: 'now' }, 'expires: the token would never be valid', '90d'],
  [{ expires: '90' }, 'neither a date nor a duration', '90d'],
  [{ expires: '90 days' }, 'neither a date nor a duration', '90d'],
  [{ name: 'cli' }, 'name: "cli" is what events call others', 'acme-panel'],
  [{ name: ' ' }, 'is empty', 'acme-panel'],
  [{ name: 'a\u001b[2Jb' }, 'not printable', 'acme-panel'],
  [{ name: 'x'.repeat(101) }, 'more than 100 characters', 'acme-panel'],
])('%j is refused, with what to write instead', (input, message, hint) => {
  expect(() => made(input)).toThrow(
    expect.objectContaining({
      code: 'bad_input',
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    }),
  );
});

test('a token makes none that may do what it may not', () => {
  const granter = { ...EVERYTHING, can: ['read', 'manage'] } as const;
  expect(() => made({}, granter)).toThrow(expect.objectContaining({ code: 'forbidden' }));
  expect(made({ can: ['read', 'manage'] }, granter).can).toEqual(['read', 'manage']);
});
