import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findControlSocket, tellControlSocket } from '../../src/config/control-socket.ts';
import { loadConfig } from '../../src/config/load.ts';

function makeConfig() {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'tenement.toml');
  writeFileSync(file, '[service.api]\ncommand = "x"\n');
  return { dir, file, env: { XDG_RUNTIME_DIR: join(dir, 'run') } };
}

/** The control socket of a server with that data directory. */
function serve(file: string, env: NodeJS.ProcessEnv, dataDir: string): { socket: string; forget(): void } {
  const config = loadConfig(file, { dataDir });
  const socket = join(config.settings.stateDir, 'control.sock');
  mkdirSync(dirname(socket), { recursive: true });
  writeFileSync(socket, '');
  return { socket, forget: tellControlSocket(config, env) };
}

test("a config's control socket is in its state directory", async () => {
  const { dir, file, env } = makeConfig();
  expect(await findControlSocket(file, env)).toBe(join(dir, 'data/.tenement/control.sock'));
});

test('a server with another data directory is found by its config while it runs', async () => {
  const { dir, file, env } = makeConfig();
  const { socket, forget } = serve(file, env, join(dir, 'other'));
  expect(await findControlSocket(file, env)).toBe(socket);
  forget();
  expect(await findControlSocket(file, env)).toBe(join(dir, 'data/.tenement/control.sock'));
});

test('the next server replaces the note of a killed one, and clients ignore a note whose socket is gone', async () => {
  const { dir, file, env } = makeConfig();
  serve(file, env, join(dir, 'other'));
  const { socket } = serve(file, env, join(dir, 'third'));
  expect(await findControlSocket(file, env)).toBe(socket);
  rmSync(socket);
  expect(await findControlSocket(file, env)).toBe(join(dir, 'data/.tenement/control.sock'));
});

test('a running server is found while its config is broken', async () => {
  const { dir, file, env } = makeConfig();
  const { socket } = serve(file, env, join(dir, 'data'));
  writeFileSync(file, 'half a li');
  expect(await findControlSocket(file, env)).toBe(socket);
});
