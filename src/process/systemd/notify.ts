/**
 * Tells systemd how far the service has got (sd_notify(3)), by one datagram to the socket in NOTIFY_SOCKET. Where Node cannot
 * send it, systemd-notify(1) does.
 */
import { spawnSync } from 'node:child_process';
import { findProgram } from '../launch/wrapper.ts';
import { sendDatagram } from './datagram.ts';

const TIMEOUT_MS = 10_000;

export interface ServiceNotice {
  readonly state?: 'READY=1' | 'STOPPING=1' | 'WATCHDOG=1';
  /** A line for a person, shown by `systemctl status`. */
  readonly status?: string;
}

/** Sends a notice. Returns false when there is no receiver, or sending failed. */
export function notifyService(notice: ServiceNotice, env: NodeJS.ProcessEnv): boolean {
  const path = notifySocket(env);
  if (path === null) return false;
  const lines = [notice.state, notice.status === undefined ? undefined : `STATUS=${notice.status}`];
  const text = lines.filter((line) => line !== undefined).join('\n');
  return sendDatagram(path, text) || notifyByProgram(text.split('\n'), env);
}

/** Returns the path of the manager's socket; null: there is none. */
export function notifySocket(env: NodeJS.ProcessEnv): string | null {
  const path = env['NOTIFY_SOCKET'];
  // It may also be `vsock:`, which only virtual machines use.
  return path !== undefined && /^[/@]/.test(path) ? path : null;
}

/** systemd-notify, run by root, reports in its parent's name; otherwise `NotifyAccess=all` permits it. */
function notifyByProgram(lines: readonly string[], env: NodeJS.ProcessEnv): boolean {
  const program = findProgram('systemd-notify');
  if (program === null) return false;
  return spawnSync(program, lines, { env, stdio: 'ignore', timeout: TIMEOUT_MS }).status === 0;
}
