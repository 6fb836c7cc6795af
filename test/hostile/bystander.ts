/** What else runs on the host: a TCP and a UDP port, an abstract socket, a socket for all and one for root. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';

const GREETING = 'hello from the host';

export interface Bystander {
  readonly tcpPort: number;
  readonly udpPort: number;
  readonly abstractName: string;
  readonly socketPath: string;
  /** For root alone, and not in /run: the control socket of another tenement lies like that. */
  readonly rootsSocketPath: string;
  close(): void;
}

export async function openBystander(): Promise<Bystander> {
  const dir = mkdtempSync('/run/tnm-');
  chmodSync(dir, 0o755);
  const rootsDir = mkdtempSync('/var/lib/tnm-');
  const socketPath = join(dir, 's');
  const rootsSocketPath = join(rootsDir, 's');
  const abstractName = `\0${dir}`;
  const tcp = await greeter({ port: 0, host: '127.0.0.1' });
  const paths = [socketPath, rootsSocketPath, abstractName];
  const others = await Promise.all(paths.map((path) => greeter({ path })));
  chmodSync(socketPath, 0o666);
  const udp = createSocket('udp4').bind(0, '127.0.0.1');
  await once(udp, 'listening');
  udp.on('message', (_message, from) => udp.send(GREETING, from.port, from.address));
  return {
    tcpPort: (tcp.address() as AddressInfo).port,
    udpPort: udp.address().port,
    abstractName,
    socketPath,
    rootsSocketPath,
    close: () => {
      for (const server of [tcp, ...others]) server.close();
      udp.close();
      for (const one of [dir, rootsDir]) rmSync(one, { recursive: true, force: true });
    },
  };
}

async function greeter(options: { path: string } | { port: number; host: string }) {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end(GREETING);
  });
  server.listen(options);
  await once(server, 'listening');
  return server;
}
