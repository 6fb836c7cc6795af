import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runningApi } from '../../api/running.ts';
import { cli, runningCli } from '../running.ts';

const LINK = /^(http:\/\/127\.0\.0\.1:\d+\/)login\?code=([\w-]{24})\n$/;

async function withToken() {
  const api = await runningApi('token');
  const { token } = await api.tokenStore.make({ scope: 'tenant:acme', can: ['read'] });
  const env = { TENEMENT_API: api.url, TENEMENT_TOKEN: token };
  return { ...api, env };
}

test('prints a link that logs in with what the token may do', async () => {
  const { env, url, call } = await withToken();
  const { status, out, err } = await cli(['ui'], env);
  expect([status, err]).toEqual([0, 'This link logs in once, within a minute:\n']);
  const [, page, code] = LINK.exec(out) ?? [];
  expect(page).toBe(`${url}/`);
  const { headers } = await call(`/login?code=${code}`);
  const cookie = headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  const session = await call('/api/session', { headers: { cookie } });
  expect(JSON.parse(session.text)).toMatchObject({ name: 'ci', scope: 'tenant:acme' });
});

test('prints the link as JSON, at the address that a front server has', async () => {
  const { env } = await withToken();
  const { out } = await cli(['ui', '--json', '--url', 'https://ops.example.com'], env);
  expect(JSON.parse(out)).toEqual({
    url: expect.stringMatching(/^https:\/\/ops\.example\.com\/login\?code=[\w-]{24}$/),
    expiresAt: expect.any(String),
  });
});

test('prints an address without a code where no login is needed', async () => {
  const { cli: run } = await runningCli();
  const { status, out } = await run('ui');
  expect([status, out]).toEqual([0, expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/(login\?code=[\w-]+)?\n$/)]);
});

test.each(['ops.example.com', 'javascript:alert(1)', ''])('refuses %j as the address of a page', async (url) => {
  const { env } = await withToken();
  const { status, err } = await cli(['ui', '--url', url], env);
  expect([status, err]).toEqual([2, expect.stringContaining('is no address of a page (bad_input)')]);
});

function withOpener(script: string | null) {
  const dir = mkdtempSync(join(tmpdir(), 'tenement-ui-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  if (script !== null) {
    writeFileSync(join(dir, 'xdg-open'), script);
    chmodSync(join(dir, 'xdg-open'), 0o755);
  }
  return { dir, opened: join(dir, 'opened'), env: { PATH: dir, XDG_CACHE_HOME: dir, HOME: dir } };
}

test('says so when no browser can be opened', async () => {
  const { env } = await withToken();
  const { status, err } = await cli(['ui', '--open'], { ...env, ...withOpener(null).env });
  expect([status, err]).toEqual([1, expect.stringContaining('xdg-open is not installed (host_cannot)')]);
});

test('opens the link in the browser, with the code in no argument', async () => {
  const { env } = await withToken();
  const opener = withOpener(
    '#!/bin/sh\nIFS= read -r page < "$1"\necho "$1" > "$HOME/opened.new"\n/bin/mv "$HOME/opened.new" "$HOME/opened"\n',
  );
  const { status, out } = await cli(['ui', '--open'], { ...env, ...opener.env });
  expect(status).toBe(0);
  await expect.poll(() => readFileSync(opener.opened, 'utf8').trim()).toMatch(/\.html$/);
  const file = readFileSync(opener.opened, 'utf8').trim();
  expect(file).not.toContain('login');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, 'utf8')).toContain(`url=${out.trim()}"`);
});
