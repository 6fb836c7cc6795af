/** Certificates by ACME on a real server with proxy workers, from a real authority. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { withoutPebble } from '../../acme/pebble.ts';
import { makeCertificate } from '../../certificates.ts';
import { askSecurely, certifiedServer } from '../certificate-server.ts';
import { shared } from '../support.ts';

it.skipIf(withoutPebble !== null)('a reload that adds [tls.acme] lets workers order on demand', async () => {
  const certified = await certifiedServer(onTestFinished, { proxy: 'workers = 2' });
  const { server } = certified;
  await server.cli('tenant', 'create', 'acme');
  const whole = readFileSync(server.configFile, 'utf8');
  const { cert, key } = makeCertificate('other.test');
  for (const [file, text] of Object.entries({ 'own.pem': cert, 'own.key': key }))
    writeFileSync(join(server.dir, file), text, { mode: 0o600 });
  const own = 'certificates = [{ cert = "own.pem", key = "own.key" }]\n';
  await server.stop();
  writeFileSync(server.configFile, whole.replace(/\[tls\.acme\][^[]*/, own));
  await server.start();
  await expect(askSecurely(certified, 'acme.apps.test')).rejects.toThrow();
  writeFileSync(server.configFile, whole.replace('[tls.acme]', `${own}[tls.acme]`));
  await server.event(null, 'reloaded');
  await expect
    .poll(() => askSecurely(certified, 'acme.apps.test').catch(() => null))
    .toMatchObject({ names: 'DNS:acme.apps.test' });
});

it.skipIf(withoutPebble !== null)('hosts that tenants share get theirs, by any worker', async () => {
  const routing = '[routing]\ntenant_from = ["path:/t/{tenant}"]';
  const certified = await certifiedServer(onTestFinished, { proxy: 'workers = 2', acme: routing });
  const { server, authority } = certified;
  await server.cli('tenant', 'create', 'acme');
  const asked = Array.from({ length: 10 }, () => askSecurely(certified, 'apps.test', '/t/acme/health'));
  for (const { names, text } of await Promise.all(asked)) {
    expect(names).toBe('DNS:apps.test');
    expect(text).toContain('HTTP/1.1 200');
  }
  expect(authority.orders()).toBe(1);
  expect((await server.cli('cert', 'ls')).stdout).toMatch(/apps\.test +- +issued/);
  await expect(askSecurely(certified, 'stranger.test')).rejects.toThrow();
});

describe.skipIf(withoutPebble !== null)(`with an authority (${withoutPebble ?? 'pebble'})`, () => {
  const running = shared(async (onFinished) => {
    const certified = await certifiedServer(onFinished, { proxy: 'workers = 2' });
    await certified.server.cli('tenant', 'create', 'acme');
    return certified;
  });

  it('fifty first handshakes for a tenant on two workers get one certificate by one order', async () => {
    const { authority } = running();
    const answers = await Promise.all(Array.from({ length: 50 }, () => askSecurely(running(), 'acme.apps.test')));
    expect([...new Set(answers.map(({ names }) => names))]).toEqual(['DNS:acme.apps.test']);
    for (const { text } of answers) expect(text).toContain('HTTP/1.1 200');
    expect(authority.orders()).toBe(1);
  });

  it('a handshake for a host that nobody has is refused, and nothing is ordered', async () => {
    const { authority } = running();
    const before = authority.orders();
    for (const host of ['stranger.apps.test', 'ACME.other.test', `${'x'.repeat(63)}.apps.test`])
      await expect(askSecurely(running(), host)).rejects.toThrow();
    expect(authority.orders()).toBe(before);
  });

  it('a domain gets its certificate when it is added, and shows it', async () => {
    const { server } = running();
    await server.cli('domain', 'add', 'acme', 'shop.acme.test');
    const certificate = async () =>
      JSON.parse((await server.cli('domain', 'show', 'shop.acme.test', '--json')).stdout).certificate;
    await expect.poll(async () => (await certificate())?.state).toBe('issued');
    expect((await askSecurely(running(), 'shop.acme.test')).text).toContain('HTTP/1.1 200');
    const { stdout } = await server.cli('domain', 'ls');
    expect(stdout).toMatch(/shop\.acme\.test .* issued, 89 days left/);
    const events = await server.cli('events', '--json');
    expect(events.stdout).toContain('certificate-issued');
    expect((await server.cli('cert', 'ls')).stdout).toMatch(/shop\.acme\.test +acme +issued/);
  });

  it('a path of challenges whose token is not of the server passes to the tenant', async () => {
    const { server } = running();
    const answer = await server.get('acme.apps.test', '/.well-known/acme-challenge/of-the-tenant');
    // tenement's own answers have a body.
    expect([answer.status, answer.body]).toEqual([404, '']);
  });

  it('a tenant that is registered again has its certificates, unless it was purged', async () => {
    const { server, authority } = running();
    const create = () => server.cli('tenant', 'create', 'back', '--domain', 'back.test');
    const state = async () =>
      JSON.parse((await server.cli('domain', 'show', 'back.test', '--json')).stdout).certificate?.state;
    await create();
    await expect.poll(state).toBe('issued');
    await askSecurely(running(), 'back.apps.test');
    const before = authority.orders();
    await server.cli('tenant', 'rm', 'back');
    await server.stop();
    await server.start();
    await create();
    for (const host of ['back.apps.test', 'back.test'])
      expect((await askSecurely(running(), host)).text).toContain('HTTP/1.1 200');
    expect(authority.orders()).toBe(before);
    await server.cli('tenant', 'rm', 'back', '--purge', '--yes');
    await create();
    await expect.poll(state).toBe('issued');
    expect(authority.orders()).toBe(before + 1);
  });

  it('keys are for the server’s user alone, and go with the tenant', async () => {
    const { server } = running();
    await server.cli('tenant', 'create', 'gone', '--domain', 'gone.test');
    const dir = join(server.dataDir, '.tenement', 'acme', 'certificates');
    await expect.poll(() => readdirSync(dir)).toContain('gone.test.pem');
    expect(statSync(join(dir, 'gone.test.pem')).mode & 0o777).toBe(0o600);
    await server.cli('tenant', 'rm', 'gone', '--purge', '--yes');
    await expect.poll(() => readdirSync(dir)).not.toContain('gone.test.pem');
    expect((await server.cli('cert', 'ls')).stdout).not.toContain('gone.test');
  });
});
