import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { skeletonFor } from '../../../src/core/tenants/skeleton.ts';
import { silentLogger } from '../../../src/logger.ts';
import { makeFromSkeleton } from '../../../src/process/storage/new-directory.ts';
import { Trash } from '../../../src/process/storage/trash.ts';

const IS_ROOT = process.getuid?.() === 0;
const OWNER = IS_ROOT ? { uid: 61_003, gid: 61_003 } : null;

/** A data directory, and a template to fill. */
function scene(render: string[] = [], replace: [string, string][] = []) {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  const trash = new Trash({ logger: silentLogger() });
  onTestFinished(async () => {
    await trash.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const template = join(dir, 'skel');
  const dataDir = join(dir, 'data');
  const stateDir = join(dataDir, '.tenement');
  mkdirSync(template);
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const tenantDir = join(dataDir, 'customer1');
  const skeleton = skeletonFor(
    { dir: template, render, replace },
    { id: 'customer1', url: 'http://customer1.localhost' },
  );
  const make = () => makeFromSkeleton(tenantDir, OWNER, skeleton, { dataDir, stateDir, trash });
  return { template, tenantDir, dataDir, make, read: (name: string) => readFileSync(join(tenantDir, name), 'utf8') };
}

it('copies a template whose words are replaced like `sed -i s/example/customer1/g`, in names too', async () => {
  const { template, tenantDir, make, read } = scene([], [['example', '{id}']]);
  writeFileSync(join(template, 'example.json'), '{"db":"max_example","url":"https://example.example.com","a":{}}\n');
  mkdirSync(join(template, 'example-config'));
  writeFileSync(join(template, 'example-config/run.sh'), '#!/bin/sh\necho example {id}\n', { mode: 0o755 });
  symlinkSync('example.json', join(template, 'current-example'));
  writeFileSync(join(template, 'logo.png'), Buffer.from([0x89, 0, 1, ...Buffer.from('example')]));
  await make();
  expect(readdirSync(tenantDir).toSorted()).toEqual([
    'current-customer1',
    'customer1-config',
    'customer1.json',
    'logo.png',
  ]);
  expect(read('customer1.json')).toBe('{"db":"max_customer1","url":"https://customer1.customer1.com","a":{}}\n');
  expect(read('customer1-config/run.sh')).toBe('#!/bin/sh\necho customer1 {id}\n');
  expect(read('current-customer1')).toBe(read('customer1.json'));
  expect(readFileSync(join(tenantDir, 'logo.png')).includes('example')).toBe(true);
  expect(statSync(join(tenantDir, 'customer1-config/run.sh')).mode & 0o777).toBe(0o755);
  expect(statSync(tenantDir).mode & 0o777).toBe(0o700);
});

it('fills in variables in files that are to be rendered, and leaves all other braces and files alone', async () => {
  const { template, make, read } = scene(['*.json', 'conf/*.conf']);
  mkdirSync(join(template, 'conf'));
  for (const name of ['a.json', 'conf/b.conf', 'c.txt'])
    writeFileSync(join(template, name), '{"id":"{id}","u":"{url}","x":{"port":"{port}"}}');
  await make();
  const filled = '{"id":"customer1","u":"http://customer1.localhost","x":{"port":"{port}"}}';
  expect([read('a.json'), read('conf/b.conf')]).toEqual([filled, filled]);
  expect(read('c.txt')).toContain('{id}');
});

it.runIf(IS_ROOT)('gives everything to the tenant, links too', async () => {
  const { template, tenantDir, make } = scene();
  mkdirSync(join(template, 'a'));
  writeFileSync(join(template, 'a/b'), '');
  symlinkSync('a/b', join(template, 'link'));
  await make();
  for (const name of ['.', 'a', 'a/b', 'link']) expect(lstatSync(join(tenantDir, name)).uid).toBe(OWNER?.uid);
});

it.each([
  [
    'a link that leads out',
    (template: string) => symlinkSync('../../etc/shadow', join(template, 'x')),
    /a link leads out/,
  ],
  ['an absolute link', (template: string) => symlinkSync('/etc/shadow', join(template, 'x')), /a link leads out/],
  ['a FIFO', (template: string) => execFileSync('mkfifo', [join(template, 'x')]), /a device, a socket or a FIFO/],
  [
    'a name that would leave it',
    (template: string) => writeFileSync(join(template, 'up'), ''),
    /would name "up" "\.\."/,
  ],
])('%s in a template makes no directory', async (_title, add, message) => {
  const { template, tenantDir, make } = scene([], [['up', '..']]);
  writeFileSync(join(template, 'before'), '');
  add(template);
  await expect(make()).rejects.toThrow(message);
  expect(existsSync(tenantDir)).toBe(false);
});

it('begins an interrupted copy anew', async () => {
  const { template, dataDir, tenantDir, make } = scene();
  writeFileSync(join(template, 'whole'), 'whole');
  mkdirSync(join(dataDir, '.tenement-new/customer1'), { recursive: true, mode: 0o700 });
  writeFileSync(join(dataDir, '.tenement-new/customer1/half'), 'ha');
  await make();
  expect(readdirSync(tenantDir)).toEqual(['whole']);
});

it('never touches a directory that exists', async () => {
  const { template, tenantDir, make } = scene();
  writeFileSync(join(template, 'new'), '');
  mkdirSync(tenantDir);
  await make();
  expect(readdirSync(tenantDir)).toEqual([]);
});
