/**
 * Unix sockets that outlive the server: the service manager keeps them while one server ends and the next starts, and clients
 * wait in their queues. A file in the state directory says whose they are.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InstanceName } from '../../core/lifecycle/instance.ts';
import type { ActivationSockets } from '../../core/ports.ts';
import { KEPT_NAMES, type SocketKeeper } from '../../core/service/kept-sockets.ts';
import { MAX_KEPT } from '../../core/service/unit-files.ts';
import type { Logger } from '../../logger.ts';
import { KeptBacklog } from '../../process/sockets/backlog/kept-backlog.ts';
import { ownListeners } from '../../process/sockets/backlog/own-listeners.ts';
import type { FrontSocket } from '../../process/sockets/front-socket.ts';
import type { InheritedSockets } from '../../process/systemd/inherited-sockets.ts';
import type { PublicSockets } from '../../proxy/public-sockets.ts';

export interface KeptSocketsOptions {
  readonly stateDir: string;
  readonly activationSockets: Pick<ActivationSockets, 'inPlace' | 'leave' | 'takeKept'>;
  readonly publicSockets: Pick<PublicSockets, 'takeOfFront' | 'expectNext'>;
  readonly logger: Logger;
}

/**
 * Has the manager keep the sockets, and stops accepting from them. Without a manager that answers, nothing changes.
 * @returns whether the socket for front servers is kept
 */
export function leaveSockets(keeper: SocketKeeper, front: FrontSocket | null, options: KeptSocketsOptions): boolean {
  const { activationSockets, publicSockets, logger } = options;
  const own = ownListeners();
  const instances = activationSockets.inPlace();
  const found = Array.from(instances.keys(), (path) => own.get(path)).filter((fd) => fd !== undefined);
  const frontFd = front === null ? undefined : own.get(front.bindName);
  writeOwners(options.stateDir, instances);
  const isKept =
    keeper.keep('front', frontFd === undefined ? [] : [frontFd]) && keeper.keep('public', found.slice(0, MAX_KEPT));
  if (!isKept) return false;
  publicSockets.expectNext();
  activationSockets.leave();
  front?.leave();
  logger.info({ sockets: found.length }, 'the service manager keeps the sockets until the next server accepts');
  return frontFd !== undefined;
}

/** Serves what has waited at the sockets of the server before. @param passed by the manager */
export function takeKeptSockets(
  keeper: SocketKeeper,
  passed: Pick<InheritedSockets, 'kept'>,
  { stateDir, activationSockets, publicSockets }: KeptSocketsOptions,
): void {
  for (const fd of passed.kept('front')) new KeptBacklog(fd, (socket) => publicSockets.takeOfFront(socket)).finish();
  const paths = new Map(Array.from(ownListeners(), ([path, fd]) => [fd, path]));
  const owners = readOwners(stateDir);
  for (const fd of passed.kept('public')) {
    const path = paths.get(fd) ?? '';
    const instance = owners.get(path);
    if (instance !== undefined) activationSockets.takeKept(instance, { path, fd });
  }
  for (const name of KEPT_NAMES) if (passed.kept(name).length > 0) keeper.forget(name);
}

function ownersFile(stateDir: string): string {
  return join(stateDir, 'kept-sockets.json');
}

function writeOwners(stateDir: string, instances: ReadonlyMap<string, InstanceName>): void {
  writeFileSync(ownersFile(stateDir), JSON.stringify([...instances]), { mode: 0o600 });
}

function readOwners(stateDir: string): ReadonlyMap<string, InstanceName> {
  try {
    return new Map(JSON.parse(readFileSync(ownersFile(stateDir), 'utf8')) as [string, InstanceName][]);
  } catch {
    return new Map();
  } finally {
    rmSync(ownersFile(stateDir), { force: true });
  }
}
