import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { ServiceConfig } from '../../../src/core/service/service.ts';
import { viewWarnings } from '../../../src/process/isolation/view-warnings.ts';

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
    env: {},
  };
  return viewWarnings({ file, services: new Map([['app', { ...service, ...change } as ServiceConfig]]) });
}

it('a warning names a file that tenants see without its neighbours', () => {
  const dir = makeDir();
  const app = join(dir, 'app.mjs');
  writeFileSync(app, '');
  const file = '/etc/tenement.toml';
  expect(warnings(file, { command: ['node', app] })).toEqual([expect.stringMatching(`${dir}.*set workdir`)]);
  expect(warnings(file, { command: ['node', app], workdir: dir })).toEqual([]);
  expect(warnings(file, { command: ['node', app], isolation: 'process' })).toEqual([]);
  expect(warnings(file, { command: ['node', join(dir, 'no.pid'), dir] })).toEqual([]);
});

it("a warning names a program that tenants' users cannot reach (bug: check was ok, no tenant started)", () => {
  const dir = makeDir();
  const [closed, open] = [join(dir, 'closed'), join(dir, 'open')];
  chmodSync(dir, 0o711);
  mkdirSync(closed, { mode: 0o700 });
  mkdirSync(open, { mode: 0o755 });
  for (const at of [closed, open]) writeFileSync(join(at, 'app'), '#!/bin/sh\n', { mode: 0o755 });
  const path = (...dirs: string[]) => ({ env: { PATH: dirs.join(':') } });
  const told = [expect.stringMatching(`service.app.command: .*may not enter ${closed}, on the way to ${closed}/app`)];
  const file = '/etc/tenement.toml';
  for (const isolation of ['process', 'namespace'] as const) {
    expect(warnings(file, { isolation, command: [join(closed, 'app')] })).toEqual(told);
    expect(warnings(file, { isolation, command: ['app'], ...path(closed) })).toEqual(told);
    expect(warnings(file, { isolation, command: ['app'], ...path(open, closed) })).toEqual([]);
  }
  expect(warnings(file, { command: ['app'], ...path(closed, open) })).toEqual([]);
  writeFileSync(join(closed, 'binary'), '\x7fELF', { mode: 0o755 });
  expect(warnings(file, { isolation: 'process', command: [join(closed, 'binary')] })).toEqual([]);
  expect(warnings(file, { user: 'root', command: [join(closed, 'app')] })).toEqual([]);
  expect(warnings(file, { isolation: 'sandbox', command: [join(closed, 'app')] })).toEqual([]);
  symlinkSync(join(closed, 'app'), join(open, 'link'));
  expect(warnings(file, { command: [join(open, 'link')] })).toHaveLength(1);
});

it('a warning names configured paths that are missing, or closed to tenants', () => {
  const dir = makeDir();
  const file = '/etc/tenement.toml';
  const no = join(dir, 'no');
  chmodSync(dir, 0o755);
  expect(warnings(file, { readWritePaths: [dir, no], sockets: [no, dir], readOnlyPaths: [no, '/{id}'] })).toEqual([
    expect.stringMatching(/read_only_paths: .*no does not exist: tenants do without/),
    expect.stringMatching(/read_write_paths: .*may not write in .*0755/),
    expect.stringMatching(/read_write_paths: .*no tenant starts/),
    expect.stringMatching(/sockets: .*no tenant starts/),
  ]);
  chmodSync(dir, 0o1777);
  expect(warnings(file, { readWritePaths: [dir] })).toEqual([]);
});

it('a warning names a config in the workdir whose replacement would be readable', () => {
  const dir = makeDir();
  const [file, link] = [join(dir, 't.toml'), join(makeDir(), 'tenement.toml')];
  writeFileSync(file, '', { mode: 0o644 });
  symlinkSync(file, link);
  expect(warnings(link, { workdir: dir })).toEqual([expect.stringMatching(`chmod 600 ${file}`)]);
  chmodSync(file, 0o600);
  expect(warnings(link, { workdir: dir })).toEqual([]);
  expect(warnings(link, { workdir: dir, user: null })).toEqual([expect.stringMatching(/keep it elsewhere/)]);
});
