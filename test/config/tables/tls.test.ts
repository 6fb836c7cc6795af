import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { problemsOf, withoutPlace } from '../problems.ts';

function load(keys: string, withSecrets = false, tables = '[tls]\n') {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'tenement.toml');
  writeFileSync(file, `[service.api]\ncommand = "node app.js"\n${tables}[tls.acme]\n${keys}`);
  writeFileSync(join(dir, 'mac.key'), 'c2VjcmV0', { mode: 0o600 });
  writeFileSync(join(dir, 'open.key'), 'c2VjcmV0');
  chmodSync(join(dir, 'open.key'), 0o644);
  const { tls, warnings } = loadConfig(file, { env: {}, uid: 1000, withSecrets });
  return { dir, acme: tls?.acme, warnings };
}

const problems = (keys: string, withSecrets = false) => problemsOf(() => load(keys, withSecrets)).map(withoutPlace);

test('an empty table asks Let’s Encrypt, on demand, for at most 20 an hour', () => {
  expect(load('').acme).toEqual({
    email: null,
    directory: 'https://acme-v02.api.letsencrypt.org/directory',
    onDemand: true,
    maxOrdersPerHour: 20,
    caFile: null,
    profile: null,
    externalAccount: null,
    dnsHook: null,
  });
});

test('the hook is split into words like a command, and files are relative to the config', () => {
  const keys = `dns_hook = "hooks/dns --zone 'my zone'"\ndns_hook_env = ["DNS_TOKEN"]\ndns_wait = 0\nca_file = "ca.pem"
external_account = { key_id = "kid", hmac_key_file = "mac.key" }\n`;
  const { dir, acme } = load(keys);
  expect(acme).toMatchObject({
    caFile: join(dir, 'ca.pem'),
    externalAccount: { keyId: 'kid', hmacKeyFile: join(dir, 'mac.key') },
    dnsHook: { words: ['hooks/dns', '--zone', 'my zone'], inheritEnv: ['DNS_TOKEN'], timeoutMs: 120_000, waitMs: 0 },
  });
});

test.each([
  ['max_orders_per_hour = 0', 'max_orders_per_hour'],
  ['directory = "http://ca.example.com/dir"', 'the https URL of a directory'],
  ['email = "ops"', 'an address like'],
  ['dns_hook = "unclosed \'quote"', 'dns_hook'],
  ['dns_hook_timeout = 0', 'more than 0'],
  ['dns_hock = "x"', 'dns_hook'],
])('%s is refused by name', (keys, words) => {
  expect(problems(keys).join('\n')).toContain(words);
});

test('files that a server needs are looked at by a server', () => {
  const account = (file: string) => `external_account = { key_id = "kid", hmac_key_file = "${file}" }`;
  expect(problems('ca_file = "none.pem"')).toEqual([]);
  expect(problems('ca_file = "none.pem"', true).join()).toContain('none.pem: there is no such file');
  expect(problems('ca_file = "mac.key"', true).join()).toContain('it holds no certificate');
  expect(problems(account('mac.key'), true)).toEqual([]);
  expect(problems(account('open.key'), true).join()).toContain('gives other users access');
});

test('ports that no authority looks at, and a domain of anybody, are warned of', () => {
  const warnings = (tables: string, keys = '') => load(keys, false, tables).warnings.join('\n');
  const elsewhere = '[proxy]\nlisten = "0.0.0.0:8080"\n[tls]\nlisten = "0.0.0.0:8443"\n';
  expect(warnings(elsewhere)).toContain('[proxy] listens on 8080, [tls] on 8443; forward one of them');
  expect(warnings(elsewhere.replace('[tls]\n', '[tls]\npublic_port = 443\n'))).toBe('');
  expect(warnings(elsewhere, 'dns_hook = "hooks/dns"')).toBe('');
  expect(warnings('[proxy]\nlisten = "0.0.0.0:80"\n[tls]\nlisten = "0.0.0.0:8443"\n')).toBe('');
  const any = '[proxy]\ndomain = "*"\n[tls]\n';
  expect(warnings(any)).toContain('any host whose leading label is a tenant');
  expect(warnings(any, 'on_demand = false')).toBe('');
});
