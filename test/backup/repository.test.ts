import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Repository } from '../../src/backup/repository.ts';
import { resticFailure } from '../../src/backup/restic-failure.ts';
import { NEVER, skipsRestic, testRepository } from './support.ts';

async function* bytes(...chunks: string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

async function* failing(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('the beginning of it');
  throw new Error('the tenant vanished');
}

const complete = async () => {};
const MAKES = { isKnown: false, makes: true };
const KNOWN = { isKnown: true, makes: true };

async function save(repository: Repository, tenantId: string, text: string) {
  return repository.save(tenantId, { stream: bytes(text), complete, signal: NEVER });
}

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe.skipIf(skipsRestic)('a repository of backups (apt-get install restic)', () => {
  test('a stream that is saved is loaded as it was, and only its own server and tenant have it', async () => {
    const { repository, as } = testRepository();
    expect(await repository.open(MAKES, NEVER)).toMatchObject({ isNew: true });
    const { id, bytes: size } = await save(repository, 'acme', 'all of it');
    await save(as({ name: 'server-2' }), 'globex', 'another');
    const [saved, ...others] = await repository.list(NEVER, 'acme');
    expect(others).toEqual([]);
    expect(saved).toMatchObject({ tenantId: 'acme', server: 'server-1' });
    expect(saved?.id.startsWith(id)).toBe(true);
    expect(size).toBe('all of it'.length);
    expect(await textOf(await repository.load(saved ?? { id, tenantId: 'acme' }, NEVER))).toBe('all of it');
    expect((await repository.list(NEVER)).map(({ tenantId, server }) => `${tenantId} ${server}`)).toEqual([
      'acme server-1',
      'globex server-2',
    ]);
  });

  test('a stream that fails, or turns out to be incomplete, leaves no backup', async () => {
    const { repository } = testRepository();
    await repository.open(MAKES, NEVER);
    const broken = repository.save('acme', { stream: failing(), complete, signal: NEVER });
    await expect(broken).rejects.toThrow('the tenant vanished');
    const incomplete = async () => Promise.reject(new Error('its end is missing'));
    const cut = repository.save('acme', { stream: bytes('some'), complete: incomplete, signal: NEVER });
    await expect(cut).rejects.toThrow('its end is missing');
    expect(await repository.list(NEVER)).toEqual([]);
  });

  test('a cancelled backup ends at once and leaves none, and the next one is not in its way', async () => {
    const { repository } = testRepository();
    await repository.open(MAKES, NEVER);
    const stop = new AbortController();
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (let chunks = 0; ; chunks += 1) {
        yield Buffer.alloc(65_536, chunks);
        if (chunks === 40) stop.abort(new Error('cancelled'));
      }
    }
    const cancelled = repository.save('acme', { stream: endless(), complete, signal: stop.signal });
    await expect(cancelled).rejects.toThrow('cancelled');
    await save(repository, 'acme', 'whole');
    await repository.patiently(NEVER, () => repository.forget({ last: 5 }, NEVER));
    expect(await repository.list(NEVER)).toHaveLength(1);
  });

  test('a server that is killed in the midst leaves no backup, and its lock does not stay', async () => {
    const { repository, config, cacheDir, restic, dir } = testRepository();
    await repository.open(MAKES, NEVER);
    const program = join(dir, 'server.ts');
    const source = new URL('../../src/backup/repository.ts', import.meta.url).pathname;
    writeFileSync(
      program,
      `import { Repository } from ${JSON.stringify(source)};
       const repository = new Repository({ config: ${JSON.stringify(config)}, cacheDir: ${JSON.stringify(cacheDir)}, env: process.env });
       async function* endless() {
         for (let chunks = 0; ; chunks += 1) {
           const chunk = Buffer.alloc(1048576);
           for (let at = 0; at < chunk.length; at += 4) chunk.writeUInt32LE(Math.floor(Math.random() * 4294967295), at);
           yield chunk;
           if (chunks === 30) console.log('in the midst');
         }
       }
       await repository.save('acme', { stream: endless(), complete: async () => {}, signal: new AbortController().signal });`,
    );
    const server = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(server.stdout, 'data');
    const locks = () => readdirSync(join(config.repository, 'locks'));
    expect(locks()).toHaveLength(1);
    server.kill('SIGKILL');
    await once(server, 'exit');
    await save(repository, 'acme', 'whole');
    await repository.patiently(NEVER, () => repository.forget({ last: 5 }, NEVER));
    expect(locks()).toEqual([]);
    expect(await repository.list(NEVER)).toHaveLength(1);
    restic('check');
  });

  test('old backups of each tenant go by themselves, and those of others stay', async () => {
    const { repository, as, restic, config } = testRepository();
    await repository.open(MAKES, NEVER);
    for (const text of ['one', 'two', 'three']) await save(repository, 'acme', text);
    await save(repository, 'globex', 'only');
    await save(as({ name: 'server-2' }), 'acme', 'of another server');
    restic('backup', '--host', 'server-1', '--tag', 'by-hand', config.passwordFile);
    await repository.forget({ last: 2 }, NEVER);
    const left = (await repository.list(NEVER)).map(({ tenantId, server }) => `${tenantId} ${server}`);
    expect(left).toEqual(['acme server-1', 'acme server-1', 'globex server-1', 'acme server-2']);
    expect(JSON.parse(restic('snapshots', '--json', '--tag', 'by-hand'))).toHaveLength(1);
  });

  test('a repository that was there before is not made again', async () => {
    const { repository, config } = testRepository();
    await repository.open(MAKES, NEVER);
    renameSync(config.repository, `${config.repository}.away`);
    await expect(repository.open(KNOWN, NEVER)).rejects.toMatchObject({
      code: 'repository_failed',
      message: `there is no repository at ${config.repository}`,
    });
    expect(existsSync(config.repository)).toBe(false);
  });

  test('what is wrong with a repository is told in a sentence', async () => {
    const { repository, as, dir, config } = testRepository();
    await repository.open(MAKES, NEVER);
    const wrong = join(dir, 'wrong');
    writeFileSync(wrong, 'another password', { mode: 0o600 });
    await expect(as({ passwordFile: wrong }).open(KNOWN, NEVER)).rejects.toThrow(
      `the password in ${wrong} does not open the repository ${config.repository}`,
    );
    await expect(as({ passwordFile: join(dir, 'none') }).open(KNOWN, NEVER)).rejects.toThrow(
      `the password file ${join(dir, 'none')} cannot be read`,
    );
    await expect(as({}, { program: () => null }).open(KNOWN, NEVER)).rejects.toThrow('restic is not installed');
    const away = as({ repository: 'rest:http://user:hunter2@127.0.0.1:1/' }).open(MAKES, NEVER);
    await expect(away).rejects.toMatchObject({
      message: expect.stringMatching(
        /^the repository rest:http:\/\/127\.0\.0\.1:1\/ cannot be used: .*connection refused/,
      ),
    });
    await expect(away).rejects.not.toMatchObject({ message: expect.stringContaining('hunter2') });
  });

  test('work waits for another restic, and says who it is when that takes too long', async () => {
    const { repository, as, restic } = testRepository();
    await repository.open(MAKES, NEVER);
    await save(repository, 'acme', 'one');
    const other = spawn('sleep', ['1000']);
    const { pid = 0 } = other;
    try {
      let tries = 0;
      const patient = as({}, { lockPatience: { forMs: 60_000, againMs: 1 } });
      const { config } = testRepository();
      const locked = resticFailure(
        `unable to create lock in backend: repository is already locked exclusively by PID ${pid} on ${hostname()} by root`,
        config,
      );
      const done = patient.patiently(NEVER, async () => {
        tries += 1;
        if (tries < 3) throw locked;
        return 'done';
      });
      expect(await done).toBe('done');
      const impatient = as({}, { lockPatience: { forMs: -1, againMs: 1 } });
      await expect(impatient.patiently(NEVER, () => Promise.reject(locked))).rejects.toThrow(
        `is locked by process ${pid} on ${hostname()}`,
      );
    } finally {
      other.kill();
    }
    restic('check');
  });

  test('no secret is on a command line', async () => {
    const { repository } = testRepository();
    await repository.open(MAKES, NEVER);
    const seen: string[] = [];
    async function* looking(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('a');
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
        try {
          seen.push(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '));
        } catch {
          // It has ended.
        }
      }
      yield Buffer.from('b');
    }
    await repository.save('acme', { stream: looking(), complete, signal: NEVER });
    const ours = seen.filter((line) => line.includes('restic backup'));
    expect(ours.length).toBeGreaterThan(0);
    expect(ours.join()).not.toContain('a password');
  });
});
