/**
 * Listening sockets that systemd passed to the server (sd_listen_fds(3)). systemd keeps them open, so while one server ends
 * and the next starts, the kernel queues connections and refuses none.
 */

import { KEPT_NAMES, type KeptName } from '../../core/service/kept-sockets.ts';
import type { ListenTarget } from '../../core/service/listen-target.ts';
import type { ListenAddress } from '../../core/service/service.ts';
import {
  type Listens,
  SOCKET_NAMES,
  type SocketName,
  servesAddress,
  socketWarnings,
} from '../../core/service/unit-sockets.ts';
import { TenementError } from '../../errors.ts';
import { duplicateOf } from '../child/pidfd.ts';
import { listenAddressOf } from './socket-address.ts';

/** The first descriptor that systemd passes (SD_LISTEN_FDS_START). */
const FIRST = 3;
const VARIABLES = ['LISTEN_PID', 'LISTEN_PIDFDID', 'LISTEN_FDS', 'LISTEN_FDNAMES'];

interface Inherited extends ListenAddress {
  readonly fd: number;
}

export class InheritedSockets {
  private readonly sockets: ReadonlyMap<SocketName, readonly Inherited[]>;
  private readonly keptFds: ReadonlyMap<KeptName, readonly number[]>;

  constructor(
    sockets: ReadonlyMap<SocketName, readonly Inherited[]> = new Map(),
    kept: ReadonlyMap<KeptName, readonly number[]> = new Map(),
  ) {
    this.sockets = sockets;
    this.keptFds = kept;
  }

  /** Returns Unix sockets that the server before has left, which the caller closes. */
  kept(name: KeptName): readonly number[] {
    return this.keptFds.get(name) ?? [];
  }

  get areAny(): boolean {
    return this.sockets.size > 0;
  }

  /**
   * Returns where the part listens: at its sockets if one of them has the address of the config. Otherwise the address is to
   * be bound, and nobody accepts from the sockets: an address that left the config must not be served.
   */
  at(name: SocketName, configured: ListenAddress): ListenTarget {
    const sockets = this.sockets.get(name) ?? [];
    const first = sockets.find((socket) => servesAddress(socket, configured));
    if (first === undefined) return configured;
    return {
      host: first.host,
      port: first.port,
      openSockets: (handles) => sockets.flatMap((socket) => duplicates(socket, Math.floor(handles / sockets.length))),
    };
  }

  /** Returns a sentence for each part whose sockets nobody accepts from. */
  warnings(configured: Listens): string[] {
    return socketWarnings(
      Array.from(this.sockets, ([name, listens]) => ({ name, listens })),
      configured,
    );
  }
}

/** The descriptor itself stays open: without it, nobody could accept once the last duplicate is closed. */
function duplicates({ fd }: Inherited, count: number): number[] {
  return Array.from({ length: Math.max(1, count) }, () => {
    const duplicate = duplicateOf(process.pid, fd);
    if (duplicate !== null) return duplicate;
    throw new TenementError('listen_failed', `a socket that systemd passed (descriptor ${fd}) cannot be duplicated`, {
      hint: 'Socket activation needs Node 26.1 or later: update Node, or disable the .socket units.',
    });
  });
}

/**
 * Takes the sockets that are meant for this process, and removes their variables from `env`, so that no child takes the
 * descriptors for its own.
 * @throws {TenementError} `listen_failed` for a descriptor that is no listening TCP socket, or has no known name
 */
export function takeInheritedSockets(env: NodeJS.ProcessEnv): InheritedSockets {
  const isMeant = env['LISTEN_PID'] === String(process.pid);
  const count = isMeant ? Number.parseInt(env['LISTEN_FDS'] ?? '0', 10) || 0 : 0;
  const names = (env['LISTEN_FDNAMES'] ?? '').split(':');
  for (const variable of VARIABLES) delete env[variable];
  const sockets = new Map<SocketName, Inherited[]>();
  const kept = new Map<KeptName, number[]>(KEPT_NAMES.map((name) => [name, []]));
  for (let index = 0; index < count; index += 1) {
    const fd = FIRST + index;
    const ofStore = KEPT_NAMES.find((one) => one === names[index]);
    if (ofStore !== undefined) kept.get(ofStore)?.push(fd);
    else {
      const name = nameOf(names[index] ?? '');
      sockets.set(name, [...(sockets.get(name) ?? []), inherited(name, fd)]);
    }
  }
  return new InheritedSockets(sockets, kept);
}

function nameOf(name: string): SocketName {
  const known = SOCKET_NAMES.find((one) => one === name);
  if (known !== undefined) return known;
  throw new TenementError('listen_failed', `systemd passed a socket with the unknown name '${name}'`, {
    hint: `Set FileDescriptorName= in the .socket unit to ${SOCKET_NAMES.join(', ')}.`,
  });
}

function inherited(name: SocketName, fd: number): Inherited {
  const address = listenAddressOf(fd);
  if (address !== null) return { fd, ...address };
  throw new TenementError('listen_failed', `the socket '${name}' that systemd passed does not listen on a TCP port`, {
    hint: 'The .socket unit needs ListenStream= with a port, and no Accept=yes.',
  });
}
