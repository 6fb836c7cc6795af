import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findControlSocket, tellControlSocket } from '../../src/config/control-socket.ts';
import { loadConfig } from '../../src/config/load.ts';

function makeConfig(): { dir: string; file: string } {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'tenement.toml');
  writeFileSync(file, '[settings]\nruntime_dir = "run"\n[service.api]\ncommand = "x"\n');
  return { dir, file };
}

test("a config's control socket is in its state directory", () => {
  const { dir, file } = makeConfig();
  tellControlSocket(loadConfig(file));
  expect(findControlSocket(file)).toBe(join(dir, 'data/.tenement/control.sock'));
});

test('a server with another data directory is found by its config while it runs', () => {
  const { dir, file } = makeConfig();
  const forget = tellControlSocket(loadConfig(file, { dataDir: join(dir, 'other') }));
  expect(findControlSocket(file)).toBe(join(dir, 'other/.tenement/control.sock'));
  forget();
  expect(findControlSocket(file)).toBe(join(dir, 'data/.tenement/control.sock'));
});

test('what a killed server left is replaced by the next', () => {
  const { dir, file } = makeConfig();
  tellControlSocket(loadConfig(file, { dataDir: join(dir, 'other') }));
  tellControlSocket(loadConfig(file, { dataDir: join(dir, 'third') }));
  expect(findControlSocket(file)).toBe(join(dir, 'third/.tenement/control.sock'));
  tellControlSocket(loadConfig(file));
  expect(findControlSocket(file)).toBe(join(dir, 'data/.tenement/control.sock'));
});
