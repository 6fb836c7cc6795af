/**
 * What it takes to end many instances at once: from SIGTERM of the server to its exit, with tenants awake and frozen; and
 * 255 that fall asleep at once, as when `idle_timeout` is set, while another tenant is asked 50 times a second. Beside
 * another build, whose checkout is the argument after the name, where there is one.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { timed } from './figures.ts';
import { BenchServer } from './server.ts';
import { steadyLoad } from './steady-load.ts';

const APP = fileURLToPath(new URL('./tiny-app.py', import.meta.url));
const STALLS = fileURLToPath(new URL('./stalls.mjs', import.meta.url));
const SIZES = [50, 100, 200];
const SLEEPERS = 255;
const SPAWNED_AT_ONCE = 8;
const LOAD = { perSecond: 50, seconds: 12 };
/** How long the load runs before the instances fall asleep. */
const RELOAD_AFTER_MS = 2000;
/** How long deferred work of the starts may take. */
const QUIET_MS = 2000;

type Kind = 'awake' | 'frozen';

/** The measurements of one end, by build. */
interface Figures {
  readonly seconds: number;
  /** The longest block of the server's event loop. */
  readonly stallMs: number;
}

export async function bench(): Promise<void> {
  const other = process.argv[3];
  const builds = [...(other === undefined ? [] : [{ name: 'other', main: join(other, 'dist/cli/main.js') }])];
  const all: { name: string; main?: string }[] = [...builds, { name: 'this' }];
  console.log('from SIGTERM to the exit of the server, and the longest stall of its event loop');
  for (const kind of ['awake', 'frozen'] as const) {
    for (const size of SIZES) {
      const found: Figures[] = [];
      for (const build of all) found.push(await endOf(size, kind, build.main));
      const shown = found.map(({ seconds, stallMs }, at) => `${all[at]?.name} ${seconds.toFixed(1)} s, ${ms(stallMs)}`);
      console.log(`${`${size} ${kind}`.padEnd(12)}${shown.join('   ')}${ratio(found.map(({ seconds }) => seconds))}`);
    }
  }
  console.log(`${SLEEPERS} that fall asleep at once: the longest wait of another tenant, and the longest stall`);
  const waits: number[] = [];
  for (const { name, main } of all) {
    const { longestMs, stallMs, errors } = await fallAsleep(main);
    waits.push(longestMs);
    console.log(`${name.padEnd(12)}${ms(longestMs)}, ${ms(stallMs)}, ${errors} errors${ratio(waits)}`);
  }
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`;
}

function ratio([first = 0, second]: readonly number[]): string {
  return second === undefined ? '' : `   (${(first / second).toFixed(1)} times)`;
}

async function endOf(size: number, kind: Kind, main: string | undefined): Promise<Figures> {
  const opened = await open(size, kind, main);
  const sinceMs = Date.now();
  const tookMs = await timed(() => opened.server.end('SIGTERM'));
  return { seconds: tookMs / 1000, stallMs: opened.close(sinceMs) };
}

async function fallAsleep(main: string | undefined) {
  const opened = await open(SLEEPERS, 'awake', main);
  await opened.server.api('POST', '/spawn/other/--id=other');
  await delay(QUIET_MS);
  const load = steadyLoad(opened.server.proxyPort, 'other.other.localhost', LOAD);
  await delay(RELOAD_AFTER_MS);
  const sinceMs = Date.now();
  opened.configure('idle_timeout = "1s"');
  const seen = await load;
  await opened.server.end();
  return { ...seen, stallMs: opened.close(sinceMs, RELOAD_AFTER_MS + LOAD.seconds * 1000) };
}

async function open(size: number, kind: Kind, main: string | undefined) {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  const config = join(dir, 'tenement.toml');
  const stallsFile = join(dir, 'stalls.json');
  const configure = (keys: string) => writeFileSync(config, configOf(keys));
  configure('idle_timeout = 0\nidle_action = "suspend"\nsuspend_timeout = 0');
  if (kind === 'awake') configure('idle_timeout = 0');
  process.env['STALLS_FILE'] = stallsFile;
  const server = await BenchServer.start(config, { ...(main && { main }), nodeArgs: ['--import', STALLS] });
  const ids = Array.from({ length: size }, (_, index) => `t${index}`);
  await inTurns(ids, (id) => server.api('POST', `/spawn/app/--id=${id}`));
  if (kind === 'frozen') await inTurns(ids, (id) => server.api('POST', `/api/instances/app:${id}/sleep`));
  await delay(QUIET_MS);
  return {
    server,
    configure,
    /** Removes the servers. Returns the longest block of the event loop within `forMs` from `sinceMs` on. */
    close: (sinceMs: number, forMs = Number.POSITIVE_INFINITY) => {
      const stalls: { atMs: number; ms: number }[] = JSON.parse(readFileSync(stallsFile, 'utf8'));
      rmSync(dir, { recursive: true, force: true });
      const those = stalls.filter(({ atMs }) => atMs >= sinceMs && atMs <= sinceMs + forMs);
      return Math.max(0, ...those.map((stall) => stall.ms));
    },
  };
}

function configOf(keys: string): string {
  const command = `command = ["/usr/bin/python3", "-S", "-E", "${APP}"]`;
  const settings = '[settings]\nmax_running = 1000\nmemory_reserve_mb = 0\n[proxy]\ndefault_service = "app"\n';
  return `${settings}[service.app]\n${command}\n${keys}\n[service.other]\n${command}\nidle_timeout = 0\n`;
}

/** Runs the tasks, a few at a time. */
async function inTurns(ids: readonly string[], work: (id: string) => Promise<unknown>): Promise<void> {
  const left = [...ids];
  const worker = async () => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) await work(id);
  };
  await Promise.all(Array.from({ length: SPAWNED_AT_ONCE }, worker));
}
