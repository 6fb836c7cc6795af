/**
 * One question to a child: does it accept, and is it healthy? Bounded in time. Of what is due the event loop does timers
 * first, so after a standstill it takes one turn more to see that the answer came in time.
 */
import { request } from 'node:http';
import { connect } from 'node:net';
import type { ProbeResult, Upstream } from '../core/ports.ts';
import { isScarce } from './reserve.ts';

/** `refused`: nothing listens there (yet). `scarce`: it was not tried, since this process may open no more files. */
export type ConnectResult = 'accepted' | 'refused' | 'timeout' | 'scarce';

/** `refused` at once when `signal` aborts. */
export function tryConnect(upstream: Upstream, timeoutMs: number, signal?: AbortSignal): Promise<ConnectResult> {
  return new Promise((resolve) => {
    const socket = 'socketPath' in upstream ? connect(upstream.socketPath) : connect(upstream.port, '127.0.0.1');
    const cancel = () => finish('refused');
    signal?.addEventListener('abort', cancel, { once: true });
    const finish = (result: ConnectResult) => {
      signal?.removeEventListener('abort', cancel);
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(timeoutMs, () => setImmediate(finish, 'timeout'));
    socket.once('connect', () => finish('accepted'));
    socket.on('error', (error) => finish(isScarce(error) ? 'scarce' : 'refused'));
  });
}

/** A question whether an application is healthy. */
export interface HealthCheck {
  readonly path: string;
  /** Of the request: an application may answer for its own hosts only. */
  readonly host: string;
  readonly timeoutMs: number;
}

/** `refused`: nothing listens there (yet). */
export type HealthAnswer =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly detail: string;
      readonly refused?: true;
      readonly isSilent?: true;
      /** It was not asked, since this process may open no more files. */
      readonly scarce?: true;
    };

/** connect(2): nobody listens, or the file is gone. */
const REFUSALS = new Set(['ECONNREFUSED', 'ENOENT']);

/**
 * GET: 2xx is healthy. Not ok at once when `signal` aborts. It says that it came by https, or an application that
 * redirects to https would answer 301.
 */
export function askHealth(
  upstream: Upstream,
  { path, host, timeoutMs }: HealthCheck,
  signal?: AbortSignal,
): Promise<HealthAnswer> {
  return new Promise((resolve) => {
    const where = 'socketPath' in upstream ? upstream : { host: '127.0.0.1', port: upstream.port };
    const headers = { host, connection: 'close', 'user-agent': 'tenement-health', 'x-forwarded-proto': 'https' };
    const probe = request({ ...where, path, headers, agent: false });
    const late: HealthAnswer = { ...failure(`GET ${path} did not answer within ${timeoutMs} ms`), isSilent: true };
    const timer = setTimeout(() => setImmediate(finish, late), timeoutMs);
    const cancel = () => finish(failure(`GET ${path} was not answered`));
    signal?.addEventListener('abort', cancel, { once: true });
    const finish = (result: HealthAnswer) => {
      signal?.removeEventListener('abort', cancel);
      clearTimeout(timer);
      probe.destroy();
      resolve(result);
    };
    probe.once('response', (response) => {
      const status = response.statusCode ?? 0;
      finish(status >= 200 && status < 300 ? { ok: true } : failure(`GET ${path} answered ${status}`));
    });
    probe.on('error', (error: NodeJS.ErrnoException) => {
      const failed = failure(`GET ${path} failed: ${error.message}`);
      if (isScarce(error)) finish({ ...failed, scarce: true });
      else finish(REFUSALS.has(error.code ?? '') ? { ...failed, refused: true } : failed);
    });
    probe.end();
  });
}

/** Not ok at once when `signal` aborts. One that could not be asked for want of a descriptor is not to blame. */
export async function askLiveness(
  upstream: Upstream,
  health: HealthCheck | null,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ProbeResult> {
  if (health !== null) {
    const answer = await askHealth(upstream, health, signal);
    return !answer.ok && answer.scarce === true ? { ok: true } : answer;
  }
  const result = await tryConnect(upstream, timeoutMs, signal);
  if (result === 'accepted' || result === 'scarce') return { ok: true };
  const failed = failure(`connecting: ${result}`);
  return result === 'timeout' ? { ...failed, isSilent: true } : failed;
}

function failure(detail: string): { ok: false; detail: string } {
  return { ok: false, detail };
}
