/** Opens a page in the browser of whoever runs the command. */
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { TenementError } from '../errors.ts';

/**
 * Opens an address that may hold a secret. Arguments of programs can be read by every user of the machine, so the browser
 * gets a file that only its user can read, which leads to the address.
 * @throws {TenementError} `host_cannot` when there is no xdg-open
 */
export async function openInBrowser(url: string, env: NodeJS.ProcessEnv): Promise<void> {
  const dir = join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'tenement');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const file = join(dir, 'open-dashboard.html');
  // A file that is there may be readable for others.
  rmSync(file, { force: true });
  writeFileSync(file, pageThatLeadsTo(url), { mode: 0o600, flag: 'wx' });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const child = spawn('xdg-open', [file], { detached: true, stdio: 'ignore', env });
  child.once('spawn', resolve);
  child.once('error', reject);
  child.unref();
  await promise.catch((cause: unknown) => {
    throw new TenementError('host_cannot', 'no browser can be opened: xdg-open is not installed', {
      hint: 'Leave --open out, and open the link in a browser.',
      cause,
    });
  });
}

function pageThatLeadsTo(url: string): string {
  const text = url.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
  return `<!doctype html>\n<meta charset="utf-8">\n<meta name="referrer" content="no-referrer">\n<meta http-equiv="refresh" content="0;url=${text}">\n`;
}
