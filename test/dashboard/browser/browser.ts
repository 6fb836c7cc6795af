/** Debian's Chromium, and a dashboard in it whose every complaint fails the test. */
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';
import { shared, type TestServer } from '../../e2e/support.ts';

const CHROMIUM = '/usr/bin/chromium';
/** Of every wait of a page; a loaded machine draws slowly. */
const PATIENCE_MS = 30_000;

/** A missing browser skips its tests by name, and fails them in CI. */
export const isBrowserMissing = process.env['CI'] !== 'true' && !existsSync(CHROMIUM);

/** One browser for all tests of a file. */
export function sharedBrowser(): () => Browser {
  return shared(async (onFinished) => {
    const browser = await chromium.launch({ executablePath: CHROMIUM });
    onFinished(() => browser.close());
    return browser;
  });
}

export const DESKTOP = { viewport: { width: 1280, height: 800 } };
export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

export interface Opened {
  readonly page: Page;
  /** Allows complaints of the browser that are part of the test, such as an answer with 401. */
  expectComplaints(pattern: RegExp): void;
}

/**
 * Opens an empty page in a browser of its own. The test fails if the browser complains: of errors, of violations of the
 * policy, of requests to other origins.
 */
export async function openPage(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = DESKTOP,
): Promise<Opened> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const complaints: string[] = [];
  const expected: RegExp[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => complaints.push(`a dialog: ${dialog.message()}`));
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) complaints.push(`a request to ${request.url()}`);
  });
  onTestFinished(async () => {
    await context.close();
    expect(complaints.filter((text) => !expected.some((pattern) => pattern.test(text)))).toEqual([]);
  });
  return { page, expectComplaints: (pattern) => expected.push(pattern) };
}

export function originOf(server: TestServer): string {
  return `http://127.0.0.1:${server.apiPort}`;
}

/** Returns the link that `tenement ui` prints. */
export async function logInLink(server: TestServer, ...args: string[]): Promise<string> {
  const { stdout, stderr } = args.length === 0 ? await server.cli('ui') : await server.cli('ui', ...args);
  const link = /https?:\/\/\S+\/login\?code=\S+/.exec(stdout)?.[0];
  if (link === undefined) throw new Error(`tenement ui printed no link: ${stdout} ${stderr}`);
  return link;
}

/** Opens the dashboard, logged in by the link of `tenement ui`. */
export async function openDashboard(
  browser: Browser,
  server: TestServer,
  options: BrowserContextOptions = DESKTOP,
): Promise<Opened> {
  const opened = await openPage(browser, originOf(server), options);
  await opened.page.goto(await logInLink(server));
  await opened.page.getByText('live', { exact: true }).waitFor();
  return opened;
}

/** Goes to a screen by its fragment. */
export async function goTo(page: Page, fragment: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(fragment)}`);
}
