/** Wildcards, proved by a hook that makes TXT records at the authority's DNS. */
import { X509Certificate } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { DnsHook } from '../../src/core/acme/acme-config.ts';
import { lazyHookRunner } from '../../src/parts/hook-runner.ts';
import { withoutPebble } from './pebble.ts';
import { configFor, serving, sharedAuthority, temporaryState } from './support.ts';

const PAGE = readFileSync(new URL('../../docs/certificates.md', import.meta.url), 'utf8');
/** The hook of the page. */
const [, HOOK = ''] = /```sh\n(#!\/bin\/sh\n.*?)```/s.exec(PAGE) ?? [];

/** Writes the hook, which records its runs. @param end what it does last */
function hookIn(dir: string, end: string): DnsHook {
  const file = join(dir, 'dns-hook');
  writeFileSync(file, `${HOOK}echo "$HOOK_ACTION $DNS_NAME" >> "${dir}/said"\n${end}\n`);
  chmodSync(file, 0o755);
  return { words: [file], inheritEnv: ['DNS_API'], timeoutMs: 30_000, waitMs: 0 };
}

describe.skipIf(withoutPebble !== null)(`with an authority (${withoutPebble ?? 'pebble'})`, () => {
  const running = sharedAuthority();

  async function withHook(end = '') {
    const { pebble, table } = running();
    vi.stubEnv('DNS_API', pebble.dnsUrl);
    onTestFinished(() => void vi.unstubAllEnvs());
    const stateDir = temporaryState();
    const dnsHook = hookIn(stateDir, end);
    const hosts = new Map([['acme.apps.test', 'acme']]);
    const options = {
      stateDir,
      hosts,
      domains: ['apps.test', 'localhost', '*'],
      openHookRunner: lazyHookRunner(stateDir),
    };
    const { service } = await serving(configFor(pebble, { dnsHook }), table, options);
    return { service, table, said: () => readFileSync(join(stateDir, 'said'), 'utf8').trim().split('\n') };
  }

  it('each domain of the proxy gets a wildcard ahead of need, which serves its tenants', async () => {
    const { service, table, said } = await withHook();
    await expect.poll(() => service.of('acme.apps.test')?.state).toBe('issued');
    const shown = table.certificates.find('acme.apps.test');
    expect(new X509Certificate(shown?.chain ?? '').subjectAltName).toBe('DNS:*.apps.test');
    expect(said()).toEqual(['present _acme-challenge.apps.test', 'cleanup _acme-challenge.apps.test']);
    expect(service.list().map(({ name, tenant }) => [name, tenant])).toEqual([['*.apps.test', null]]);
  });

  it('a hook that fails is told with what it said last, and what it may have made is removed', async () => {
    const { service, said } = await withHook('echo "no such zone" >&2; exit 3');
    await expect.poll(() => service.of('acme.apps.test')?.state).toBe('failed');
    expect(service.of('acme.apps.test')?.lastError).toBe(
      'dns_hook could not make the TXT record _acme-challenge.apps.test: it ended with exit status 3: no such zone',
    );
    expect(said()).toEqual(['present _acme-challenge.apps.test', 'cleanup _acme-challenge.apps.test']);
  });
});
