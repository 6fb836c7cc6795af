/** A server of examples/provisioning, whose hook records its runs and can kill the server. */
import { appendFileSync, chmodSync, cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serveFile, type TestServer, temporaryDirectory } from './support.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/provisioning', import.meta.url));

export async function shelfExample(): Promise<TestServer> {
  const dir = temporaryDirectory();
  cpSync(EXAMPLE, dir, { recursive: true });
  const hook = join(dir, 'hooks/shelf');
  // The record is what really happened, whatever the registry says. One run kills its parent, the server.
  appendFileSync(
    hook,
    '\necho "$action" >> runs\n[ ! -e "kill-in-$action" ] || { rm "kill-in-$action"; kill -9 "$PPID"; sleep 60; }\n',
  );
  chmodSync(hook, 0o755);
  return serveFile(join(dir, 'tenement.toml'), dir);
}

/** Lets the next run of this action kill the server when its work is done. */
export function killIn({ dir }: TestServer, action: 'create' | 'rotate'): void {
  appendFileSync(join(dir, `kill-in-${action}`), '');
}

/** Lists the actions that the hook has completed. */
export function runsOf({ dir }: TestServer): string[] {
  return existsSync(join(dir, 'runs')) ? readFileSync(join(dir, 'runs'), 'utf8').trim().split('\n') : [];
}

export function shelvesOf({ dir }: TestServer): string[] {
  return existsSync(join(dir, 'shelves')) ? readdirSync(join(dir, 'shelves')) : [];
}
