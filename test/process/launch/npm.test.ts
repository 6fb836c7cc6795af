import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { withoutNpm } from '../../../src/process/launch/npm.ts';

const NPM_DIRS = ['/app/node_modules/.bin', '/node_modules/.bin', '/usr/lib/node_modules/npm/bin/node-gyp-bin'];

test("entries that npm put before the user's PATH are left out", () => {
  const env = { PATH: [...NPM_DIRS, '/opt/node/bin', '/usr/bin'].join(':'), npm_command: 'exec', LANG: 'C' };
  expect(withoutNpm(env)).toEqual({ ...env, PATH: '/opt/node/bin:/usr/bin' });
});

test("directories of packages further back in the user's PATH stay", () => {
  const path = `/usr/bin:${NPM_DIRS.join(':')}`;
  expect(withoutNpm({ PATH: path, npm_lifecycle_event: 'start' })).toMatchObject({ PATH: path });
});

test('PATH stays unchanged without npm, and if it has nothing but such directories', () => {
  const path = NPM_DIRS.join(':');
  expect(withoutNpm({ PATH: `${path}:/usr/bin` })).toEqual({ PATH: `${path}:/usr/bin` });
  expect(withoutNpm({ PATH: path, npm_command: 'exec' })).toMatchObject({ PATH: path });
});

const MODULE = fileURLToPath(new URL('../../../src/process/launch/npm.ts', import.meta.url));

/** A process below two shells, as under npm; it prints `watching`, then `gone`. */
async function begin() {
  const code = `const { watchNpm } = await import('${MODULE}');
    watchNpm(process.env, () => { console.log('gone'); process.exit(); });
    console.log('watching', process.pid);
    setInterval(() => {}, 1000);`;
  const inner = `${process.execPath} --input-type=module -e "$CODE"; true`;
  const npm = spawn('/bin/sh', ['-c', `npm_command=exec sh -c '${inner}'; true`], {
    env: { PATH: process.env['PATH'], CODE: code },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  npm.stdout.on('data', (chunk) => {
    said += chunk;
  });
  await expect.poll(() => said).toContain('watching');
  return { npm, said: () => said };
}

test('the death of npm is noticed behind a shell that lives on', async () => {
  const { npm, said } = await begin();
  npm.kill('SIGKILL');
  await once(npm.stdout, 'close');
  expect(said()).toContain('gone');
});
