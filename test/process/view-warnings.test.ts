import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { ServiceConfig } from '../../src/core/service.ts';
import { viewWarnings } from '../../src/process/view-warnings.ts';

function makeDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function warnings(file: string, change: Partial<ServiceConfig>): string[] {
  const service = {
    name: 'app',
    isolation: 'namespace',
    user: 'dynamic',
    workdir: '/srv',
    command: ['node'],
    readOnlyPaths: null,
    readWritePaths: [],
    sockets: [],
  };
  return viewWarnings({ file, services: new Map([['app', { ...service, ...change } as ServiceConfig]]) });
}

it('tells of a file that tenants see without its neighbours', () => {
  const dir = makeDir();
  const app = join(dir, 'app.mjs');
  writeFileSync(app, '');
  const file = '/etc/tenement.toml';
  expect(warnings(file, { command: ['node', app] })).toEqual([expect.stringMatching(`${dir}.*set workdir`)]);
  expect(warnings(file, { command: ['node', app], workdir: dir })).toEqual([]);
  expect(warnings(file, { command: ['node', app], isolation: 'process' })).toEqual([]);
  expect(warnings(file, { command: ['node', join(dir, 'no.pid'), dir] })).toEqual([]);
});

it('tells of what is named and not there, or closed to tenants', () => {
  const dir = makeDir();
  const file = '/etc/tenement.toml';
  const no = join(dir, 'no');
  chmodSync(dir, 0o755);
  expect(warnings(file, { readWritePaths: [dir, no], sockets: [no, dir], readOnlyPaths: [no, '/{id}'] })).toEqual([
    expect.stringMatching(/read_only_paths: .*no is not there: tenants do without/),
    expect.stringMatching(/read_write_paths: .*may not write in .*0755/),
    expect.stringMatching(/read_write_paths: .*no tenant starts/),
    expect.stringMatching(/sockets: .*no tenant starts/),
  ]);
  chmodSync(dir, 0o1777);
  expect(warnings(file, { readWritePaths: [dir] })).toEqual([]);
});

it('tells of a config in the workdir that its successor would leave readable', () => {
  const dir = makeDir();
  const [file, link] = [join(dir, 't.toml'), join(makeDir(), 'tenement.toml')];
  writeFileSync(file, '', { mode: 0o644 });
  symlinkSync(file, link);
  expect(warnings(link, { workdir: dir })).toEqual([expect.stringMatching(`chmod 600 ${file}`)]);
  chmodSync(file, 0o600);
  expect(warnings(link, { workdir: dir })).toEqual([]);
  expect(warnings(link, { workdir: dir, user: null })).toEqual([expect.stringMatching(/keep it elsewhere/)]);
});
