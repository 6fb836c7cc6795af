/**
 * What a dashboard that is left open costs: time until 10,000 tenants are on screen, and the browser's memory each minute
 * while 200 tenants a second change. MINUTES says how long, 10 by default.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type CDPSession, chromium, type Page } from 'playwright-core';
import { Pool } from 'undici';
import { crowdName, seedCrowd } from '../dashboard/browser/seed.ts';
import { BenchServer } from './server.ts';

const TENANTS = 10_000;
const CHANGES_PER_SECOND = 200;
const MINUTES = Number(process.env['MINUTES'] ?? 10);
const LOADS = 5;
/** The same tenants change again and again, so that events and rows are of both kinds. */
const CHANGING = 1000;

export async function bench(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  writeFileSync(
    join(dir, 'tenement.toml'),
    '[settings]\n[api]\nauth = "none"\n[service.app]\ncommand = ["node", "app.js"]\n',
  );
  seedCrowd(dir, TENANTS);
  const server = await BenchServer.start(join(dir, 'tenement.toml'));
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium' });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await loadTimes(page, server);
    await soak(page, server);
  } finally {
    await browser.close();
    await server.end();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function loadTimes(page: Page, server: BenchServer): Promise<void> {
  const times: number[] = [];
  for (let load = 0; load < LOADS; load += 1) {
    await page.goto('about:blank');
    const startedAt = performance.now();
    await page.goto(`http://127.0.0.1:${server.apiPort}/#/tenants`);
    await page.getByRole('link', { name: crowdName(0) }).waitFor();
    times.push(performance.now() - startedAt);
  }
  console.log(`${TENANTS} tenants on screen after ${times.map((ms) => ms.toFixed(0)).join(', ')} ms`);
}

async function soak(page: Page, server: BenchServer): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const stopped = new AbortController();
  const changes = { count: 0 };
  const changing = changeTenants(server, stopped.signal, changes);
  console.log('minute   heap      DOM nodes   listeners   documents   changes/s   stream   memory of the server');
  const screens = ['#/', '#/tenants', '#/events', `#/tenants/${crowdName(0)}/events`, '#/instances'];
  let before = 0;
  for (let minute = 0; minute <= MINUTES; minute += 1) {
    const rate = minute === 0 ? 0 : (changes.count - before) / 60;
    before = changes.count;
    const stream = (await page.locator('.live').textContent()) ?? '';
    const ofServer = `${server.residentMb().toFixed(0)} MB`;
    const ofPage = `${await figures(session)}${rate.toFixed(0).padEnd(12)}${stream.padEnd(9)}`;
    console.log(`${String(minute).padEnd(9)}${ofPage}${ofServer}`);
    if (minute === MINUTES) break;
    // As an operator would: some screens, and then one that stays open.
    for (const screen of screens) {
      await page.evaluate(`location.hash = ${JSON.stringify(screen)}`);
      await delay(60_000 / screens.length);
    }
  }
  stopped.abort();
  await changing;
}

async function figures(session: CDPSession): Promise<string> {
  await session.send('HeapProfiler.collectGarbage');
  await session.send('Performance.enable');
  const { metrics } = await session.send('Performance.getMetrics');
  const of = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? 0;
  const heap = `${(of('JSHeapUsedSize') / 1024 / 1024).toFixed(1)} MB`;
  return [
    heap.padEnd(10),
    `${of('Nodes')}`.padEnd(12),
    `${of('JSEventListeners')}`.padEnd(12),
    `${of('Documents')}`.padEnd(12),
  ].join('');
}

/** Labels tenants at an even rate. Each change is a row and an event. */
async function changeTenants(server: BenchServer, stopped: AbortSignal, changes: { count: number }): Promise<void> {
  const api = new Pool(`http://127.0.0.1:${server.apiPort}`, { connections: 8 });
  const startedAt = performance.now();
  const asked = new Set<Promise<unknown>>();
  for (let sent = 0; !stopped.aborted; sent += 1) {
    const dueMs = startedAt + (sent * 1000) / CHANGES_PER_SECOND - performance.now();
    if (dueMs > 4) await delay(dueMs);
    if (asked.size >= 32) await Promise.race(asked);
    const one = changeOne(api, sent).then(() => {
      changes.count += 1;
    });
    asked.add(one);
    void one.finally(() => asked.delete(one));
  }
  await Promise.all(asked);
  await api.close();
}

async function changeOne(api: Pool, sent: number): Promise<void> {
  const { body } = await api.request({
    method: 'PATCH',
    path: `/api/tenants/${crowdName(sent % CHANGING)}`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ labels: { round: String(Math.floor(sent / CHANGING)) } }),
  });
  await body.dump();
}
