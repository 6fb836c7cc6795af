import { spawnSync } from 'node:child_process';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeDir } from '../support.ts';

const MODULE = new URL('../../../src/process/launch/descriptors.ts', import.meta.url).href;

/** A process that starts with descriptor 40, and starts another that lists its own. */
const MIDDLE = `
  import { spawnSync } from 'node:child_process';
  import { closeInherited, coverInherited } from ${JSON.stringify(MODULE)};
  if (process.argv[1] === 'close') closeInherited();
  const cover = process.argv[1] === 'cover' ? coverInherited().stdio : [];
  const { stdout } = spawnSync('ls', ['-l', '/proc/self/fd'], { stdio: ['ignore', 'pipe', 'pipe', ...cover] });
  console.log(String(stdout));
`;

/** `named`: variables that name the file behind it. */
function targetOf40(mode: string, named: readonly string[] = []): string | undefined {
  const file = join(makeDir(), 'secret');
  writeFileSync(file, 'secret');
  const fd = openSync(file, 'r');
  const stdio = ['ignore', 'pipe', 'inherit', ...Array<'ignore'>(37).fill('ignore'), fd] as const;
  const env = { ...process.env, ...Object.fromEntries(named.map((name) => [name, file])) };
  const args = ['--input-type=module', '-e', MIDDLE, mode];
  const { stdout } = spawnSync(process.execPath, args, { stdio: [...stdio], env });
  closeSync(fd);
  return / 40 -> (.*)/.exec(String(stdout))?.[1];
}

test('a descriptor that this process was started with would reach a child', () => {
  expect(targetOf40('leave')).toMatch(/secret$/);
});

test('a child has /dev/null in place of a covered descriptor', () => {
  expect(targetOf40('cover')).toBe('/dev/null');
});

test('a child does not have a closed descriptor', () => {
  expect(targetOf40('close')).toBeUndefined();
});

test.each(['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'])(
  'a descriptor of %s stays open: Node may be reading it (bug: it aborted)',
  (name) => {
    expect(targetOf40('close', [name])).toMatch(/secret$/);
  },
);
