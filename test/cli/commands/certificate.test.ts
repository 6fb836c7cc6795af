import { describe, expect, it } from 'vitest';
import { certificateView } from '../../api/fake-certificates.ts';
import { domainView } from '../../api/fake-domains.ts';
import { runningCli } from '../running.ts';

/** What is shown in hours does not change while the test runs. */
const HALF_HOUR_MS = 1_800_000;
const inMs = (ms: number) => new Date(Date.now() + ms + HALF_HOUR_MS).toISOString();
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const FAILED = {
  state: 'failed',
  issuedAt: null,
  expiresAt: null,
  daysLeft: null,
  renewAt: null,
  nextTryAt: inMs(30 * HOUR_MS),
  lastError: 'the CA finds no address of b.test in DNS',
} as const;

describe('cert ls', () => {
  it('says when each certificate expires, what comes next, and why one is missing', async () => {
    const { cli, certificates } = await runningCli();
    certificates.views = [
      certificateView('*.apps.test', { tenant: null, expiresAt: inMs(80 * DAY_MS), renewAt: inMs(50 * DAY_MS) }),
      certificateView('b.test', FAILED),
    ];
    const { status, out } = await cli('cert', 'ls');
    expect(status).toBe(0);
    expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['NAME', 'TENANT', 'STATE', 'EXPIRES', 'NEXT'],
      ['*.apps.test', '-', 'issued', 'in 80d 0h', 'renewal is looked at in 50d 0h'],
      ['b.test', 'acme', 'failed', '-', 'next try in 1d 6h'],
      ['b.test: the CA finds no address of b.test in DNS'],
      [''],
    ]);
    expect(JSON.parse((await cli('cert', 'ls', '--json')).out)).toEqual(certificates.views);
  });

  it('without certificates it says how one comes', async () => {
    const { cli } = await runningCli();
    expect((await cli('cert', 'ls')).out).toContain('a domain gets one when it is added');
  });
});

it('cert renew orders a certificate, and says until when it is valid', async () => {
  const { cli, certificates } = await runningCli();
  expect((await cli('cert', 'renew', 'Shop.Acme.org')).out).toBe(
    'shop.acme.org has a new certificate until 2026-04-01\n',
  );
  expect(certificates.renewed).toEqual(['shop.acme.org']);
});

describe('a domain', () => {
  it('is shown with its certificate', async () => {
    const { cli, supervisor } = await runningCli();
    supervisor.domains.views.set('b.test', domainView('b.test', { certificate: certificateView('b.test', FAILED) }));
    const { out } = await cli('domain', 'show', 'b.test');
    expect(out).toBe(
      'b.test leads to api:acme\nhttp://b.test:8080\ncertificate of b.test: failed, next try in 1d 6h\nlast error: the CA finds no address of b.test in DNS\n',
    );
  });

  it('has its certificate in the list, if any has one', async () => {
    const { cli, supervisor } = await runningCli();
    supervisor.domains.views.set('a.test', domainView('a.test', { certificate: certificateView('a.test') }));
    supervisor.domains.views.set('b.test', domainView('b.test'));
    const { out } = await cli('domain', 'ls');
    expect(out).toMatch(/^DOMAIN +LEADS TO +STATE +URL +CERTIFICATE +WHY$/m);
    expect(out).toMatch(/a\.test .* issued, 60 days left/);
  });
});
