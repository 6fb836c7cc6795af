import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { chooseRuntimeDir, noteRuntimeDir } from '../../src/config/runtime-dir.ts';

function chooser(): { stateDir: string; choose: (change?: Partial<Parameters<typeof chooseRuntimeDir>[0]>) => string } {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const stateDir = join(dir, 'data/.tenement');
  mkdirSync(stateDir, { recursive: true });
  const options = { configured: undefined, configDir: '/etc', stateDir, env: {}, uid: 0, own: false };
  return { stateDir, choose: (change) => chooseRuntimeDir({ ...options, ...change }).runtimeDir };
}

it('a server reuses its own runtime directory only after recording it', () => {
  const { stateDir, choose } = chooser();
  const own = choose({ own: true });
  expect(own).toMatch(/^\/run\/tenement-[0-9a-f]{8}$/);
  expect(choose()).toBe('/run/tenement');
  noteRuntimeDir({ stateDir, runtimeDir: own });
  expect(choose()).toBe(own);
});

it('a record does not apply to another environment, a set runtime_dir, or a copy of the state directory', () => {
  const { stateDir, choose } = chooser();
  noteRuntimeDir({ stateDir, runtimeDir: choose({ own: true }) });
  expect(choose({ env: { XDG_RUNTIME_DIR: '/run/user/0' } })).toBe('/run/user/0/tenement');
  expect(choose({ configured: 'run' })).toBe('/etc/run');
  const copy = `${stateDir}-copy`;
  cpSync(stateDir, copy, { recursive: true });
  expect(choose({ stateDir: copy })).toBe('/run/tenement');
  expect(choose({ stateDir: copy, own: true })).not.toBe(choose());
});

it('a directory in the state directory belongs to no other server', () => {
  const { stateDir, choose } = chooser();
  expect(choose({ uid: 1000, own: true })).toBe(join(stateDir, 'run'));
});
