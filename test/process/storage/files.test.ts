import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isFile, lookAt, lookAtName } from '../../../src/process/storage/files.ts';
import { makeDir } from '../support.ts';

const isRoot = process.getuid?.() === 0;
const WRAPPER = new URL('../../../src/process/launch/wrapper.ts', import.meta.url).href;

it('a lookup of a path that does not or cannot exist returns nothing', () => {
  const dir = makeDir();
  writeFileSync(join(dir, 'file'), '');
  for (const path of [join(dir, 'none'), join(dir, 'file', 'below'), `${dir}/${'x'.repeat(300)}`])
    expect([lookAt(path), lookAtName(path), isFile(path)]).toEqual([undefined, undefined, false]);
  expect(isFile(join(dir, 'file'))).toBe(true);
});

it.runIf(isRoot)(
  'a directory of PATH that the server may not enter is passed over (bug: EACCES, nothing started)',
  () => {
    const dir = makeDir();
    chmodSync(dir, 0o755);
    mkdirSync(join(dir, 'closed'), { mode: 0o700 });
    writeFileSync(join(dir, 'closed', 'app'), '', { mode: 0o755 });
    const code = `import('${WRAPPER}').then(({ findCommand }) => console.log(findCommand('app', '/', '${dir}/closed:/usr/bin')))`;
    const asOther = ['--reuid=1234', '--regid=1234', '--clear-groups', '--inh-caps=-all', process.execPath, '-e', code];
    const { stdout, stderr } = spawnSync('setpriv', asOther, { encoding: 'utf8' });
    expect([stdout, stderr]).toEqual(['missing\n', '']);
  },
);
