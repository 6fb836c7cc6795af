/** The hook for RabbitMQ, with a real server. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { describeWith, RABBITMQ } from '../../../databases/programs.ts';
import { RabbitMq } from '../../../databases/rabbitmq.ts';
import { shared } from '../../support.ts';
import { Hook } from './hook.ts';

const REFUSED = /ACCESS_REFUSED|not_allowed|refused|403/i;

/** Runs a program of amqp-tools with a URL; returns all that it says. */
function amqp(program: string, url: string, ...args: string[]): string {
  const { stdout, stderr } = spawnSync(`amqp-${program}`, ['-u', url, ...args], { encoding: 'utf8', timeout: 30_000 });
  return (stdout + stderr).trim();
}

const declare = (url: string) => amqp('declare-queue', url, '-q', 'jobs');
const publish = (url: string, body: string) => amqp('publish', url, '-r', 'jobs', '-b', body);
const get = (url: string) => amqp('get', url, '-q', 'jobs');

function changed(url: string, change: Partial<Pick<URL, 'username' | 'password' | 'pathname'>>): string {
  return Object.assign(new URL(url), change).href;
}

/** A consumer that stays connected until the test has finished, once it has a message. */
async function consuming(url: string): Promise<ChildProcess> {
  const child = spawn('amqp-consume', ['-u', url, '-q', 'jobs', 'cat'], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill());
  publish(url, 'first');
  await once(child.stdout, 'data');
  return child;
}

describeWith([RABBITMQ], 'the hook for RabbitMQ', () => {
  const running = shared(async (onFinished) => {
    const server = await RabbitMq.start();
    onFinished(() => server.stop());
    return { server, hook: new Hook('rabbitmq', server.adminEnv) };
  });
  const neighbours = shared(async () => {
    const { hook } = running();
    const { AMQP_URL: acme = '' } = await hook.run('create', 'acme');
    const { AMQP_URL: globex = '' } = await hook.run('create', 'globex');
    declare(globex);
    return { acme, globex };
  });
  /** All names that the server knows of users, virtual hosts, rights and limits. */
  const names = async () => {
    const paths = ['users?columns=name', 'vhosts?columns=name', 'permissions?columns=user,vhost', 'vhost-limits'];
    return Promise.all(paths.map(async (path) => (await running().server.get(path)).text()));
  };

  async function tenant(id: string): Promise<string> {
    const { hook } = running();
    const { AMQP_URL = '' } = await hook.run('create', id);
    onTestFinished(async () => void (await hook.run('destroy', id)));
    return AMQP_URL;
  }

  it('makes a virtual host with AMQP_URL, in which the tenant may do all', async () => {
    const url = await tenant('initech');
    expect(url).toMatch(/^amqp:\/\/tenant_initech_a:[0-9a-f]{48}@127\.0\.0\.1:\d+\/tenant_initech$/);
    expect(declare(url)).toBe('jobs');
    expect(publish(url, 'ours')).toBe('');
    expect(get(url)).toBe('ours');
  });

  it('keeps a password that is known, and replaces one whose record was lost', async () => {
    const { hook } = running();
    const url = await tenant('initech');
    expect(await hook.run('create', 'initech', { AMQP_URL: url })).toEqual({ AMQP_URL: url });
    expect(declare(url)).toBe('jobs');
    const { AMQP_URL: renewed = '' } = await hook.run('create', 'initech');
    expect(declare(renewed)).toBe('jobs');
    expect(declare(url)).toMatch(REFUSED);
    const { AMQP_URL: again } = await hook.run('create', 'initech', { AMQP_URL: url });
    expect(again).not.toBe(url);
  });

  it.each([
    ['enter the virtual host of the neighbour', (url: string) => get(changed(url, { pathname: '/tenant_globex' }))],
    ['enter the first virtual host', (url: string) => declare(changed(url, { pathname: '/%2f' }))],
    [
      'log in as the neighbour',
      (url: string) => get(changed(url, { username: 'tenant_globex_a', pathname: '/tenant_globex' })),
    ],
    ['log in as a guest', (url: string) => declare(changed(url, { username: 'guest', password: 'guest' }))],
  ])('a tenant cannot %s', (_title, attempt) => {
    const { acme, globex } = neighbours();
    publish(globex, 'theirs');
    expect(attempt(acme)).toMatch(REFUSED);
    expect(get(globex)).toBe('theirs');
  });

  it.each(['users', 'vhosts', 'queues', 'connections', 'definitions', 'queues/tenant_globex/jobs'])(
    'a tenant is refused by the management API at %s',
    async (path) => {
      const { server } = running();
      expect((await server.get(path, neighbours().acme)).status).toBe(401);
      expect((await server.get(path)).status).toBe(200);
    },
  );

  it('a tenant cannot open more connections than its virtual host may have', async () => {
    const { server } = running();
    const url = await tenant('initech');
    expect(declare(url)).toBe('jobs');
    const strict = new Hook('rabbitmq', { ...server.adminEnv, RABBITMQ_MAX_CONNECTIONS: '0' });
    await strict.run('create', 'initech', { AMQP_URL: url });
    expect(declare(url)).toMatch(/connection limit|NOT_ALLOWED|not_allowed/);
  });

  it('rotates to the other user, and refuses the first one after the next rotation only', async () => {
    const { hook } = running();
    const first = await tenant('initech');
    declare(first);
    const { AMQP_URL: second = '' } = await hook.run('rotate', 'initech', { AMQP_URL: first });
    expect(new URL(second).username).toBe('tenant_initech_b');
    for (const url of [first, second]) expect(publish(url, 'x')).toBe('');
    const { AMQP_URL: third = '' } = await hook.run('rotate', 'initech', { AMQP_URL: second });
    expect(publish(first, 'x')).toMatch(REFUSED);
    for (const url of [second, third]) expect(get(url)).toBe('x');
  });

  it('measures messages, and deletes the rotated user once it is old and unused', async () => {
    const { server, hook } = running();
    const first = await tenant('initech');
    declare(first);
    for (const body of ['a', 'b', 'c']) publish(first, body);
    await expect.poll(() => hook.run('size', 'initech', { AMQP_URL: first })).toEqual({ queueMessages: '3' });

    const known = await hook.run('rotate', 'initech', { AMQP_URL: first });
    await hook.run('size', 'initech', known);
    expect(publish(first, 'x')).toBe('');
    await server.tag('tenant_initech_b', 'since-1000', new URL(known['AMQP_URL'] ?? '').password);
    const still = await consuming(first);
    await expect
      .poll(async () => (await server.get('vhosts/tenant_initech/connections?columns=user')).text())
      .toContain('_a');
    await hook.run('size', 'initech', known);
    expect(publish(first, 'x')).toBe('');
    still.kill();
    await expect
      .poll(async () => {
        await hook.run('size', 'initech', known);
        return publish(first, 'x');
      })
      .toMatch(REFUSED);
    expect(publish(known['AMQP_URL'] ?? '', 'x')).toBe('');
  });

  it('destroys all of a tenant, also what is in use, and again', async () => {
    const { hook } = running();
    const before = await names();
    const { AMQP_URL: url = '' } = await hook.run('create', 'initech');
    await hook.run('rotate', 'initech', { AMQP_URL: url });
    declare(url);
    const inside = await consuming(url);
    const ended = once(inside, 'exit');
    await hook.run('destroy', 'initech');
    await ended;
    expect(await names()).toEqual(before);
    await hook.run('destroy', 'initech');
    expect(await hook.failure('size', 'initech')).toContain('there is no virtual host tenant_initech');
    expect(await hook.failure('rotate', 'initech')).toContain('create makes it');
  });

  it('succeeds when it runs twice at once, and one of the two values works', async () => {
    const { hook } = running();
    onTestFinished(async () => void (await hook.run('destroy', 'initech')));
    const both = await Promise.all([hook.run('create', 'initech'), hook.run('create', 'initech')]);
    expect(both.map(({ AMQP_URL = '' }) => declare(AMQP_URL))).toContain('jobs');
  });

  it('refuses a wrong administrator, and a server where everybody is one', async () => {
    const { server, hook } = running();
    expect(await hook.failure('create', 'initech', { RABBITMQ_PASSWORD: 'wrong "\\' })).toContain('401');
    await server.addGuest();
    expect(await hook.failure('create', 'initech')).toContain('everybody on this machine is an administrator');
  });
});
