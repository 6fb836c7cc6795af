/** Texts that tenants, or who acts for them, have made; sessions of little power; and a server that goes away. */
import { describe, expect, it } from 'vitest';
import { serve, serveAll } from '../../e2e/support.ts';
import { freePort } from '../../ports.ts';
import { goTo, isBrowserMissing, logInLink, openDashboard, openPage, originOf, sharedBrowser } from './browser.ts';

const CONFIG = `
[proxy]
default_service = "app"

[plan.free]

[service.app]
command = ["node", "{fixtures}/tenant.mjs"]
health = "/health"
idle_timeout = 0

[service.web]
command = ["node", "{fixtures}/tenant.mjs"]
health = "/health"
`;

const HTML = '<img src=x onerror=alert(1)><script>alert(2)</script>';

describe.skipIf(isBrowserMissing)('the dashboard (apt-get install chromium)', () => {
  const browser = sharedBrowser();
  const running = serveAll(CONFIG);

  it('shows what a tenant prints as text, with its control characters', async () => {
    const server = running();
    await server.cli('spawn', 'app:printer');
    const texts = [HTML, '\u001b[31mred\u0007', 'a\u202egnp.exe', 'x'.repeat(5000)];
    for (const text of texts) await server.get('printer.localhost', `/print?text=${encodeURIComponent(text)}`);
    const { page } = await openDashboard(browser(), server);
    await goTo(page, '#/tenants/printer/logs');
    const log = page.getByRole('region', { name: 'Log of app:printer' });
    await log.getByText(HTML, { exact: true }).waitFor();
    await log.getByText('^[[31mred^G', { exact: true }).waitFor();
    await log.getByText('a<U+202E>gnp.exe', { exact: true }).waitFor();
    await log.getByText('(3000 more characters)').waitFor();
    expect(await page.locator('main img, main script').count()).toBe(0);
  });

  it('shows labels and searched words as text', async () => {
    const server = running();
    await server.cli('tenant', 'create', 'labelled', '--no-start', '--label', `note=${HTML}`);
    const { page, expectComplaints } = await openDashboard(browser(), server);
    await goTo(page, '#/tenants/labelled');
    await page.getByText(`note=${HTML}`, { exact: true }).waitFor();
    await goTo(page, `#/tenants?q=${encodeURIComponent(HTML)}`);
    await page.getByRole('link', { name: 'labelled' }).waitFor();
    await goTo(page, `#/tenants/${encodeURIComponent(HTML)}`);
    await page.getByRole('heading', { name: HTML }).waitFor();
    expectComplaints(/400/);
    expect(await page.locator('main img, main script').count()).toBe(0);
  });

  it('stays usable while a tenant floods its output', async () => {
    const server = running();
    await server.cli('spawn', 'app:flood');
    const { page } = await openDashboard(browser(), server);
    await goTo(page, '#/tenants/flood/logs');
    await page.getByRole('region', { name: 'Log of app:flood' }).waitFor();
    const text = Array.from({ length: 500 }, (_, index) => `line+${index}`).join('%0A');
    for (let round = 0; round < 20; round += 1) await server.get('flood.localhost', `/print?text=${text}`);
    await server.get('flood.localhost', '/print?text=the+end');
    await page.getByText('the end', { exact: true }).waitFor();
    expect(await page.locator('.line').count()).toBeLessThanOrEqual(2000);
  });

  it('shows a token of one tenant that tenant alone, and no button that it may not use', async () => {
    const server = running();
    await server.cli('spawn', 'app:own', '--no-start');
    await server.cli('spawn', 'app:other', '--no-start');
    const created = await server.cli(
      'token',
      'create',
      'panel',
      '--scope',
      'tenant:own',
      '--can',
      'read,operate',
      '--json',
    );
    const { token } = JSON.parse(created.stdout);
    const link = await logInLink(server, '--api', originOf(server), '--token', token);
    const { page, expectComplaints } = await openPage(browser(), originOf(server));
    await page.goto(link);
    await page.getByRole('link', { name: 'Instances 1', exact: true }).waitFor();
    expect(await page.getByRole('link', { name: 'Host' }).count()).toBe(0);
    await goTo(page, '#/tenants/own');
    const card = page.getByRole('article', { name: 'app:own' });
    await card.getByRole('button', { name: 'Wake' }).waitFor();
    await page.getByText('No domain of its own.').waitFor();
    for (const name of [/Remove/, /Set plan/, /Add label/, /Add domain/]) {
      expect(await page.getByRole('button', { name }).count()).toBe(0);
    }
    await goTo(page, '#/tenants/other');
    await page
      .getByRole('alert')
      .getByText(/there is no tenant other|not registered/)
      .waitFor();
    expectComplaints(/404/);
  });

  it('shows a reader no button that changes anything', async () => {
    const server = running();
    await server.cli('spawn', 'app:seen', '--no-start');
    const created = await server.cli('token', 'create', 'reader', '--can', 'read', '--json');
    const { token } = JSON.parse(created.stdout);
    const { page } = await openPage(browser(), originOf(server));
    await page.goto(await logInLink(server, '--api', originOf(server), '--token', token));
    await page.getByText('live', { exact: true }).waitFor();
    await goTo(page, '#/tenants/seen');
    await page.getByRole('article', { name: 'app:seen' }).getByText('asleep', { exact: true }).waitFor();
    await page.getByText('No domain of its own.').waitFor();
    expect(await page.locator('main').getByRole('button').count()).toBe(0);
    expect(await page.getByRole('link', { name: 'Logs' }).count()).toBe(0);
  });

  it('says that it is cut off, and comes back by itself with what has changed', async () => {
    const server = await serve(CONFIG, ['--api', `127.0.0.1:${await freePort()}`]);
    await server.cli('spawn', 'app:acme', '--no-start');
    const { page, expectComplaints } = await openDashboard(browser(), server);
    await goTo(page, '#/instances');
    await page.getByRole('link', { name: 'app:acme' }).waitFor();
    await server.stop();
    await page.getByText('reconnecting…', { exact: true }).waitFor();
    await server.start();
    await server.cli('spawn', 'web:acme', '--no-start');
    await page.getByRole('link', { name: 'web:acme' }).waitFor();
    await page.getByText('live', { exact: true }).waitFor();
    expectComplaints(/ERR_|Failed to load/);
  });

  it('asks to log in again when its session is over', async () => {
    const server = running();
    const { page, expectComplaints } = await openDashboard(browser(), server);
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByText('Nobody is logged in.').waitFor();
    await page.reload();
    await page.getByText('Nobody is logged in.').waitFor();
    // The server ends the streams of the session.
    expectComplaints(/401|ERR_INCOMPLETE_CHUNKED_ENCODING/);
  });
});
