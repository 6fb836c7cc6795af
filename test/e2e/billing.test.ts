/** examples/billing: each hour of a month is billed once, whatever is interrupted. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { hourOf } from '../../src/core/usage/hours.ts';
import { newTally } from '../../src/core/usage/tally.ts';
import { openDatabase } from '../../src/registry/database.ts';
import { createUsageStore } from '../../src/registry/usage.ts';
import { MAIN } from './follower.ts';
import { temporaryDirectory } from './support.ts';
import { TestServer } from './test-server.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/billing', import.meta.url));
const MONTH = '2026-02';
const FIRST_HOUR = hourOf(Date.UTC(2026, 1));
const HOURS = 30;
const TENANTS = ['acme', 'globex'];
/** When the first run is killed. */
const KILLED_AFTER = 25;

/** What was used in the month, before the server starts. */
function writeUsage(dataDir: string): void {
  mkdirSync(join(dataDir, '.tenement'), { recursive: true, mode: 0o700 });
  const database = openDatabase(join(dataDir, '.tenement/tenement.db'));
  const rows = TENANTS.flatMap((tenantId, index) =>
    Array.from({ length: HOURS }, (_, hour) => ({
      tenantId,
      // Not every hour, and some in the months before and after.
      hour: FIRST_HOUR - 10 + hour * 25,
      tally: { ...newTally(), requests: hour + index, cpuSeconds: 0.25, egressBytes: 1000 },
    })),
  );
  createUsageStore(database).write({ rows, marks: [], ended: [] });
  database.close();
}

function isOfMonth(hour: number): boolean {
  return hour >= FIRST_HOUR && hour < hourOf(Date.UTC(2026, 2));
}

function start(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const child = spawn(process.execPath, [join(EXAMPLE, file), ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** Starts a program of the example that listens. `lines`: what it prints later. */
async function listening(file: string, env: NodeJS.ProcessEnv) {
  const { stdout } = start(file, ['0'], env);
  if (stdout === null) throw new Error('it has no output');
  const lines: string[] = [];
  const reader = createInterface(stdout);
  const [first] = (await once(reader, 'line')) as [string];
  let onLine = () => {};
  reader.on('line', (line) => {
    lines.push(line);
    onLine();
  });
  const printed = (count: number) =>
    new Promise<void>((resolve) => {
      onLine = () => void (lines.length >= count && resolve());
      onLine();
    });
  return { url: `http://127.0.0.1:${first.replace('port ', '')}`, lines, printed };
}

it('billing: each hour of a month is billed once, though answers are lost and the run is killed in the middle', async () => {
  const dir = temporaryDirectory();
  const server = new TestServer(dir, join(EXAMPLE, 'tenement.toml'), []);
  onTestFinished(() => server.dispose());
  writeUsage(server.dataDir);
  await server.start();
  const standIn = await listening('stand-in.js', {});
  const env = {
    TENEMENT_API: `http://127.0.0.1:${server.apiPort}`,
    TENEMENT_TOKEN: server.token,
    BILLING_API: standIn.url,
    PROGRESS: join(dir, 'progress.json'),
    PAUSE_MS: '2',
  };
  const killed = start('bill.js', [MONTH], env);
  await standIn.printed(KILLED_AFTER);
  killed.kill('SIGKILL');
  await once(killed, 'exit');
  const again = start('bill.js', [MONTH], env);
  const [[status], errors] = await Promise.all([once(again, 'exit'), again.stderr === null ? '' : text(again.stderr)]);
  expect([status, errors]).toEqual([0, '']);
  const { totals, requests } = (await (await fetch(standIn.url)).json()) as {
    totals: Record<string, number>;
    requests: number;
  };
  const hours = Array.from({ length: HOURS }, (_, hour) => hour).filter((hour) =>
    isOfMonth(FIRST_HOUR - 10 + hour * 25),
  );
  const sum = hours.reduce((all, hour) => all + hour, 0);
  expect(totals).toEqual({
    'acme requests': sum,
    'acme cpu_seconds': 0.25 * hours.length,
    'acme egress_bytes': 1000 * hours.length,
    'globex requests': sum + hours.length,
    'globex cpu_seconds': 0.25 * hours.length,
    'globex egress_bytes': 1000 * hours.length,
  });
  expect(new Set(standIn.lines).size).toBe(standIn.lines.length);
  expect(requests).toBeGreaterThan(standIn.lines.length);
});

it('billing: a lapsed subscription ends in `tenement tenant set --expires`, and a paid invoice takes it back', async () => {
  const dir = temporaryDirectory();
  const config = join(EXAMPLE, 'tenement.toml');
  const server = new TestServer(dir, config, []);
  onTestFinished(() => server.dispose());
  await server.start();
  const command = join(dir, 'tenement.sh');
  writeFileSync(
    command,
    `#!/bin/sh\nexec ${process.execPath} ${MAIN} --api http://127.0.0.1:${server.apiPort} --token ${server.token} "$@"\n`,
  );
  chmodSync(command, 0o755);
  const webhook = await listening('webhook.js', { TENEMENT: command, WEBHOOK_SECRET: 'secret' });
  const send = async (type: string, object: object, secret = 'secret') => {
    const body = JSON.stringify({ type, data: { object: { metadata: { tenant: 'acme' }, ...object } } });
    const t = Math.floor(Date.now() / 1000);
    const v1 = createHmac('sha256', secret).update(`${t}.${body}`).digest('hex');
    const headers = { 'billing-signature': `t=${t},v1=${v1}` };
    return (await fetch(webhook.url, { method: 'POST', headers, body })).status;
  };
  const status = async () => (await server.get('acme.localhost', '/?to=10')).status;
  const expiresAt = async () => JSON.parse((await server.api('/api/tenants/acme')).body).expiresAt;
  expect(await send('customer.subscription.deleted', {}, 'another secret')).toBe(400);
  expect(await status()).toBe(200);
  const paidUntilS = Math.floor(Date.now() / 1000) + 86_400;
  expect(await send('customer.subscription.deleted', { current_period_end: paidUntilS })).toBe(200);
  expect([await expiresAt(), await status()]).toEqual([new Date(paidUntilS * 1000).toISOString(), 200]);
  expect(await send('customer.subscription.deleted', { current_period_end: paidUntilS - 2 * 86_400 })).toBe(200);
  expect(await status()).toBe(402);
  expect(await send('invoice.paid', {})).toBe(200);
  expect([await expiresAt(), await status()]).toEqual([null, 200]);
});
