/** Kills a server at a step of what it does, which `kill-at.mjs` names. */
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { TestServer } from './support.ts';

const PRELOAD = fileURLToPath(new URL('kill-at.mjs', import.meta.url));

/** Starts the server anew, lets it end itself with SIGKILL at that step of `act`, and starts the next one. */
export async function killedAt(server: TestServer, step: string, act: () => Promise<unknown>): Promise<void> {
  await server.stop();
  server.env = { NODE_OPTIONS: `--import ${PRELOAD}`, KILL_AT: step };
  await server.start();
  await act().catch(() => {});
  expect(await server.stop()).toBeNull();
  server.env = {};
  await server.start();
}
