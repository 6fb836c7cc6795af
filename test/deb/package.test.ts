/** The life of the package with its example: installed, restarted, upgraded in steps, removed, purged. Each test needs those before it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, test as anyTest, beforeAll, expect, inject } from 'vitest';
import { bootMachine, Machine } from './machine.ts';
import { underLoad } from './under-load.ts';

const TENANTS = ['acme', 'globex'];
const URLS = TENANTS.map((id) => `http://${id}.localhost:8080/health`);
const CONFIG = '/etc/tenement/tenement.toml';
const LIBRARY = 'usr/lib/tenement';

const opened = await bootMachine();
const isOpen = opened instanceof Machine;
const machine = opened as Machine;
const test = isOpen ? anyTest : anyTest.skip;
let first = '';
let next = '';

beforeAll(() => {
  if (!isOpen) return console.log(`no other system can be booted here: ${opened}`);
  const packages = inject('packages');
  first = machine.copyIn(packages.first);
  next = machine.copyIn(packages.next);
});

afterAll(async () => {
  if (isOpen) await machine.remove();
});

/** Returns how the tenant answers inside. */
const answerOf = (id: string) =>
  machine.run(`curl -sS -o /dev/null -w '%{http_code}' http://${id}.localhost:8080/health`);
const pidsOf = async () => {
  const instances: { id: string; pid: number }[] = JSON.parse(await machine.run('tenement ps --json'));
  return instances.map(({ id, pid }) => `${id} ${pid}`);
};
const mainPid = () => machine.run('systemctl show --value --property=MainPID tenement');
const serverDirectories = () => readdirSync(join(machine.root, LIBRARY)).filter((name) => /^server\./.test(name));

test('`apt install` and `systemctl enable --now` are the whole installation', async () => {
  await machine.run(`apt-get install ${first}`);
  expect(await machine.run('dpkg --verify tenement')).toBe('');
  await machine.run('systemctl enable --now tenement');
  expect(await machine.run('systemctl is-active tenement')).toBe('active');
  expect(await machine.run('tenement --version && ten --version')).toBe('0.1.0\n0.1.0');
});

test('the dashboard, the manual pages and the completions are in it', async () => {
  expect(existsSync(join(machine.root, LIBRARY, 'dist/dashboard/index.html'))).toBe(true);
  const files = await machine.run('dpkg --listfiles tenement');
  for (const file of [
    'man1/tenement.1.gz',
    'man5/tenement.toml.5.gz',
    'completions/tenement',
    '_tenement',
    'tenement.fish',
  ])
    expect(files).toContain(file);
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
  const restart = () => machine.run('systemctl restart tenement');
  const { answers, failures } = await underLoad(machine, URLS, 'restart, HTTP', restart);
  expect(failures).toEqual([]);
  expect(answers).toBeGreaterThan(10);
  expect(await pidsOf()).toEqual(before);
});

test('when the next version is unpacked, the server goes on with its own files (bug: it loaded those of the next)', async () => {
  const before = await mainPid();
  await machine.run(`dpkg --unpack ${next}`);
  expect(existsSync(join(machine.root, LIBRARY, 'dist/archive/child'))).toBe(false);
  // What makes copies is loaded by the first copy, and starts a program.
  await machine.run('tenement clone acme --id copy');
  expect(await answerOf('copy')).toBe('200');
  await machine.run('tenement tenant rm copy --purge --yes');
  expect(await mainPid()).toBe(before);
});

test('configured, it keeps the edited config, ends no tenant, fails no request, and removes the old files', async () => {
  await machine.run(`echo '# edited' >>${CONFIG}`);
  const before = await pidsOf();
  const configure = () => machine.run('echo N | dpkg --configure tenement');
  const { failures } = await underLoad(machine, URLS, 'upgrade, HTTP', configure);
  expect(failures).toEqual([]);
  expect(await pidsOf()).toEqual(before);
  expect(await machine.run(`tail -n 1 ${CONFIG}`)).toBe('# edited');
  expect(await machine.run('tenement --version; systemctl is-active tenement')).toBe('0.1.1\nactive');
  expect(serverDirectories()).toHaveLength(1);
});

test('an upgrade whose version refuses the config says why, and leaves the old server running', async () => {
  await machine.run(`echo 'no_such_key = 1' >>${CONFIG}`);
  const before = await mainPid();
  const said = await machine.run(`dpkg --install ${next}`);
  expect(said).toContain('service.notes.no_such_key: unknown key');
  expect(said).toContain('tenement was not restarted, since this version refuses the config');
  expect([await mainPid(), await answerOf('acme'), serverDirectories().length]).toEqual([before, '200', 2]);
  await machine.run(`sed -i '/^no_such_key/ d' ${CONFIG}`);
  await machine.run('systemctl restart tenement');
});

test('an upgrade changes nothing in the config (bug: it took comments for an offer to renew the units)', async () => {
  await machine.run(`sed -i 's/^on_exit/# on_exit/' ${CONFIG}`);
  const before = readFileSync(join(machine.root, CONFIG), 'utf8');
  await machine.run(`dpkg --install ${next}`);
  expect(readFileSync(join(machine.root, CONFIG), 'utf8')).toBe(before);
  expect([await answerOf('acme'), serverDirectories().length]).toEqual(['200', 1]);
  await machine.run(`sed -i 's/^# on_exit/on_exit/' ${CONFIG}`);
});

test('`apt remove` ends the server and all tenants, and keeps config and data', async () => {
  await machine.run('apt-get remove tenement');
  expect(await machine.run("ps -e -o args= | grep -c '[t]enement.js' || true")).toBe('0');
  if (!machine.hasControllers) await machine.run('pkill --full [n]otes/app.js');
  await expect.poll(() => machine.run("ps -e -o args= | grep -c '[n]otes/app.js' || true")).toBe('0');
  expect(existsSync(join(machine.root, LIBRARY))).toBe(false);
  expect(readFileSync(join(machine.root, CONFIG), 'utf8')).toContain('# edited');
  expect(existsSync(join(machine.root, 'var/lib/tenement/acme/notes.db'))).toBe(true);
});

test('installed again, it serves the tenants that it had', async () => {
  await machine.run(`apt-get install ${next}`);
  await machine.run('systemctl start tenement');
  expect(await Promise.all(TENANTS.map(answerOf))).toEqual(['200', '200']);
});

test('`apt purge` without tenants says so, and leaves nothing', async () => {
  for (const id of TENANTS) await machine.run(`tenement tenant rm ${id} --purge --yes`);
  expect(await machine.run('ls /var/lib/tenement')).toBe('');
  expect(await machine.run('apt-get purge tenement')).toContain(
    '/var/lib/tenement was deleted; there was no tenant in it.',
  );
  const left = await machine.run(
    'find /etc /usr /run /var -xdev -name "*tenement*" -not -path "/var/tmp/*" -not -path "/var/lib/dpkg/*" -not -path "/var/log/*"',
  );
  expect(left).toBe('');
});
