/**
 * Closes a debugger that a SIGUSR1 opened before this process handled the signal. It would give the server's rights to
 * every local user who can connect to 127.0.0.1.
 */
import { close, url } from 'node:inspector';

const ASKED_FOR = /(^|\s)--inspect\b/;

/** Leaves a debugger that was requested. */
export function closeDebugger(): void {
  const options = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ');
  if (!ASKED_FOR.test(options) && url() !== undefined) close();
}
