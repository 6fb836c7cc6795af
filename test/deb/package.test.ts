/** The life of the package on a clean Debian: installed, used, upgraded, booted, removed, purged. Each test needs those before it. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, test as anyTest, beforeAll, expect } from 'vitest';
import { buildDeb } from '../../scripts/deb/build.ts';
import { Machine } from './machine.ts';

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));
const LOAD = fileURLToPath(new URL('load.mjs', import.meta.url));
const SUITE = process.env['SUITE'] ?? 'bookworm';
const TENANTS = ['acme', 'globex'];
const CONFIG = '/etc/tenement/tenement.toml';

/**
 * Where the host has its controllers in cgroup version 1, tenants cannot leave the cgroup of the server's unit. This setting
 * keeps them there over a restart; the unit as it is shipped is tried in a VM (test/vm/systemd).
 */
const DROP_IN = '/etc/systemd/system/service.d/one-cgroup.conf';

const opened = await openMachine();
const isOpen = opened instanceof Machine;
const machine = opened as Machine;
const test = isOpen ? anyTest : anyTest.skip;
const debs = mkdtempSync(join(tmpdir(), 'tenement-debs-'));
let first = '';
let second = '';

/** Not every machine may mount and boot another one. Returns the reason then, and the tests are skipped. */
async function openMachine(): Promise<Machine | string> {
  try {
    const machine = new Machine(SUITE);
    if (!machine.hasControllers) machine.write(DROP_IN, '[Service]\nKillMode=process\n');
    await machine.boot();
    return machine;
  } catch (error) {
    return String(error);
  }
}

beforeAll(async () => {
  if (!isOpen) return console.log(`no other system can be booted here: ${opened}`);
  first =
    process.env['DEB'] ?? (await buildDeb({ checkout: CHECKOUT, out: debs, version: '0.1.0', compression: 'none' }));
  second = nextVersionOf(first, '0.1.1');
  second = machine.copyIn(second);
  first = machine.copyIn(first);
});

afterAll(async () => {
  if (isOpen) await machine.remove();
  rmSync(debs, { recursive: true });
});

/** Packs the same files as another version, which takes less time than another build. */
function nextVersionOf(deb: string, version: string): string {
  const tree = join(debs, 'next');
  execFileSync('dpkg-deb', ['--raw-extract', deb, tree]);
  for (const file of ['DEBIAN/control', 'usr/lib/tenement/package.json']) {
    const path = join(tree, file);
    writeFileSync(path, readFileSync(path, 'utf8').replace('0.1.0', version));
  }
  execFileSync('dpkg-deb', ['-Znone', '--root-owner-group', '--build', tree, debs]);
  return join(debs, basename(deb).replace('0.1.0', version));
}

/** Returns how the tenant answers inside. */
const answerOf = (id: string) =>
  machine.run(`curl -sS -o /dev/null -w '%{http_code}' -H 'Host: ${id}.localhost' http://127.0.0.1:8080/health`);
const pidsOf = async () => {
  const instances: { id: string; pid: number }[] = JSON.parse(await machine.run('tenement ps --json'));
  return instances.map(({ id, pid }) => `${id} ${pid}`);
};

/** Runs a command while clients ask, and returns what they got. */
async function underLoad(command: string) {
  const client = machine.startInNetwork(process.execPath, LOAD, ...TENANTS.map((id) => `${id}.localhost`));
  const said = createInterface({ input: client.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  expect((await said.next()).value).toBe('asking');
  const startedMs = performance.now();
  await machine.run(command);
  const tookMs = Math.round(performance.now() - startedMs);
  client.stdin?.end();
  const load = JSON.parse((await said.next()).value ?? '');
  console.log(
    `${command}: ${tookMs} ms; ${load.answers} answers, ${load.failures.length} failed, longest ${load.longestMs} ms`,
  );
  return load;
}

test('`apt install` and `systemctl enable --now` are the whole installation', async () => {
  await machine.run(`apt-get install --yes ${first}`);
  expect(await machine.run('dpkg --verify tenement')).toBe('');
  await machine.run('systemctl enable --now tenement');
  expect(await machine.run('systemctl is-active tenement')).toBe('active');
  expect(await machine.run('tenement --version && ten --version')).toBe('0.1.0\n0.1.0');
});

test('only root and the group tenement may read the config', async () => {
  expect(await machine.run(`stat -c '%U:%G %a' ${CONFIG}`)).toBe('root:tenement 640');
});

test('the example serves each tenant by a process with a user of its own', async () => {
  for (const id of TENANTS) await machine.run(`tenement spawn notes --id ${id}`);
  expect(await Promise.all(TENANTS.map(answerOf))).toEqual(['200', '200']);
  const pids = (await pidsOf()).map((line) => line.split(' ')[1]);
  const users = await machine.run(`stat -c %u ${pids.map((pid) => `/proc/${pid}`).join(' ')}`);
  expect(new Set(users.split('\n')).size).toBe(2);
});

test('a restart under load ends no tenant and fails no request', async () => {
  const before = await pidsOf();
  const { answers, failures } = await underLoad('systemctl restart tenement');
  expect(failures).toEqual([]);
  expect(answers).toBeGreaterThan(10);
  expect(await pidsOf()).toEqual(before);
});

test('an upgrade under load keeps the edited config, ends no tenant and fails no request', async () => {
  await machine.run(`echo '# edited' >>${CONFIG}`);
  const before = await pidsOf();
  const { failures } = await underLoad(`apt-get install --yes ${second}`);
  expect(failures).toEqual([]);
  expect(await pidsOf()).toEqual(before);
  expect(await machine.run(`tail -n 1 ${CONFIG}`)).toBe('# edited');
  expect(await machine.run('tenement --version; systemctl is-active tenement')).toBe('0.1.1\nactive');
});

test('after a reboot every tenant is served again', async () => {
  await machine.reboot();
  expect(await Promise.all(TENANTS.map(answerOf))).toEqual(['200', '200']);
});

test('`apt remove` ends the server and all tenants, and keeps config and data', async () => {
  await machine.run('apt-get remove --yes tenement');
  expect(await machine.run("ps -e -o args= | grep -c '[t]enement.js' || true")).toBe('0');
  if (!machine.hasControllers) await machine.run('pkill --full [n]otes/app.js');
  await expect.poll(() => machine.run("ps -e -o args= | grep -c '[n]otes/app.js' || true")).toBe('0');
  expect(existsSync(join(machine.root, 'usr/lib/tenement'))).toBe(false);
  expect(readFileSync(join(machine.root, CONFIG), 'utf8')).toContain('# edited');
  expect(existsSync(join(machine.root, 'var/lib/tenement/acme/notes.db'))).toBe(true);
});

test('installed again, it serves the tenants that it had', async () => {
  await machine.run(`apt-get install --yes ${second}`);
  await machine.run('systemctl start tenement');
  expect(await Promise.all(TENANTS.map(answerOf))).toEqual(['200', '200']);
});

test('`apt purge` removes the config and keeps the data of tenants', async () => {
  const said = await machine.run('apt-get purge --yes tenement');
  expect(said).toContain('/var/lib/tenement has the data of tenants and was kept');
  expect(existsSync(join(machine.root, 'etc/tenement'))).toBe(false);
  expect(existsSync(join(machine.root, 'var/lib/tenement/acme/notes.db'))).toBe(true);
});

/** The blocks of a section of docs/install.md, by their language. */
function blocksOf(section: string) {
  const page = readFileSync(join(CHECKOUT, 'docs/install.md'), 'utf8');
  const [, text = ''] = new RegExp(`^## ${section}\n(.*?)^## `, 'ms').exec(page) ?? [];
  const blocks = [...text.matchAll(/^```(\w+)\n(.*?)^```/gms)];
  return (language: string) => blocks.filter(([, name]) => name === language).map(([, , block = '']) => block);
}

test('the commands of docs/install.md lead to an application of one\u2019s own', async () => {
  await machine.run(`apt-get install --yes ${second} && systemctl enable --now tenement`);
  for (const id of TENANTS) await machine.run(`tenement tenant rm ${id} --purge --yes`);
  const block = blocksOf('2. Your application');
  const [program = ''] = block('python');
  const [before = '', after = ''] = block('sh');
  await machine.run('tenement spawn notes --id acme');
  await machine.run(before);
  machine.write('/srv/hello/app.py', program);
  const config = readFileSync(join(machine.root, CONFIG), 'utf8');
  machine.write(CONFIG, config.replace(/^\[service\.notes\].*/ms, block('toml').join('')));
  expect(await machine.run(after)).toMatch(/Hello, acme$/);
  await machine.run('tenement tenant rm acme --purge --yes');
});

test('`apt purge` without tenants leaves nothing', async () => {
  await machine.run('apt-get purge --yes tenement');
  const left = await machine.run(
    'find /etc /usr /run /var -xdev -name "*tenement*" -not -path "/var/tmp/*" -not -path "/var/lib/dpkg/*" -not -path "/var/log/*"',
  );
  expect(left).toBe('');
});
