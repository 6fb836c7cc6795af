/**
 * Whether somebody connected to a Unix socket, without being in the way: connect(2) stamps the access time of the
 * socket's file (`unix_find_bsd` in net/unix/af_unix.c). With `relatime` it does so only where that time is not
 * after the change time, so the stamp is wiped after each look: that makes the change time the later one.
 */
import { existsSync, lstatSync, lutimesSync, type Stats } from 'node:fs';
import { tryConnect } from '../child/probe.ts';

/** An access time that no clock gives. */
const WIPED_S = 1;
const CONNECT_TIMEOUT_MS = 50;

/** By file system: whether it stamps. Not with `noatime`. */
const stamping = new Map<number, boolean>();

export class ConnectStamp {
  private readonly path: string;
  private readonly onLook: (stat: Stats) => void;
  /** Seen on the way to something else. */
  private noticed = false;
  private stamps = true;
  private begun = false;

  /** `onLook`: called with what the socket is at each look, before what the look finds is told. */
  constructor(path: string, onLook: (stat: Stats) => void = () => {}) {
    this.path = path;
    this.onLook = onLook;
  }

  /**
   * Learns whether its file system stamps, tried once for each, and forgets who connected until now. Does nothing again,
   * nor where the socket is gone. Never rejects.
   */
  async begin(): Promise<void> {
    if (this.begun) return;
    this.begun = true;
    this.stamps = await stampsConnects(this.path);
    this.wipe();
  }

  /** Whether somebody connected since this was asked last; always true where there are no stamps. */
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

  /** Does something that connects before it returns, and does not count; who connects while it goes on does. */
  except<T>(connecting: () => Promise<T>): Promise<T> {
    this.noticed = this.take();
    const outcome = connecting();
    this.wipe();
    return outcome;
  }

  /** What cannot be wiped tells nothing from then on. */
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
  // One whose process has ended meanwhile tells nothing of the others.
  if (stamps || (result === 'accepted' && existsSync(socketPath))) stamping.set(stat.dev, stamps);
  return stamps;
}

/** Returns whether that could be done (not on a file system that is read-only now); a socket that is gone needs no wiping. */
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
