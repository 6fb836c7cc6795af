/** systemd's store of descriptors (sd_notify(3), `FDSTORE=1`), which it passes to the next server with its sockets. */
import type { KeptName, SocketKeeper } from '../../core/service/kept-sockets.ts';
import { sendDatagram } from './datagram.ts';
import { notifySocket } from './notify.ts';

/** A datagram carries at most 253 (SCM_MAX_FD). */
const BATCH = 200;

/** Returns null where no manager listens. */
export function socketStore(env: NodeJS.ProcessEnv): SocketKeeper | null {
  const path = notifySocket(env);
  return path === null ? null : new SocketStore(path);
}

class SocketStore implements SocketKeeper {
  private readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  keep(name: KeptName, fds: readonly number[]): boolean {
    const batches = Array.from({ length: Math.ceil(fds.length / BATCH) }, (_, index) =>
      fds.slice(index * BATCH, (index + 1) * BATCH),
    );
    // systemd would drop a listening socket for which poll(2) reports an error.
    return batches.every((batch) => sendDatagram(this.path, `FDSTORE=1\nFDNAME=${name}\nFDPOLL=0`, batch));
  }

  forget(name: KeptName): void {
    sendDatagram(this.path, `FDSTOREREMOVE=1\nFDNAME=${name}`);
  }
}
