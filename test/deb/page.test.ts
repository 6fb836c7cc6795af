/**
 * docs/install.md, command by command, on a clean system: from the package to a customer that answers over TLS, and what becomes
 * of it. Each test needs those before it. `SESSION=FILE` writes what a terminal would have shown.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, test as anyTest, beforeAll, expect, inject } from 'vitest';
import { OF_AUTHORITY, startAuthority } from './authority.ts';
import { bootMachine, Machine } from './machine.ts';
import { blocksOf, Session, withTables } from './session.ts';
import { underLoad } from './under-load.ts';

const CONFIG = '/etc/tenement/tenement.toml';
const PAGES = ['http://acme.apps.example.com/index', 'https://acme.apps.example.com/index'];

const opened = await bootMachine();
const isOpen = opened instanceof Machine;
const machine = opened as Machine;
const test = isOpen ? anyTest : anyTest.skip;
const session = new Session(machine);
let next = '';

beforeAll(async () => {
  if (!isOpen) return console.log(`no other system can be booted here: ${opened}`);
  const { first, next: nextOne } = inject('packages');
  machine.copyIn(first, '/root');
  next = machine.copyIn(nextOne);
  await startAuthority(machine);
});

afterAll(async () => {
  const { SESSION } = process.env;
  if (SESSION !== undefined) writeFileSync(SESSION, session.text);
  if (isOpen) await machine.remove();
});

const instances = async () => {
  const all: { instance: string; state: string; pid: number }[] = JSON.parse(await machine.run('tenement ps --json'));
  return all
    .map(({ instance, state, pid }) => ({ instance, state, pid }))
    .sort((a, b) => a.instance.localeCompare(b.instance));
};

async function runBlocks(section: string) {
  const outputs = new Map<string, string>();
  for (const { language, text } of blocksOf(section)) {
    if (language === 'sh') for (const [command, output] of await session.run(text)) outputs.set(command, output);
    if (language === 'toml') edit(text);
  }
  return (start: string) => [...outputs].find(([command]) => command.startsWith(start))?.[1] ?? `nothing ran ${start}`;
}

/** As a person changes the config with an editor; this one has an authority of its own. */
function edit(tables: string): void {
  const file = join(machine.root, CONFIG);
  const own = tables.replace('[tls.acme]\n', `[tls.acme]\n${OF_AUTHORITY}`);
  session.note(`# editor ${CONFIG}\n${own}`);
  writeFileSync(file, withTables(readFileSync(file, 'utf8'), own));
}

test('1. the package is installed, and its example answers', async () => {
  const said = await runBlocks('1. Install');
  expect(said('curl')).toBe('ok');
  expect(said('tenement ps')).toMatch(/^notes:acme +ready /m);
});

test('2. an application that knows nothing of customers is put into the config, and answers for one', async () => {
  const said = await runBlocks('2. Your application');
  expect(said('tenement check')).toMatch(/^1 service, ok$/m);
  expect(said('curl')).toBe('<title>Unnamed Fossil Project: Home</title>');
  expect(said('tenement logs')).toContain('admin-user: admin (initial password is ');
  expect(await machine.run(`stat -c '%U:%G %a' ${CONFIG}`)).toBe('root:tenement 640');
});

test('3. certificates of the authority are shown to whoever asks, one for each customer', async () => {
  const said = await runBlocks('3. Certificates');
  expect(said('curl')).toBe('<title>Unnamed Fossil Project: Home</title>');
  expect(said('tenement cert ls')).toMatch(/^acme\.apps\.example\.com +acme +issued /m);
  expect(await machine.run("curl -sS -o /dev/null -w '%{http_code}' http://acme.apps.example.com/index")).toBe('308');
  expect(await machine.run('tenement check')).not.toContain('warning');
});

test('a restart under load refuses no connection, fails no request and ends no customer', async () => {
  const before = await instances();
  const { answers, failures } = await underLoad(machine, PAGES, 'restart, HTTP and TLS', () =>
    session.run('systemctl restart tenement'),
  );
  expect(failures).toEqual([]);
  expect(answers).toBeGreaterThan(20);
  expect(await instances()).toEqual(before);
});

test('so does a change of the API\u2019s address by `tenement install --now`', async () => {
  edit('[api]\nlisten = "127.0.0.1:8001"\n');
  const { failures } = await underLoad(machine, PAGES, 'another address, HTTP and TLS', () =>
    session.run('tenement install --now'),
  );
  expect(failures).toEqual([]);
  expect(await machine.run("ss -Hltn 'sport = 8001 or sport = 8000'")).toMatch(/127\.0\.0\.1:8001/);
  expect(await machine.run("ss -Hltn 'sport = 8000'")).toBe('');
});

test('the commands of docs/systemd.md do what the page says', async () => {
  const page = readFileSync(new URL('../../docs/systemd.md', import.meta.url), 'utf8');
  const commands = [...page.matchAll(/^ {4}((?:tenement|systemctl) .*)$/gm)].map(([, command = '']) => command);
  expect(commands.length).toBeGreaterThan(6);
  // systemctl edits at a terminal only.
  await machine.run(`printf '#!/bin/sh\\necho "[Unit]" > "$1"\\n' > /root/editor && chmod +x /root/editor`);
  const editor = 'SYSTEMD_EDITOR=/root/editor';
  for (const command of commands) {
    // The server stays root's.
    if (command.includes('--user')) expect(await machine.run(`${command} --print`)).toContain('User=tenement');
    else if (command.includes(' edit '))
      await machine.run(`${editor} script --quiet --return -c '${command}' /dev/null`);
    else await machine.run(command);
  }
  expect(await machine.run('systemctl is-active tenement tenement-proxy.socket')).toBe('active\nactive');
  // A package leaves drop-ins to whoever wrote them.
  await machine.run('rm -r /etc/systemd/system/tenement.service.d /etc/systemd/system/tenement-proxy.socket.d');
});

test('so does an upgrade, which keeps the edited config and renews the units', async () => {
  const before = await instances();
  // dpkg asks about the config, which both sides have changed.
  const upgrade = `echo N | apt-get install ${next}`;
  const { failures } = await underLoad(machine, PAGES, 'upgrade, HTTP and TLS', () => session.run(upgrade));
  expect(failures).toEqual([]);
  expect(await instances()).toEqual(before);
  expect(await machine.run('tenement --version; systemctl is-active tenement tenement-tls.socket')).toBe(
    '0.1.1\nactive\nactive',
  );
  expect(await machine.run(`grep -c 'new in version 0.1.1' ${CONFIG} || true`)).toBe('0');
});

test('after a reboot, customers who are always awake run before anybody asks, and others answer who asks', async () => {
  edit('[instances]\nwiki = ["globex"]\n');
  await machine.run('systemctl reload tenement');
  await machine.reboot();
  const states = async () => (await instances()).map(({ instance, state }) => `${instance} ${state}`);
  await expect.poll(states).toEqual(['wiki:acme asleep', 'wiki:globex ready']);
  const { failures } = await underLoad(machine, PAGES, 'after a reboot', () => machine.run('tenement ps'));
  expect(failures).toEqual([]);
});

test('`apt remove` ends server and customers, and leaves nothing that listens', async () => {
  await session.run('apt remove tenement');
  // Without controllers of their own, tenants of this machine are not in the cgroup that ends them.
  if (!machine.hasControllers) await machine.run('pkill fossil || true');
  await expect.poll(() => machine.run("ps -e -o args= | grep -c '[f]ossil server\\|[t]enement.js' || true")).toBe('0');
  expect(await machine.run("ss -Hltn 'sport = 80 or sport = 443 or sport = 8001'")).toBe('');
  expect(existsSync(join(machine.root, 'usr/lib/tenement'))).toBe(false);
});

test('a machine without the package boots, and installed again it serves the customers that it had', async () => {
  await machine.reboot();
  expect(await machine.run('systemctl list-units --failed --no-legend --plain "tenement*"')).toBe('');
  await session.run(`apt install ${next}`);
  await session.run('systemctl enable --now tenement');
  const asked = await machine.run('curl -sS https://acme.apps.example.com/index');
  expect(asked).toContain('<title>Unnamed Fossil Project: Home</title>');
  expect(await machine.run('systemctl is-active tenement-tls.socket')).toBe('active');
});

test('`apt purge` deletes the config and the units, and says that it keeps data', async () => {
  const said = (await session.run('apt purge tenement')).get('apt purge tenement') ?? '';
  expect(said).toContain('/var/lib/tenement has the data of tenants and was kept');
  const left = await machine.run('find /etc /usr /run -xdev -name "*tenement*"');
  expect(left).toBe('');
  expect(existsSync(join(machine.root, 'var/lib/tenement/acme/site.fossil'))).toBe(true);
});
