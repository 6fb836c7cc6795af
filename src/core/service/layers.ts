/**
 * Which of the host's files a tenant behind walls sees, as mounts. What is hidden cannot be shown by anything else, since
 * the deepest mount above a path decides, and none that shows is made within what is hidden. Pure.
 */
import { dirname } from 'node:path';
import { depthOf, isWithin, isWithinAny, upwards } from './paths.ts';

/** Empty for a tenant: what lies there is other people's, or leads to other services. */
export const HIDDEN = [
  ...['/home', '/root', '/run', '/tmp', '/var/tmp', '/mnt', '/media'],
  // Programs that give up their view of the host bind by relative names there (postfix(1)), which nothing tells.
  ...['/var/spool', '/sys/fs/cgroup'],
];
/** Of those, where programs expect to write: a tenant has memory of its own there (file-hierarchy(7)). */
export const SCRATCH = ['/tmp', '/var/tmp'];

/** All paths are absolute and real: no link on the way. */
export interface Places {
  /** Whether the whole host is there to begin with; else nothing is. */
  readonly wholeHost: boolean;
  /** Directories that are empty unless something in them is shown. */
  readonly hidden: readonly string[];
  /** The same, but to write in. */
  readonly scratch: readonly string[];
  /** Directories and files that the config names or a program needs. */
  readonly shown: readonly string[];
  /** Of the host, to write in: several tenants share them. */
  readonly writable: readonly string[];
  /** In which sockets of many tenants lie, directly: empty, but what lies deeper may be shown. */
  readonly socketDirs: readonly string[];
  /** Of tenement or of other tenants: nothing in them is shown but what is the tenant's own. */
  readonly secretDirs: readonly string[];
  readonly secretFiles: readonly string[];
  /** Of the tenant, to write in. */
  readonly own: readonly string[];
  /** The tenant's cgroup, to read: runtimes size their heaps and thread pools by its limits. */
  readonly cgroupDirs: readonly string[];
  /** Sockets of the host that are to be out of reach, wherever they lie. */
  readonly sockets: readonly string[];
}

export interface Layer {
  /**
   * `shown`: read-only, a directory or a file. `own`, `writable`: to write in. `empty`: a directory with nothing in it,
   * read-only. `scratch`: one to write in, in memory. `blank`: an empty file that cannot be opened.
   */
  readonly kind: 'shown' | 'writable' | 'own' | 'empty' | 'scratch' | 'blank';
  readonly at: string;
  /** Where it lies on the host, for those that are of the host. */
  readonly from: string;
}

export type Kind = Layer['kind'];

/** What of the config overlaps so that it cannot be both hidden and shown; the message says what to do. */
export class OverlapError extends Error {}

/**
 * Each lies over those before it, and each within those before it that are above it.
 * @throws {OverlapError} when what is to be hidden lies in what is the tenant's own
 */
export function layersFor(places: Places): Layer[] {
  assertOwnIsApart(places);
  assertWritableIsApart(places);
  const { hidden, scratch, shown, writable, socketDirs, secretDirs, secretFiles, own, cgroupDirs } = places;
  const isSecret = (path: string) => isWithinAny(path, secretDirs) && !isWithinAny(path, own);
  // Where two are at one place, the later one counts.
  const kinds = new Map<string, Kind>([
    ...hidden.map((path) => [path, 'empty'] as const),
    ...scratch.map((path) => [path, 'scratch'] as const),
    ...shown.filter((path) => !isSecret(path)).map((path) => [path, 'shown'] as const),
    ...writable.filter((path) => !isSecret(path)).map((path) => [path, 'writable'] as const),
    // What is scratch hides as well.
    ...[...socketDirs, ...secretDirs].map((path) => [path, scratch.includes(path) ? 'scratch' : 'empty'] as const),
    ...secretFiles.map((path) => [path, 'blank'] as const),
    ...own.map((path) => [path, 'own'] as const),
    ...cgroupDirs.map((path) => [path, 'shown'] as const),
  ]);
  const layers = withoutIdle(kinds, places);
  return withoutIdle(new Map([...layers, ...socketMasks(layers, places)].map(({ at, kind }) => [at, kind])), places);
}

/** What a path is to a tenant with these layers. */
export function kindAt(path: string, layers: readonly Layer[], wholeHost: boolean): Kind {
  const above = layers.filter(({ at }) => isWithin(path, at));
  return above.sort((a, b) => depthOf(b.at) - depthOf(a.at))[0]?.kind ?? (wholeHost ? 'shown' : 'empty');
}

/**
 * These and, under another name, what they make of `from` and of all that lies in it. The name must lie where nothing is.
 */
export function alsoAt(name: string, from: string, layers: readonly Layer[], wholeHost: boolean): Layer[] {
  const kind = kindAt(from, layers, wholeHost);
  if (!isOfHost(kind)) return [...layers];
  const inside = layers.filter(({ at }) => at !== from && isWithin(at, from));
  const moved = inside.map((layer) => ({ ...layer, at: `${name}${layer.at.slice(from === '/' ? 0 : from.length)}` }));
  return sorted([...layers, { kind, at: name, from }, ...moved]);
}

/** Whether what lies there is what lies there on the host. */
export function isOfHost(kind: Kind): boolean {
  return kind === 'shown' || kind === 'writable' || kind === 'own';
}

/** A user who may write in a directory can replace the files in it, and tenement would take them for its own. */
function assertWritableIsApart({ writable, own, socketDirs, secretDirs, secretFiles }: Places): void {
  for (const path of [...socketDirs, ...secretDirs, ...secretFiles]) {
    const shared = writable.find((dir) => isWithin(path, dir) && !isWithinAny(dir, own));
    if (shared !== undefined)
      throw new OverlapError(`tenants may not write in ${shared}: ${path} lies in it, which is hidden from them`);
  }
}

function assertOwnIsApart({ own, hidden, socketDirs, secretDirs, secretFiles }: Places): void {
  for (const path of [...hidden, ...socketDirs, ...secretDirs, ...secretFiles]) {
    const owner = own.find((dir) => isWithin(path, dir));
    if (owner !== undefined)
      throw new OverlapError(`${path} has to be hidden from tenants, but lies in ${owner}, which is one tenant's own`);
  }
}

/** Without those that change nothing of what they lie in. */
function withoutIdle(kinds: ReadonlyMap<string, Kind>, { wholeHost }: Places): Layer[] {
  const kept = new Map<string, Kind>();
  for (const { at, kind } of sorted([...kinds].map(([at, kind]) => ({ at, kind, from: at })))) {
    const above = upwards(at).find((path) => kept.has(path));
    const around = kept.get(above ?? '') ?? (wholeHost ? 'shown' : 'empty');
    const hidesNothing = !isOfHost(around) && (kind === 'empty' || kind === 'blank');
    const isIdle = around === kind || around === 'own' || hidesNothing;
    if (!isIdle) kept.set(at, kind);
  }
  return [...kept].map(([at, kind]) => ({ kind, at, from: at }));
}

function sorted(layers: readonly Layer[]): Layer[] {
  return [...layers].sort((a, b) => depthOf(a.at) - depthOf(b.at) || (a.at < b.at ? -1 : 1));
}

/** Directories just below these are made for one program; nearer to the root they are shared by many. */
const SHARED_DEPTH = 2;

/**
 * The directory of a socket, so that one which is made anew is hidden as well; only the socket where what is shown lies
 * in the same directory, or much else may.
 */
function socketMasks(layers: readonly Layer[], { sockets, shown, writable, wholeHost }: Places): Layer[] {
  const needed = [...shown, ...writable, ...layers.filter(({ kind }) => kind !== 'empty').map(({ at }) => at)];
  return sockets
    .filter((path) => ['shown', 'writable'].includes(kindAt(path, layers, wholeHost)))
    .map((path): Layer => {
      const dir = dirname(path);
      const isApart = depthOf(dir) > SHARED_DEPTH && !needed.some((one) => isWithin(one, dir));
      return isApart ? { kind: 'empty', at: dir, from: dir } : { kind: 'blank', at: path, from: path };
    });
}
