/** Checks whether this process may listen on the ports of a config. */
import { readFileSync } from 'node:fs';
import type { ListenTarget } from '../../../core/service/listen-target.ts';
import { TenementError } from '../../../errors.ts';

/** Bit number in a set of capabilities (capabilities(7)). */
const CAP_NET_BIND_SERVICE = 10n;
const DEFAULT_FIRST_PORT = 1024;

type Listening = { readonly listen: ListenTarget };
type ListenConfig = Readonly<Record<'proxy' | 'api', Listening>> & { readonly tls: Listening | null };

/**
 * Checks all addresses. @throws {TenementError} `listen_failed` for a port that needs a right which this process lacks
 */
export function assertMayListen({ proxy, tls, api }: ListenConfig, rights = readRights()): void {
  const tables = Object.entries({ proxy, ...(tls !== null && { tls }), api });
  for (const [table, { listen }] of tables) assertOne(table, listen, rights);
}

export interface ListenRights {
  /** The first port that every user may listen on. */
  readonly firstFreePort: number;
  readonly maySetLower: boolean;
}

function assertOne(table: string, listen: ListenTarget, { firstFreePort, maySetLower }: ListenRights): void {
  const { port, openSockets } = listen;
  if (openSockets !== undefined || port === 0 || port >= firstFreePort || maySetLower) return;
  throw new TenementError('listen_failed', `[${table}] listen: port ${port} needs root or CAP_NET_BIND_SERVICE`, {
    hint: `Choose a port from ${firstFreePort} on, or let systemd open the socket: \`tenement install\`.`,
  });
}

function readRights(): ListenRights {
  const [, effective = '0'] = /^CapEff:\s*([0-9a-f]+)/m.exec(read('/proc/self/status')) ?? [];
  const first = Number(read('/proc/sys/net/ipv4/ip_unprivileged_port_start').trim() || DEFAULT_FIRST_PORT);
  const maySetLower = ((BigInt(`0x${effective}`) >> CAP_NET_BIND_SERVICE) & 1n) === 1n;
  return { firstFreePort: first, maySetLower };
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
