/** What else runs on the host: a TCP and a UDP port, an abstract socket, a socket for all and one for root. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
  /** How often somebody has connected to that. */
  rootsConnections(): number;
  /** For all, where an application lies: beside it, and in a directory that nothing else is in. */
  readonly socketInWorkdir: string;
  readonly socketApartInWorkdir: string;
  /** For all, in a directory that walls hide: one that a command names, and its neighbour. */
  readonly namedFile: string;
  readonly besideNamedFile: string;
  close(): void;
}

/** `workdir`: of an application, which removes it. */
export async function openBystander(workdir: string): Promise<Bystander> {
  const dir = mkdtempSync('/run/tnm-');
  chmodSync(dir, 0o755);
  const rootsDir = mkdtempSync('/var/lib/tnm-');
  const socketPath = join(dir, 's');
  const rootsSocketPath = join(rootsDir, 's');
  const filesDir = mkdtempSync('/tmp/tnm-');
  chmodSync(filesDir, 0o755);
  const [namedFile, besideNamedFile] = [join(filesDir, 'app.conf'), join(filesDir, 'key')];
  for (const file of [namedFile, besideNamedFile]) writeFileSync(file, 'of the host');
  mkdirSync(join(workdir, 'daemon'));
  const [socketInWorkdir, socketApartInWorkdir] = [join(workdir, 'daemon.sock'), join(workdir, 'daemon/s')];
  const abstractName = `\0${dir}`;
  const tcp = await greeter({ port: 0, host: '127.0.0.1' });
  const forAll = [socketPath, socketInWorkdir, socketApartInWorkdir];
  const paths = [...forAll, rootsSocketPath, abstractName];
  let rootsConnections = 0;
  const others = await Promise.all(paths.map((path) => greeter({ path })));
  others[paths.indexOf(rootsSocketPath)]?.on('connection', () => {
    rootsConnections += 1;
  });
  for (const path of forAll) chmodSync(path, 0o777);
  const udp = createSocket('udp4').bind(0, '127.0.0.1');
  await once(udp, 'listening');
  udp.on('message', (_message, from) => udp.send(GREETING, from.port, from.address));
  return {
    tcpPort: (tcp.address() as AddressInfo).port,
    udpPort: udp.address().port,
    abstractName,
    socketPath,
    rootsSocketPath,
    rootsConnections: () => rootsConnections,
    socketInWorkdir,
    socketApartInWorkdir,
    namedFile,
    besideNamedFile,
    close: () => {
      for (const server of [tcp, ...others]) server.close();
      udp.close();
      for (const one of [dir, rootsDir, filesDir]) rmSync(one, { recursive: true, force: true });
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
