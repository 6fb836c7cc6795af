/**
 * Asks a child whether it accepts connections, and whether it is healthy. Each probe is bounded in time. The event loop
 * runs timers first, so a time-out waits one more turn, which finds an answer that came in time during a standstill. A
 * probe connects only to a socket at the path itself and follows no link.
 */
import { type ClientRequest, type RequestOptions, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { ProbeResult, Upstream } from '../../core/ports.ts';
import { isScarce } from '../proc/reserve.ts';
import { bySocketInode } from '../sockets/socket-inode.ts';

/** `refused`: nothing listens there (yet). `scarce`: not tried, because this process may open no more files. */
export type ConnectResult = 'accepted' | 'refused' | 'timeout' | 'scarce';

/** Tries to connect within `timeoutMs`. Resolves to `refused` at once when `signal` aborts. */
export function tryConnect(upstream: Upstream, timeoutMs: number, signal?: AbortSignal): Promise<ConnectResult> {
  return new Promise((resolve) => {
    let socket: Socket;
    try {
      socket = connectTo(upstream);
    } catch (error) {
      return resolve(isScarce(error) ? 'scarce' : 'refused');
    }
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

function connectTo(upstream: Upstream): Socket {
  if ('port' in upstream) return connect(upstream.port, '127.0.0.1');
  return bySocketInode(upstream.socketPath, (path) => connect(path));
}

/** A health check of an application. */
export interface HealthCheck {
  readonly path: string;
  /** Host header of the request; an application may answer only for its own hosts. */
  readonly host: string;
  readonly timeoutMs: number;
}

/** `refused`: nothing listens there (yet). `isSilent`: no answer within the time-out. */
export type HealthAnswer =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly detail: string;
      readonly refused?: true;
      readonly isSilent?: true;
      /** Not asked, because this process may open no more files. */
      readonly scarce?: true;
    };

/** Errors of connect(2): nobody listens, the file is gone, or it is a link. */
const REFUSALS = new Set(['ECONNREFUSED', 'ENOENT', 'ENOTSOCK']);

/**
 * Sends GET to the health path; any 2xx is healthy. Resolves as not ok when `signal` aborts. The request says that it
 * came by https, because an application that redirects to https would answer 301 otherwise.
 */
export function askHealth(
  upstream: Upstream,
  { path, host, timeoutMs }: HealthCheck,
  signal?: AbortSignal,
): Promise<HealthAnswer> {
  return new Promise((resolve) => {
    const headers = { host, connection: 'close', 'user-agent': 'tenement-health', 'x-forwarded-proto': 'https' };
    let probe: ClientRequest;
    try {
      probe = requestTo(upstream, { path, headers, agent: false });
    } catch (error) {
      return resolve(notAsked(path, upstream, error as NodeJS.ErrnoException));
    }
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
    probe.on('error', (error: NodeJS.ErrnoException) => finish(notAsked(path, upstream, error)));
    probe.end();
  });
}

function requestTo(upstream: Upstream, options: RequestOptions): ClientRequest {
  if ('port' in upstream) return request({ ...options, host: '127.0.0.1', port: upstream.port });
  return bySocketInode(upstream.socketPath, (socketPath) => request({ ...options, socketPath }));
}

function notAsked(path: string, upstream: Upstream, error: NodeJS.ErrnoException): HealthAnswer {
  // Operators know the socket's path, not the /proc name that was used to connect.
  const reason =
    'port' in upstream ? error.message : error.message.replace(/\/proc\/self\/fd\/\d+/, upstream.socketPath);
  const failed = failure(`GET ${path} failed: ${reason}`);
  if (isScarce(error)) return { ...failed, scarce: true };
  return REFUSALS.has(error.code ?? '') ? { ...failed, refused: true } : failed;
}

/**
 * Resolves as not ok at once when `signal` aborts. A lack of descriptors in this process does not count against the
 * child.
 */
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
