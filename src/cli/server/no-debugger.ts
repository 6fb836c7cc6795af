/**
 * Closes a debugger that a SIGUSR1 has opened before this process could take the signal: it would give all that the
 * server may do to every user of this machine who can connect to 127.0.0.1.
 */
import { close, url } from 'node:inspector';

const ASKED_FOR = /(^|\s)--inspect\b/;

/** One that was asked for stays. */
export function closeDebugger(): void {
  const options = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ');
  if (!ASKED_FOR.test(options) && url() !== undefined) close();
}
