/** The hook for Redis, with a real server. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { describeWith, REDIS } from '../../../databases/programs.ts';
import { Redis } from '../../../databases/redis.ts';
import { shared } from '../../support.ts';
import { Hook } from './hook.ts';

/** Commands without keys that are harmless: about the connection, its transaction, or the server as a whole. */
const WITHOUT_KEYS = [
  ...['asking', 'auth', 'echo', 'hello', 'ping', 'quit', 'readonly', 'readwrite', 'reset', 'select', 'wait', 'info'],
  ...['client|caching', 'client|getname', 'client|getredir', 'client|help', 'client|id', 'client|info'],
  ...['client|no-touch', 'client|reply', 'client|setinfo', 'client|setname', 'client|trackinginfo'],
  ...['command', 'command|count', 'command|docs', 'command|getkeys', 'command|getkeysandflags', 'command|help'],
  ...['command|info', 'command|list', 'object|help', 'xgroup|help', 'xinfo|help'],
  ...['discard', 'exec', 'multi', 'unwatch', 'punsubscribe', 'unsubscribe', 'script|exists', 'script|load'],
];

const NOPERM = /^(NOPERM|ERR .*can't (access at least one of the keys|run this command))/;

describeWith([REDIS], 'the hook for Redis', () => {
  const running = shared(async (onFinished) => {
    const server = await Redis.start();
    onFinished(() => server.stop());
    return { server, hook: new Hook('redis', server.adminEnv) };
  });
  const neighbours = shared(async () => {
    const { server, hook } = running();
    const { REDIS_URL: acme = '' } = await hook.run('create', 'acme');
    const { REDIS_URL: globex = '' } = await hook.run('create', 'globex');
    server.as(globex, 'SET', 'tenant:globex:session', 'theirs');
    server.as(acme, 'SET', 'tenant:acme:session', 'ours');
    return { acme, globex };
  });

  async function tenant(id: string): Promise<string> {
    const { hook } = running();
    const { REDIS_URL = '' } = await hook.run('create', id);
    onTestFinished(async () => void (await hook.run('destroy', id)));
    return REDIS_URL;
  }

  it('makes a user with REDIS_URL and REDIS_PREFIX, which stores, subscribes and runs scripts below its prefix', async () => {
    const { server, hook } = running();
    const { REDIS_URL: url = '', REDIS_PREFIX: prefix } = await hook.run('create', 'initech');
    onTestFinished(async () => void (await hook.run('destroy', 'initech')));
    expect(url).toMatch(new RegExp(`^redis://tenant_initech:[0-9a-f]{48}@127\\.0\\.0\\.1:${server.port}$`));
    expect(prefix).toBe('tenant:initech:');
    expect(server.as(url, 'SET', `${prefix}a`, '1')).toBe('OK');
    expect(server.as(url, 'EVAL', "return redis.call('INCR', KEYS[1])", '1', `${prefix}a`)).toBe('2');
    expect(server.as(url, 'PUBLISH', `${prefix}news`, 'x')).toBe('0');
    expect(server.as(url, 'XADD', `${prefix}stream`, '1-1', 'a', 'b')).toBe('1-1');
    expect(server.as(url, 'INFO', 'server')).toContain('redis_version');
  });

  it('keeps a password that is known, and replaces one whose record was lost', async () => {
    const { server, hook } = running();
    const url = await tenant('initech');
    expect(await hook.run('create', 'initech', { REDIS_URL: url })).toMatchObject({ REDIS_URL: url });
    const { REDIS_URL: renewed = '' } = await hook.run('create', 'initech');
    expect(server.as(renewed, 'PING')).toBe('PONG');
    expect(server.as(url, 'PING')).toContain('NOAUTH');
  });

  it.each([
    ['read a key of the neighbour', ['GET', 'tenant:globex:session']],
    ['write a key of the neighbour', ['SET', 'tenant:globex:session', 'x']],
    ['delete a key of the neighbour', ['DEL', 'tenant:globex:session']],
    ['ask about a key of the neighbour', ['OBJECT', 'ENCODING', 'tenant:globex:session']],
    ['copy a key of the neighbour', ['COPY', 'tenant:globex:session', 'tenant:acme:copy']],
    ['move its key to the neighbour', ['RENAME', 'tenant:acme:session', 'tenant:globex:session']],
    ['use a key outside of all prefixes', ['SET', 'session', 'x']],
    ['read in a script', ['EVAL', "return redis.call('GET', 'tenant:globex:session')", '0']],
    ['sort by keys of the neighbour', ['SORT', 'tenant:acme:list', 'BY', 'tenant:globex:*', 'GET', 'tenant:globex:*']],
    ['listen to the neighbour', ['SUBSCRIBE', 'tenant:globex:news']],
    ['listen to everybody', ['PSUBSCRIBE', '*']],
    ['listen to what happens to keys', ['SUBSCRIBE', '__keyevent@0__:set']],
    ['speak to the neighbour', ['PUBLISH', 'tenant:globex:news', 'x']],
    ['list keys', ['KEYS', '*']],
    ['list keys bit by bit', ['SCAN', '0']],
    ['list keys in a script', ['EVAL', "return redis.call('SCAN', '0')", '0']],
    ['draw a key', ['RANDOMKEY']],
    ['count keys', ['DBSIZE']],
    ['list channels', ['PUBSUB', 'CHANNELS']],
    ['be told of every change', ['CLIENT', 'TRACKING', 'ON', 'BCAST']],
    ['watch commands', ['MONITOR']],
    ['list connections', ['CLIENT', 'LIST']],
    ['end connections', ['CLIENT', 'KILL', 'USER', 'tenant_globex']],
    ['delete all keys', ['FLUSHALL']],
    ['swap databases', ['SWAPDB', '0', '1']],
    ['read the configuration', ['CONFIG', 'GET', '*']],
    ['list users', ['ACL', 'LIST']],
    ['give itself more', ['ACL', 'SETUSER', 'tenant_acme', 'allkeys']],
    ['plant a function', ['FUNCTION', 'LOAD', '#!lua name=x\nredis.register_function("f", function() end)']],
    ['forget scripts', ['SCRIPT', 'FLUSH']],
    ['end scripts', ['SCRIPT', 'KILL']],
    ['send keys away', ['MIGRATE', '127.0.0.1', '1', 'tenant:acme:session', '0', '1']],
    ['replicate elsewhere', ['REPLICAOF', 'NO', 'ONE']],
    ['read slow commands', ['SLOWLOG', 'GET']],
    ['end the server', ['SHUTDOWN']],
    ['stop all connections', ['CLIENT', 'PAUSE', '1000']],
  ])('a tenant cannot %s', (_title, words) => {
    const { server } = running();
    const { acme, globex } = neighbours();
    expect(server.as(acme, ...words)).toMatch(NOPERM);
    expect(server.as(globex, 'GET', 'tenant:globex:session')).toBe('theirs');
  });

  it('a tenant cannot run a command without keys, but for those that tell and change nothing of others', async () => {
    const { server } = running();
    neighbours();
    const commands = JSON.parse(server.command('--json', 'COMMAND')) as unknown[][];
    const all = commands.flatMap((command) => [command, ...(command[9] as unknown[][])]);
    const keyless = all.filter((command) => (command[8] as unknown[]).length === 0);
    const allowed = keyless.filter(([name, arity]) => {
      const words = String(name).split('|');
      const args = Array<string>(Math.abs(Number(arity)) - words.length).fill('x');
      return server.command('ACL', 'DRYRUN', 'tenant_acme', ...words, ...args).trim() === 'OK';
    });
    const names = allowed.map(([name]) => String(name));
    expect(names).toContain('ping');
    expect(names.filter((name) => !WITHOUT_KEYS.includes(name))).toEqual([]);
  });

  it('rotates to a second password, and refuses the first one after the next rotation', async () => {
    const { server, hook } = running();
    const first = await tenant('initech');
    const { REDIS_URL: second = '' } = await hook.run('rotate', 'initech', { REDIS_URL: first });
    for (const url of [first, second]) expect(server.as(url, 'PING')).toBe('PONG');
    const { REDIS_URL: third = '' } = await hook.run('rotate', 'initech', { REDIS_URL: second });
    expect(server.as(first, 'PING')).toContain('NOAUTH');
    for (const url of [second, third]) expect(server.as(url, 'PING')).toBe('PONG');
  });

  it('measures keys in every database, and refuses a rotated password once it is old', async () => {
    const { server, hook } = running();
    const first = await tenant('initech');
    for (let index = 0; index < 30; index += 1) {
      server.as(first, '-n', String(index % 3), 'SET', `tenant:initech:${index}`, '1');
    }
    const known = await hook.run('rotate', 'initech', { REDIS_URL: first });
    expect(await hook.run('size', 'initech', known)).toEqual({ redisKeys: '30' });
    expect(server.as(first, 'PING')).toBe('PONG');
    server.command('DEL', 'tenement:rotated:initech');
    await hook.run('size', 'initech', known);
    expect(server.as(first, 'PING')).toContain('NOAUTH');
    expect(server.as(known['REDIS_URL'] ?? '', 'PING')).toBe('PONG');
  });

  it('destroys the user, its connections and its keys, whatever they are called, and nothing else', async () => {
    const { server, hook } = running();
    const { REDIS_URL: url = '' } = await hook.run('create', 'initech');
    await hook.run('rotate', 'initech', { REDIS_URL: url });
    const near = await tenant('initech-2');
    server.as(near, 'SET', 'tenant:initech-2:a', 'near');
    const hostile = ['\nFLUSHALL\n', '" x', "'; redis.call('FLUSHALL') --", '*', 'ü'];
    const script = "for i = 1, 3000 do redis.call('SET', 'tenant:initech:' .. ARGV[1] .. i, 1) end";
    for (const [index, name] of hostile.entries()) server.as(url, '-n', String(index), 'EVAL', script, '0', name);
    const exited = once(subscribed(server, url), 'exit');
    await expect.poll(() => server.command('PUBSUB', 'NUMSUB', 'tenant:initech:news')).toContain('\n1');
    await hook.run('destroy', 'initech');
    await exited;
    expect(server.command('ACL', 'LIST')).not.toMatch(/tenant_initech /);
    expect(server.writtenUsers).not.toMatch(/tenant_initech /);
    const left = hostile.map((_name, index) => server.command('-n', String(index), 'KEYS', 'tenant:initech:*').trim());
    expect(left.join('')).toBe('');
    expect(server.as(near, 'GET', 'tenant:initech-2:a')).toBe('near');
    await hook.run('destroy', 'initech');
    expect(await hook.failure('rotate', 'initech')).toContain('create makes it');
  });

  it('succeeds when it runs twice at once, and one of the two values works', async () => {
    const { server, hook } = running();
    onTestFinished(async () => void (await hook.run('destroy', 'initech')));
    const both = await Promise.all([hook.run('create', 'initech'), hook.run('create', 'initech')]);
    expect(both.map(({ REDIS_URL = '' }) => server.as(REDIS_URL, 'PING'))).toContain('PONG');
  });

  it('adds the rules of the administrator', async () => {
    const { server, hook } = running();
    const url = await tenant('initech');
    const strict = new Hook('redis', { ...server.adminEnv, REDIS_RULES: '-@scripting -info' });
    await strict.run('create', 'initech', { REDIS_URL: url });
    expect(server.as(url, 'EVAL', 'return 1', '0')).toMatch(NOPERM);
    expect(server.as(url, 'INFO')).toMatch(NOPERM);
    await hook.run('create', 'initech', { REDIS_URL: url });
    expect(server.as(url, 'EVAL', 'return 1', '0')).toBe('1');
  });

  it('writes users down in redis.conf when there is no file of users', async () => {
    const server = await Redis.start(['requirepass administrator']);
    onTestFinished(() => server.stop());
    await new Hook('redis', server.adminEnv).run('create', 'acme');
    expect(server.configuration).toMatch(/^user tenant_acme /m);
  });

  it('refuses a server whose users are lost when it restarts, unless that is accepted', async () => {
    const server = await Redis.start(['requirepass administrator'], 'no file');
    onTestFinished(() => server.stop());
    const hook = new Hook('redis', server.adminEnv);
    expect(await hook.failure('create', 'acme')).toContain('set aclfile in redis.conf');
    await new Hook('redis', { ...server.adminEnv, REDIS_VOLATILE: '1' }).run('create', 'acme');
  });

  it('refuses a server that asks for no password, and a wrong password of the administrator', async () => {
    const { hook } = running();
    expect(await hook.failure('create', 'acme', { REDISCLI_AUTH: 'wrong' })).toContain('WRONGPASS');
    const server = await Redis.start([]);
    onTestFinished(() => server.stop());
    const { REDISCLI_AUTH: _password, ...place } = server.adminEnv;
    expect(await new Hook('redis', place).failure('create', 'acme')).toContain('every tenant is an administrator');
  });
});

function subscribed(server: Redis, url: string): ChildProcess {
  const { username, password } = new URL(url);
  const args = ['--no-auth-warning', '-p', String(server.port), '--user', username, 'SUBSCRIBE', 'tenant:initech:news'];
  const child = spawn('redis-cli', args, {
    env: { ...process.env, REDISCLI_AUTH: password },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void child.kill());
  return child;
}
