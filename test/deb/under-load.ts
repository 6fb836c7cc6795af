/** What clients get while a command runs in a machine. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Machine } from './machine.ts';

const LOAD = fileURLToPath(new URL('load.mjs', import.meta.url));
/** Where docs/install.md's test puts the root of its authority. */
const AUTHORITY = 'usr/local/share/ca-certificates/authority.crt';

export interface Load {
  readonly answers: number;
  /** One line each; a refused connection is one, too. */
  readonly failures: readonly string[];
  /** Requests on kept connections that the server closed as they were sent. */
  readonly repeated: number;
  readonly longestMs: number;
}

/** Runs `action` while clients ask for the URLs, and prints the counts. */
export async function underLoad(
  machine: Machine,
  urls: readonly string[],
  what: string,
  action: () => Promise<unknown>,
) {
  const authority = join(machine.root, AUTHORITY);
  const env = existsSync(authority) ? { ...process.env, NODE_EXTRA_CA_CERTS: authority } : process.env;
  const client = machine.startInNetwork([process.execPath, LOAD, ...urls], env);
  const said = createInterface({ input: client.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  const first: string | undefined = (await said.next()).value;
  if (first !== 'asking') throw new Error(`no answers before: ${first}`);
  const startedMs = performance.now();
  try {
    await action();
  } finally {
    client.stdin?.end();
  }
  const tookMs = Math.round(performance.now() - startedMs);
  const load: Load = JSON.parse((await said.next()).value ?? '');
  const { answers, failures, repeated, longestMs } = load;
  console.log(
    `${what}: ${tookMs} ms; ${answers} answers, ${failures.length} failed, ${repeated} repeated, longest ${longestMs} ms`,
  );
  return load;
}
