/**
 * Tells whether anybody connected to a Unix socket, without standing in between: connect(2) stamps the access time of
 * the socket's file (`unix_find_bsd` in net/unix/af_unix.c). With `relatime` it does so only when the access time is
 * not later than the change time. So the stamp is wiped after each look, which makes the change time the later one.
 */
import { existsSync, lstatSync, lutimesSync, type Stats } from 'node:fs';
import { tryConnect } from '../child/probe.ts';

/** An access time that no clock gives. */
const WIPED_S = 1;
const CONNECT_TIMEOUT_MS = 50;

/** Device number → whether connections stamp files there. With `noatime` they do not. */
const stamping = new Map<number, boolean>();

export class ConnectStamp {
  private readonly path: string;
  private readonly onLook: (stat: Stats) => void;
  /** A connection was seen while something else was done. */
  private noticed = false;
  private stamps = true;
  private begun = false;

  /** @param onLook called at each look with the socket's state, before the result is returned */
  constructor(path: string, onLook: (stat: Stats) => void = () => {}) {
    this.path = path;
    this.onLook = onLook;
  }

  /**
   * Finds out whether the file system stamps, once for each, and forgets earlier connections. Does nothing when
   * repeated, or when the socket is gone. Never rejects.
   */
  async begin(): Promise<void> {
    if (this.begun) return;
    this.begun = true;
    this.stamps = await stampsConnects(this.path);
    this.wipe();
  }

  /** Whether anybody connected since the last call; always true without stamps. */
  take(): boolean {
    const stat = lstatSync(this.path, { throwIfNoEntry: false });
    if (stat !== undefined) this.onLook(stat);
    if (!this.stamps) return true;
    const connected = stat !== undefined && hasStamp(stat);
    if (connected) this.wipe();
    const noticed = this.noticed || connected;
    this.noticed = false;
    return noticed;
  }

  /**
   * Calls a function whose own connection, made before it returns, does not count. Connections during its promise do.
   */
  except<T>(connecting: () => Promise<T>): Promise<T> {
    this.noticed = this.take();
    const outcome = connecting();
    this.wipe();
    return outcome;
  }

  /** A stamp that cannot be wiped is trusted no more. */
  private wipe(): void {
    if (this.stamps) this.stamps = wipe(this.path);
  }
}

async function stampsConnects(socketPath: string): Promise<boolean> {
  const stat = lstatSync(socketPath, { throwIfNoEntry: false });
  if (stat === undefined) return true;
  const known = stamping.get(stat.dev);
  if (known !== undefined) return known;
  wipe(socketPath);
  const result = await tryConnect({ socketPath }, CONNECT_TIMEOUT_MS);
  const stamps = isStamped(socketPath);
  // A process that ended meanwhile proves nothing about the file system.
  if (stamps || (result === 'accepted' && existsSync(socketPath))) stamping.set(stat.dev, stamps);
  return stamps;
}

/** Returns whether the stamp was wiped, which fails on a read-only file system. A missing socket needs no wiping. */
function wipe(path: string): boolean {
  try {
    lutimesSync(path, WIPED_S, new Date());
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

function isStamped(path: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat !== undefined && hasStamp(stat);
}

function hasStamp({ atimeMs }: Stats): boolean {
  return atimeMs !== WIPED_S * 1000;
}
