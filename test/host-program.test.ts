/** The effects of the library on the program that loads it: its descriptors, its stderr. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { Hypervisor } from '../src/hypervisor.ts';
import { FIXTURES, temporaryDirectory, writeConfig } from './e2e/support.ts';

const ENTRY = new URL('../src/index.ts', import.meta.url).href;
const PIDFD = new URL('../src/process/child/pidfd.ts', import.meta.url).href;
const CONFIG = '[service.app]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\n';

/** Runs a program that has `Hypervisor` and `file`, a config. The program starts with an open descriptor 40. */
function runHost(program: string) {
  const dir = temporaryDirectory();
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'tenement.toml');
  writeConfig(file, CONFIG);
  const script = `import { Hypervisor } from '${ENTRY}';\nconst file = ${JSON.stringify(file)};\n${program}`;
  const fd = openSync(file, 'r');
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'pipe', ...Array<'ignore'>(37).fill('ignore'), fd],
    env: { ...process.env, XDG_RUNTIME_DIR: dir, NODE_OPTIONS: '' },
    encoding: 'utf8',
  });
  closeSync(fd);
  return { stdout, stderr };
}

it('a host program has as many descriptors after each load and close (bug: one more, on /dev/null)', () => {
  const { stdout, stderr } = runHost(`
    import { readdirSync } from 'node:fs';
    const counts = [];
    for (let time = 0; time < 12; time += 1) {
      const hypervisor = await Hypervisor.load(file);
      await hypervisor.close();
      counts.push(readdirSync('/proc/self/fd').length);
    }
    console.log(JSON.stringify(counts));
  `);
  const counts: number[] = JSON.parse(stdout || stderr);
  // Node opens some descriptors of its own during the first loads.
  expect(new Set(counts.slice(2)).size).toBe(1);
});

it('a host program gets no warning of experimental modules on stderr, and keeps its own warnings', () => {
  const { stdout, stderr } = runHost(`
    import { canDuplicate } from '${PIDFD}';
    const hypervisor = await Hypervisor.load(file);
    await hypervisor.spawn('app', 'acme');
    canDuplicate();
    process.emitWarning('of the host', 'ExperimentalWarning');
    await hypervisor.close();
    console.log('closed');
  `);
  expect(stdout).toBe('closed\n');
  expect(stderr.split('\n').filter((line) => /Warning/.test(line))).toEqual([
    expect.stringMatching(/ExperimentalWarning: of the host$/),
  ]);
});

it('a host program can load again after a failed open (bug: already_running until the program ends)', async () => {
  const dir = temporaryDirectory();
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  vi.stubEnv('XDG_RUNTIME_DIR', dir);
  onTestFinished(() => void vi.unstubAllEnvs());
  const file = join(dir, 'tenement.toml');
  writeConfig(file, CONFIG);
  await (await Hypervisor.load(file)).close();
  const registry = join(dir, 'data/.tenement/tenement.db');
  for (const suffix of ['-wal', '-shm']) rmSync(registry + suffix, { force: true });
  writeFileSync(registry, 'not a database');
  for (let time = 0; time < 2; time += 1) {
    await expect(Hypervisor.load(file)).rejects.toMatchObject({ code: 'state_failed' });
  }
  rmSync(registry);
  await (await Hypervisor.load(file)).close();
});

it('a host program keeps its signal handlers, its output and its globals, and survives failures that nobody awaits', () => {
  const { stdout, stderr } = runHost(`
    const kinds = () => process.eventNames().map((name) => String(name) + process.listenerCount(name)).sort().join();
    const before = kinds();
    const emitWarning = process.emitWarning;
    const hypervisor = await Hypervisor.load(file);
    void hypervisor.spawn('nope', 'acme');
    void hypervisor.stop('app:nobody');
    void hypervisor.tenants.stop('nobody');
    hypervisor.events.on('*', () => Promise.reject(new Error('of a listener')));
    await hypervisor.spawn('app', 'acme');
    await new Promise(setImmediate);
    await hypervisor.close();
    await new Promise(setImmediate);
    const signals = process.eventNames().filter((name) => /^SIG|uncaught|unhandled/.test(String(name)));
    console.log(JSON.stringify({ signals, same: process.emitWarning === emitWarning }));
  `);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual({ signals: [], same: true });
});

it('a hypervisor that closes while an instance wakes ends it, and refuses the claim that waited', async () => {
  const hypervisor = await Hypervisor.temporary({ toml: CONFIG.replace('{fixtures}', FIXTURES) });
  await hypervisor.spawn('app', 'acme', { start: false });
  const claim = hypervisor.claim('app:acme', new AbortController().signal);
  await hypervisor.close({ drainTimeoutMs: 0 });
  expect(await claim).toHaveProperty('refused');
  expect(() => hypervisor.claim('app:acme', new AbortController().signal)).toThrow(
    expect.objectContaining({ code: 'closed' }),
  );
});
