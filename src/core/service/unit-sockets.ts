/** Sockets that systemd opens for the server, and how they compare with the addresses of the config. Pure. */
import type { ListenAddress } from './service.ts';

/** Parts of the server that accept connections, and so have a socket of this name (`FileDescriptorName=`). */
export const SOCKET_NAMES = ['proxy', 'tls', 'api'] as const;
export type SocketName = (typeof SOCKET_NAMES)[number];

/** null: the config has no such part. */
export type Listens = Readonly<Record<SocketName, ListenAddress | null>>;

export interface UnitSocket {
  readonly name: string;
  readonly listens: readonly ListenAddress[];
}

const RENEW = '`tenement install --now` changes the socket';

/** Whether a socket at `bound` serves what the config asks for. A name in the config may stand for any address. */
export function servesAddress(bound: ListenAddress, wanted: ListenAddress): boolean {
  const isName = !/^[\d.]+$|:/.test(wanted.host);
  // Port 0 asks for any port.
  return (wanted.port === 0 || bound.port === wanted.port) && (isName || bound.host === wanted.host);
}

/** Returns a sentence for each part whose sockets nobody accepts from, and for each that has none while others have. */
export function socketWarnings(sockets: readonly UnitSocket[], configured: Listens): string[] {
  const differing = sockets.flatMap(({ name, listens }) => {
    const known = SOCKET_NAMES.find((one) => one === name);
    return known === undefined ? [] : differences(known, listens, configured[known]);
  });
  const missing = SOCKET_NAMES.filter((one) => sockets.length > 0 && !sockets.some(({ name }) => name === one));
  return [...differing, ...missing.flatMap((name) => absence(name, configured[name]))];
}

/** Nobody can hold a socket for a port that the kernel chooses. */
function absence(name: SocketName, wanted: ListenAddress | null): string[] {
  if (wanted === null || wanted.port === 0) return [];
  return [
    `systemd has no socket for [${name}] listen, ${describeAddress(wanted)}: a restart refuses connections; ` +
      '`tenement install --now` adds one',
  ];
}

function differences(name: SocketName, listens: readonly ListenAddress[], wanted: ListenAddress | null): string[] {
  const bound = listens.map(describeAddress).join(' and ');
  if (wanted === null) {
    return [
      `systemd's socket '${name}' listens on ${bound}, but [${name}] listen is not set: nobody accepts there; ${RENEW}`,
    ];
  }
  if (listens.some((one) => servesAddress(one, wanted))) return [];
  return [
    `systemd's socket '${name}' listens on ${bound}, but [${name}] listen is ${describeAddress(wanted)}: nobody accepts at ` +
      `the socket, and a restart refuses connections; ${RENEW}`,
  ];
}

function describeAddress({ host, port }: ListenAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
