/** Other services of the host: a TCP and a UDP port, an abstract socket, a socket for everyone and one for root. */
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
  /** Accessible to root only, and outside of /run, like the control socket of another tenement. */
  readonly rootsSocketPath: string;
  /** Returns how many connections that socket has had. */
  rootsConnections(): number;
  /** Accessible to everyone, near an application: beside it, and in a directory of its own. */
  readonly socketInWorkdir: string;
  readonly socketApartInWorkdir: string;
  /** Accessible to everyone, in a hidden directory: a file that a command names, and its neighbour. */
  readonly namedFile: string;
  readonly besideNamedFile: string;
  close(): void;
}

/** @param workdir directory of an application, which removes it */
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
