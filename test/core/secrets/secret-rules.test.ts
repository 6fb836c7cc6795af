import { expect, it } from 'vitest';
import { MAX_SECRET_BYTES, secretNameProblem, secretValueProblem } from '../../../src/core/secrets/secret-rules.ts';

it.each(['A', 'a', '_', 'STRIPE_KEY', 'key2', `_${'x'.repeat(127)}`, 'LDAP_PASSWORD', 'PATHS', '__proto__'])(
  'a secret may be called %s',
  (name) => {
    expect(secretNameProblem(name)).toBeNull();
  },
);

it.each(['', '2FA', 'A-B', 'A B', 'A=B', 'A\n', 'Ä', '../x', '.', `A${'x'.repeat(128)}`])(
  'a secret cannot be called %j',
  (name) => {
    expect(secretNameProblem(name)).toMatch(/^the name of a secret/);
  },
);

it.each(['PATH', 'LD_PRELOAD', 'LD_', 'TENANT_ID', 'SECRETS_DIR', 'TENEMENT_SOCKET', 'NODE_OPTIONS', 'PORT'])(
  '%s is reserved',
  (name) => {
    expect(secretNameProblem(name)).toMatch(/is reserved/);
  },
);

it.each(['', ' ', 'line\nline\n', 'ü', '🔑', 'x'.repeat(MAX_SECRET_BYTES)])('accepts a value of text', (value) => {
  expect(secretValueProblem(value)).toBeNull();
});

it('refuses a value that no variable can have, that is no text, or that is too long, without telling it', () => {
  expect(secretValueProblem('a\0b')).toBe('the value contains NUL');
  expect(secretValueProblem('\ud800')).toBe('the value is not valid Unicode');
  expect(secretValueProblem('ü'.repeat(MAX_SECRET_BYTES / 2 + 1))).toBe('the value has 65538 bytes, more than 65536');
});
