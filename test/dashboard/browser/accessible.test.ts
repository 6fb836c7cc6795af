/** The dashboard by keyboard, on a phone, in the dark, and for readers of the screen. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { DESKTOP, goTo, isBrowserMissing, type Opened, openDashboard, PHONE, sharedBrowser } from './browser.ts';
import { furnished } from './furnished.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Each screen, and a text that is there when it is complete. */
const SCREENS = [
  ['#/', 'Recent events'],
  ['#/tenants', /\d tenants/],
  ['#/tenants?q=nobody', 'No tenant matches.'],
  ['#/instances', /\d instances/],
  ['#/events', /newest events/],
  ['#/host', 'Isolation'],
  ['#/tenants/acme', 'Terms'],
  ['#/tenants/acme/usage', 'Memory, average'],
  ['#/tenants/acme/logs', 'hello from acme'],
  ['#/tenants/acme/events', 'ready'],
  ['#/tenants/acme/secrets', 'API_KEY'],
  ['#/nothing', 'There is no such screen.'],
] as const;

/** Goes through all screens, and calls `check` on each when it is complete. */
async function onEachScreen({ page }: Opened, check: (fragment: string) => Promise<void>): Promise<void> {
  for (const [fragment, text] of SCREENS) {
    await goTo(page, fragment);
    await page.locator('main').getByText(text).first().waitFor();
    await check(fragment);
  }
}

/** Returns the violations of axe's rules, which are those of WCAG 2.2 AA and good practice, each with where. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const result = await page.evaluate<AxeResults>(`axe.run(document, { resultTypes: ['violations'] })`);
  return result.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}

describe.skipIf(isBrowserMissing)('the dashboard (apt-get install chromium)', () => {
  const browser = sharedBrowser();
  const server = furnished();

  it.each(['light', 'dark'] as const)('has no axe violation on any screen, %s', async (colorScheme) => {
    const opened = await openDashboard(browser(), server(), { ...DESKTOP, colorScheme });
    const found: string[] = [];
    await onEachScreen(opened, async (fragment) => {
      found.push(...(await violations(opened.page)).map((text) => `${fragment} ${text}`));
    });
    expect(found).toEqual([]);
  });

  it('has no axe violation in its dialogs', async () => {
    const { page } = await openDashboard(browser(), server(), { ...DESKTOP });
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await goTo(page, '#/tenants/acme');
    await page.getByRole('button', { name: 'Remove… acme', exact: true }).click();
    await page.getByRole('dialog').getByRole('checkbox').check();
    expect(await violations(page)).toEqual([]);
  });

  it('fits a phone on every screen, without scrolling to the side', async () => {
    const opened = await openDashboard(browser(), server(), PHONE);
    await onEachScreen(opened, async (fragment) => {
      const width = await opened.page.evaluate('document.documentElement.scrollWidth');
      expect([fragment, width]).toEqual([fragment, PHONE.viewport.width]);
    });
  });

  it('is dark where the system is', async () => {
    const backgrounds = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page } = await openDashboard(browser(), server(), { ...DESKTOP, colorScheme });
      const color = await page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor');
      backgrounds.push((/\d+/.exec(color) ?? [])[0]);
    }
    const [light, dark] = backgrounds.map(Number);
    expect(light).toBeGreaterThan(200);
    expect(dark).toBeLessThan(50);
  });

  it('is used by the keyboard alone, from the search to a stopped tenant', async () => {
    const { page } = await openDashboard(browser(), server());
    const { keyboard } = page;
    await keyboard.press('g');
    await keyboard.press('t');
    await page.getByRole('heading', { name: 'Tenants', level: 1 }).waitFor();
    await keyboard.press('/');
    await keyboard.type('keys');
    await page.getByText(/^1 of \d+ tenants$/).waitFor();
    await keyboard.press('ArrowDown');
    await page.locator('tr.active a:focus').waitFor();
    await keyboard.press('Enter');
    await page.getByRole('heading', { name: 'keys', level: 1 }).waitFor();
    await keyboard.press('3');
    await page.getByRole('searchbox', { name: 'Search the log' }).waitFor();
    await keyboard.press('1');
    const stop = page.getByRole('button', { name: 'Stop app:keys' });
    await stop.waitFor();
    await tabTo(page, 'Stop app:keys');
    await keyboard.press('Enter');
    await page.getByRole('article').getByText('stopped', { exact: true }).waitFor();
    await keyboard.press('u');
    await page.getByRole('searchbox', { name: 'Search the log' }).waitFor();
  });

  it('moves through rows by j and k, and leaves a field by Esc', async () => {
    const { page } = await openDashboard(browser(), server());
    await goTo(page, '#/tenants');
    await page.getByRole('link', { name: 'acme' }).waitFor();
    const focused = () => page.evaluate<string>('document.activeElement.textContent');
    await page.keyboard.press('j');
    await expect.poll(focused).toBe('acme');
    await page.keyboard.press('j');
    await expect.poll(focused).not.toBe('acme');
    await page.keyboard.press('k');
    await expect.poll(focused).toBe('acme');
    await page.keyboard.press('/');
    await page.keyboard.type('jjj');
    await page.getByText('No tenant matches.').waitFor();
    await page.keyboard.press('Escape');
    expect(await page.evaluate('document.activeElement.tagName')).toBe('BODY');
  });

  it('does nothing for single keys where they are turned off', async () => {
    const { page } = await openDashboard(browser(), server());
    await page.keyboard.press('?');
    await page.getByRole('checkbox', { name: 'Single keys do something' }).uncheck();
    await page.keyboard.press('Escape');
    await page.keyboard.press('g');
    await page.keyboard.press('t');
    await page.keyboard.press('?');
    expect(await page.getByRole('dialog').count()).toBe(0);
    expect(page.url()).not.toContain('tenants');
  });

  it('begins with a link over the navigation', async () => {
    const { page } = await openDashboard(browser(), server());
    await page.keyboard.press('Tab');
    await page.getByRole('button', { name: 'Skip to the content' }).press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
  });
});

/** Presses Tab until the element with this name has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press('Tab');
    const text = await page.evaluate<string>('document.activeElement.textContent');
    if (text === name) return;
  }
  throw new Error(`Tab does not lead to ${name}`);
}
