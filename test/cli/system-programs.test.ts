/** System programs that are missing. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { MAIN } from '../e2e/follower.ts';

const noRoot = process.env['CI'] !== 'true' && process.getuid?.() !== 0;

function configFile(): string {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'tenement.toml');
  writeFileSync(file, `[settings]\nruntime_dir = "${dir}/run"\n[service.app]\ncommand = "/bin/sleep 1000"\n`);
  return file;
}

/** Runs a command in a mount namespace in which a program cannot run. */
function without(program: string, ...args: string[]) {
  const hide =
    'for dir in /usr/bin /bin /usr/sbin /sbin; do mount --bind /dev/null "$dir/$0" 2>/dev/null; done; exec "$@"';
  const words = ['-m', '/bin/sh', '-c', hide, program, process.execPath, MAIN, ...args];
  return spawnSync('unshare', words, { encoding: 'utf8' });
}

it.skipIf(noRoot).each(['check', 'serve'])(
  '%s names the missing program without which nothing starts (needs root)',
  (command) => {
    const { status, stderr } = without('mkfifo', command, '-c', configFile());
    expect([status, stderr]).toEqual([
      1,
      'tenement: mkfifo is not installed: without it no instance can be started, because its output could not be read (host_cannot)\n' +
        'hint: Install it: apt-get install coreutils\n',
    ]);
  },
);

it.skipIf(noRoot)('check warns of a missing program that is optional (needs root)', () => {
  const { status, stdout } = without('ss', 'check', '-c', configFile());
  expect([status, stdout]).toEqual([
    0,
    expect.stringMatching(/^warning: ss is not installed \(apt-get install iproute2\): /m),
  ]);
});

it('programs are found whatever PATH says (bug: reported as an internal error)', async () => {
  const env = { ...process.env, PATH: '/nowhere' };
  const addresses = ['--proxy', '127.0.0.1:0', '--api', '127.0.0.1:0'];
  const server = spawn(process.execPath, [MAIN, 'serve', '-c', configFile(), ...addresses], { env });
  onTestFinished(() => void server.kill('SIGKILL'));
  const ended = once(server, 'exit');
  const said = await Promise.race([once(server.stdout, 'data'), once(server.stderr, 'data')]);
  expect(String(said)).toMatch(/^tenement ready/);
  server.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
});
