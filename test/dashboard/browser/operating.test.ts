/** What an operator does in the dashboard, with a real server, real tenants and a real browser. */
import { describe, expect, it } from 'vitest';
import { shared } from '../../e2e/support.ts';
import { goTo, isBrowserMissing, logInLink, openDashboard, openPage, originOf, sharedBrowser } from './browser.ts';
import { serveCrowd } from './crowd.ts';
import { crowdName } from './seed.ts';

const TENANTS = 10_000;
const CONFIG = `
[tenants]
default_plan = "free"

[plan.free]
[plan.pro]
wake_queue = 100

[service.app]
command = ["node", "{fixtures}/tenant.mjs"]
health = "/health"
idle_timeout = 0
`;

describe.skipIf(isBrowserMissing)('the dashboard with 10,000 tenants (apt-get install chromium)', () => {
  const browser = sharedBrowser();
  const crowd = shared((onFinished) => serveCrowd(CONFIG, TENANTS, onFinished));

  it('says what to type when nobody is logged in', async () => {
    const { page, expectComplaints } = await openPage(browser(), originOf(crowd()));
    await page.goto(originOf(crowd()));
    await page.getByText('tenement ui', { exact: true }).waitFor();
    expectComplaints(/401/);
  });

  it('logs in by the link, once, and takes the code out of the address', async () => {
    const { page } = await openPage(browser(), originOf(crowd()));
    const link = await logInLink(crowd());
    await page.goto(link);
    await page.getByRole('heading', { name: 'Recent events' }).waitFor();
    expect(page.url()).toBe(`${originOf(crowd())}/`);
    await page.reload();
    await page.getByRole('heading', { name: 'Recent events' }).waitFor();

    const second = await openPage(browser(), originOf(crowd()));
    await second.page.goto(link);
    await second.page.getByRole('alert').getByText('tenement ui').waitFor();
    second.expectComplaints(/401/);
  });

  it('shows how many are in which state, and leads to them', async () => {
    const { page } = await openDashboard(browser(), crowd());
    await page.getByRole('link', { name: 'Instances 10,000' }).waitFor();
    await page.getByRole('link', { name: '10,000 active' }).click();
    await page.getByRole('heading', { name: 'Tenants', level: 1 }).waitFor();
    expect(page.url()).toContain('#/tenants?state=active');
  });

  it('filters 10,000 tenants as one types, keeps the filter in the address, and goes back', async () => {
    const { page } = await openDashboard(browser(), crowd());
    await goTo(page, '#/tenants');
    await page.getByText('10,000 tenants', { exact: true }).waitFor();
    const drawn = await page.locator('tbody tr[data-key]').count();
    expect(drawn).toBeLessThan(100);
    await page.getByRole('searchbox', { name: 'Search tenants' }).fill('tenant-004');
    await page.getByText('100 of 10,000 tenants').waitFor();
    expect(page.url()).toContain('q=tenant-004');
    await page.getByRole('combobox', { name: 'Plan' }).selectOption('pro');
    await page.getByText('1 of 10,000 tenants').waitFor();
    await page.goBack();
    await page.getByText('100 of 10,000 tenants').waitFor();
    await page.reload();
    await page.getByText('100 of 10,000 tenants').waitFor();
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.getByRole('combobox', { name: 'Label, as key=value' }).fill('tier=gold');
    await page.getByText('100 of 10,000 tenants').waitFor();
  });

  it('sorts, and shows the last rows when they are scrolled to', async () => {
    const { page } = await openDashboard(browser(), crowd());
    await goTo(page, '#/instances');
    await page.getByRole('button', { name: 'Instance', exact: true }).click();
    expect(page.url()).toContain('sort=-instance');
    await page.getByRole('link', { name: `app:${crowdName(TENANTS - 1)}` }).waitFor();
    await page.locator('.scroller').evaluate((element) => {
      element.scrollTop = element.scrollHeight;
    });
    await page.getByRole('link', { name: `app:${crowdName(0)}` }).waitFor();
  });

  it('wakes a tenant, follows and searches its output, and stops it', async () => {
    const server = crowd();
    const id = crowdName(7);
    const { page } = await openDashboard(browser(), server);
    await goTo(page, `#/tenants/${id}`);
    const card = page.getByRole('article', { name: `app:${id}` });
    await card.getByText('asleep', { exact: true }).waitFor();
    await card.getByRole('button', { name: 'Wake' }).click();
    await card.getByText('ready', { exact: true }).waitFor();
    expect((await server.instance(`app:${id}`)).state).toBe('ready');

    await card.getByRole('link', { name: 'Logs' }).click();
    const log = page.getByRole('region', { name: `Log of app:${id}` });
    await log.waitFor();
    await server.get(`${id}.localhost`, '/print?text=first+order');
    await log.getByText('first order').waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await server.get(`${id}.localhost`, '/print?text=second+order');
    await page.getByRole('button', { name: 'Continue (1 new line)' }).click();
    await log.getByText('second order').waitFor();
    await page.getByRole('searchbox', { name: 'Search the log' }).fill('second');
    await log.getByText('first order').waitFor({ state: 'detached' });
    await log.locator('mark', { hasText: 'second' }).waitFor();
    await server.get(`${id}.localhost`, '/print?text=third');
    await server.get(`${id}.localhost`, '/print?text=second+again');
    await log.getByText('second again').waitFor();
    expect(await log.getByText('third').count()).toBe(0);

    await page.getByRole('link', { name: 'Summary' }).click();
    await card.getByRole('button', { name: 'Stop' }).click();
    await card.getByText('stopped', { exact: true }).waitFor();
    expect((await server.instance(`app:${id}`)).state).toBe('stopped');
    const { stdout } = await server.cli('events', '--json');
    const stopped = stdout.split('\n').find((line) => line.includes(`app:${id}`) && line.includes('"stopped"'));
    expect(JSON.parse(stopped ?? '{}').actor).toContain('dashboard');
  });

  it('sets a plan and an expiry', async () => {
    const server = crowd();
    const id = crowdName(8);
    const { page } = await openDashboard(browser(), server);
    await goTo(page, `#/tenants/${id}`);
    await page.getByRole('combobox', { name: 'Plan' }).selectOption('pro');
    await page.getByRole('button', { name: 'Set plan' }).click();
    await page.getByText(`${id} is on the plan pro.`).waitFor();
    await page.getByRole('textbox', { name: 'Expires' }).fill('30d');
    await page.getByRole('button', { name: 'Set expiry' }).click();
    await page.getByText(/in 29d|in 30d/).waitFor();
    const tenant = JSON.parse((await server.api(`/api/tenants/${id}`)).body);
    expect(tenant.plan).toBe('pro');
    expect(tenant.expiresAt).not.toBeNull();
  });

  it('shows an error of the server with what to do', async () => {
    const { page, expectComplaints } = await openDashboard(browser(), crowd());
    await goTo(page, `#/tenants/${crowdName(9)}`);
    await page.getByRole('textbox', { name: 'Expires' }).fill('next week');
    await page.getByRole('button', { name: 'Set expiry' }).click();
    const alert = page.getByRole('alert').filter({ hasText: 'next week' });
    await alert.waitFor();
    expect(await alert.locator('.hint').textContent()).not.toBe('');
    await alert.getByRole('button', { name: 'Dismiss' }).click();
    await alert.waitFor({ state: 'detached' });
    expectComplaints(/400/);
  });

  it('adds a domain with the record that proves it, and removes it', async () => {
    const server = crowd();
    const id = crowdName(10);
    const { page } = await openDashboard(browser(), server);
    await goTo(page, `#/tenants/${id}`);
    await page.getByRole('textbox', { name: 'Add', exact: true }).last().fill('shop.example.com');
    await page.getByRole('checkbox', { name: 'only once a DNS record proves it' }).check();
    await page.getByRole('button', { name: 'Add domain' }).click();
    await page.getByText(/^_tenement\.shop\.example\.com\s+TXT\s+\S+$/).waitFor();
    const { domains } = JSON.parse((await server.api(`/api/domains?tenant=${id}`)).body);
    expect(domains[0]).toMatchObject({ domain: 'shop.example.com', state: 'pending' });
    await page.getByRole('button', { name: 'Remove… shop.example.com' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await page.getByText('shop.example.com is removed.').waitFor();
    expect(JSON.parse((await server.api(`/api/domains?tenant=${id}`)).body).domains).toEqual([]);
  });

  it('names what a removal deletes, and purges only what is confirmed by its name', async () => {
    const server = crowd();
    const id = crowdName(11);
    const { page } = await openDashboard(browser(), server);
    await goTo(page, `#/tenants/${id}`);
    await page.getByRole('button', { name: `Remove… ${id}`, exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(`This stops and unregisters app:${id}.`).waitFor();
    await dialog.getByRole('checkbox').check();
    expect(await dialog.getByRole('button', { name: 'Remove' }).isDisabled()).toBe(true);
    await dialog.getByRole('textbox').fill(id);
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await page.getByText(`${id} is removed, with its directory.`).waitFor();
    await page.getByText('9,999 tenants').waitFor();
    expect((await server.api(`/api/tenants/${id}`)).status).toBe(404);
  });

  it('shows every screen of a tenant without waking it', async () => {
    const server = crowd();
    const id = crowdName(12);
    const { page } = await openDashboard(browser(), server);
    for (const [tab, mark] of [
      ['', 'Terms'],
      ['/usage', 'Requests'],
      ['/logs', 'No output yet.'],
      ['/events', 'Events'],
      ['/secrets', 'No secret.'],
    ] as const) {
      await goTo(page, `#/tenants/${id}${tab}`);
      await page.getByText(mark, { exact: true }).first().waitFor();
    }
    expect(await server.instance(`app:${id}`)).toMatchObject({ state: 'asleep', wakes: 0 });
  });
});
