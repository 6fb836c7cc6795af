/** A real server for the length of one test. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { TestServer } from './test-server.ts';

export type { TestServer } from './test-server.ts';

export const FIXTURES = fileURLToPath(new URL('../fixtures/apps', import.meta.url));

/** A loaded machine takes a minute to start some databases. */
const SHARED_TIMEOUT_MS = 180_000;

/** Registers what is done when the test has finished. A concurrent test passes the one of its own context. */
export type OnFinished = (handler: () => void | Promise<void>) => void;

/** Serves a config in a temporary directory until the test ends; `{fixtures}` stands for the fixture programs. */
export async function serve(
  toml: string,
  args: readonly string[] = [],
  onFinished: OnFinished = onTestFinished,
): Promise<TestServer> {
  const dir = temporaryDirectory();
  const configFile = join(dir, 'tenement.toml');
  writeConfig(configFile, toml);
  return serveFile(configFile, dir, args, onFinished);
}

/** Starts one server for all tests of a `describe` or a file. Each test uses its own instances. */
export function serveAll(toml: string): () => TestServer {
  return shared((onFinished) => serve(toml, [], onFinished));
}

/** Makes something for all tests of a `describe` or a file. */
export function shared<Thing>(make: (onFinished: OnFinished) => Promise<Thing>): () => Thing {
  const handlers: Parameters<OnFinished>[0][] = [];
  let made: { readonly thing: Thing } | null = null;
  beforeAll(async () => {
    made = { thing: await make((handler) => handlers.unshift(handler)) };
  }, SHARED_TIMEOUT_MS);
  afterAll(async () => {
    for (const handler of handlers) await handler();
  }, SHARED_TIMEOUT_MS);
  return () => {
    if (made === null) throw new Error('it is made before the first test');
    return made.thing;
  };
}

/** Keys before the first table are settings. */
export function writeConfig(file: string, toml: string): void {
  writeFileSync(file, `[settings]\ndata_dir = "./data"\n${toml.replaceAll('{fixtures}', FIXTURES)}`);
}

/** Serves an existing file, with its own data, sockets and ports. `dir` is deleted when the test ends. */
export async function serveFile(
  configFile: string,
  dir: string,
  args: readonly string[] = [],
  onFinished: OnFinished = onTestFinished,
): Promise<TestServer> {
  const server = new TestServer(dir, configFile, args);
  onFinished(() => server.dispose());
  await server.start();
  return server;
}

/** Makes a directory with a short path, because socket paths are limited. */
export function temporaryDirectory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  // The users of tenants must pass through this directory to their data.
  chmodSync(dir, 0o711);
  return dir;
}

/** One that goes with the test. */
export function directoryOfTest(): string {
  const dir = temporaryDirectory();
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

export function isRunning(pid: number): boolean {
  const stat = readProc(`/proc/${pid}/stat`);
  return stat !== '' && !/\) [ZX] /.test(stat);
}

/** Reads a file of /proc; empty when the process is gone. */
export function readProc(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
