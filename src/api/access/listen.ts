/** Makes the API listen on a TCP address, or on a Unix socket that only its owner can open. */
import { chmod, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { TenementError } from '../../errors.ts';

export type ListenTarget = TcpTarget | { readonly path: string };

/** `fd`: a socket that listens there already. */
export interface TcpTarget {
  readonly host: string;
  readonly port: number;
  readonly fd?: number | undefined;
}

/** The part of a server that is needed to make it listen. */
export interface Listener {
  listen(target: ListenTarget): Promise<unknown>;
}

/**
 * Makes `server` listen. Replaces a socket file without a listener.
 * @throws {TenementError} `already_running` when another server listens there, `listen_failed` for any other reason
 */
export async function listenAt(server: Listener, target: ListenTarget): Promise<void> {
  if ('path' in target) return listenAtPath(server, target.path);
  await server.listen(target).catch((error: unknown) => {
    throw listenFailed(`${target.host}:${target.port}`, error);
  });
}

async function listenAtPath(server: Listener, path: string): Promise<void> {
  if (await answers(path)) {
    throw new TenementError('already_running', `another server listens on ${path}`);
  }
  try {
    await unlink(path).catch(ignoreAbsent);
    await server.listen({ path });
    await chmod(path, 0o600);
  } catch (error) {
    throw listenFailed(path, error);
  }
}

function ignoreAbsent(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

function answers(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(path);
  socket.once('connect', () => resolve(true));
  socket.once('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}

function listenFailed(address: string, cause: unknown): TenementError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new TenementError('listen_failed', `the API cannot listen on ${address}: ${why}`, { cause });
}
