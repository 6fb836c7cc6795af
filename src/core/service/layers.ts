/**
 * Chooses the host's files that an isolated tenant sees, as mounts. Nothing can expose a hidden path: the deepest mount
 * above a path decides, and no mount that shows anything is made inside a hidden path. Pure.
 */
import { dirname } from 'node:path';
import { depthOf, isWithin, isWithinAny, upwards } from './paths.ts';

/** Directories that are empty for a tenant: their contents belong to others, or lead to other services. */
export const HIDDEN = [
  ...['/home', '/root', '/run', '/tmp', '/var/tmp', '/mnt', '/media'],
  // Programs that drop their view of the host bind relative names there (postfix(1)), which no table lists.
  ...['/var/spool', '/sys/fs/cgroup'],
];
/** Those in which programs expect to write. A tenant has memory of its own there (file-hierarchy(7)). */
export const SCRATCH = ['/tmp', '/var/tmp'];

/** All paths are absolute and contain no symbolic link. */
export interface LayerPaths {
  /** Whether the whole host is visible at first; otherwise nothing is. */
  readonly wholeHost: boolean;
  /** Directories that are empty except for what is shown inside. */
  readonly hidden: readonly string[];
  /** Such directories that are writable. */
  readonly scratch: readonly string[];
  /** Directories and files that the config names or a program needs. */
  readonly shown: readonly string[];
  /** Writable paths of the host, which several tenants share. */
  readonly writable: readonly string[];
  /** Directories that directly contain sockets of many tenants. They are empty, but deeper paths may be shown. */
  readonly socketDirs: readonly string[];
  /** Directories of tenement or of other tenants, in which only the tenant's own paths are visible. */
  readonly secretDirs: readonly string[];
  readonly secretFiles: readonly string[];
  /** The tenant's own writable directories. */
  readonly own: readonly string[];
  /**
   * The tenant's own directories that it may only read: its cgroup, by whose limits runtimes size their heaps and thread
   * pools, and the one with its socket to tenement.
   */
  readonly ownReadOnly: readonly string[];
  /** Sockets of the host that must be unreachable. */
  readonly sockets: readonly string[];
  /** Whether a socket can be hidden by itself; otherwise only with its directory. */
  readonly hidesSingleSockets: boolean;
}

export interface Layer {
  /**
   * `shown`: a read-only directory or file. `own`, `writable`: a writable path. `empty`: an empty, read-only directory.
   * `scratch`: a writable directory in memory. `blank`: an empty file that cannot be opened.
   */
  readonly kind: 'shown' | 'writable' | 'own' | 'empty' | 'scratch' | 'blank';
  readonly at: string;
  /** Source path on the host, for layers that show the host. */
  readonly from: string;
}

export type LayerKind = Layer['kind'];

/** The config makes a path both hidden and shown; the message says what to do. */
export class OverlapError extends Error {}

/**
 * Returns layers in an order in which each lies over those before it, and inside those of them that are above its path.
 * @throws {OverlapError} when a path that must be hidden is inside the tenant's own
 */
export function layersFor(places: LayerPaths): Layer[] {
  assertOwnIsApart(places);
  assertWritableIsApart(places);
  const { hidden, scratch, shown, writable, socketDirs, secretDirs, secretFiles, own, ownReadOnly } = places;
  const isSecret = (path: string) => isWithinAny(path, secretDirs) && !isWithinAny(path, own);
  // At the same place the later one wins.
  const kinds = new Map<string, LayerKind>([
    ...hidden.map((path) => [path, 'empty'] as const),
    ...scratch.map((path) => [path, 'scratch'] as const),
    ...shown.filter((path) => !isSecret(path)).map((path) => [path, 'shown'] as const),
    ...writable.filter((path) => !isSecret(path)).map((path) => [path, 'writable'] as const),
    // Scratch hides the host's contents, too.
    ...[...socketDirs, ...secretDirs].map((path) => [path, scratch.includes(path) ? 'scratch' : 'empty'] as const),
    ...secretFiles.map((path) => [path, 'blank'] as const),
    ...own.map((path) => [path, 'own'] as const),
    ...ownReadOnly.map((path) => [path, 'shown'] as const),
  ]);
  const layers = withoutIdle(kinds, places);
  return withoutIdle(new Map([...layers, ...socketMasks(layers, places)].map(({ at, kind }) => [at, kind])), places);
}

/** Returns the kind of a path under these layers. */
export function kindAt(path: string, layers: readonly Layer[], wholeHost: boolean): LayerKind {
  const above = layers.filter(({ at }) => isWithin(path, at));
  return above.sort((a, b) => depthOf(b.at) - depthOf(a.at))[0]?.kind ?? (wholeHost ? 'shown' : 'empty');
}

/** Returns the layers, with `from` and everything in it repeated under another name. Nothing may exist at that name. */
export function alsoAt(name: string, from: string, layers: readonly Layer[], wholeHost: boolean): Layer[] {
  const kind = kindAt(from, layers, wholeHost);
  if (!isOfHost(kind)) return [...layers];
  const inside = layers.filter(({ at }) => at !== from && isWithin(at, from));
  const moved = inside.map((layer) => ({ ...layer, at: `${name}${layer.at.slice(from === '/' ? 0 : from.length)}` }));
  return sorted([...layers, { kind, at: name, from }, ...moved]);
}

/** Whether a path of this kind shows the host's file. */
export function isOfHost(kind: LayerKind): boolean {
  return kind === 'shown' || kind === 'writable' || kind === 'own';
}

/** A user who may write to a directory can replace its files, which tenement would take for its own. */
function assertWritableIsApart({ writable, own, socketDirs, secretDirs, secretFiles }: LayerPaths): void {
  for (const path of [...socketDirs, ...secretDirs, ...secretFiles]) {
    const shared = writable.find((dir) => isWithin(path, dir) && !isWithinAny(dir, own));
    if (shared !== undefined)
      throw new OverlapError(`tenants may not write in ${shared}: ${path} lies in it, which is hidden from them`);
  }
}

function assertOwnIsApart({ own, hidden, socketDirs, secretDirs, secretFiles }: LayerPaths): void {
  for (const path of [...hidden, ...socketDirs, ...secretDirs, ...secretFiles]) {
    const owner = own.find((dir) => isWithin(path, dir));
    if (owner !== undefined)
      throw new OverlapError(`${path} has to be hidden from tenants, but lies in ${owner}, which is one tenant's own`);
  }
}

/** Drops layers that do not change what they are in. */
function withoutIdle(kinds: ReadonlyMap<string, LayerKind>, { wholeHost }: LayerPaths): Layer[] {
  const kept = new Map<string, LayerKind>();
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

/** Directories deeper than this usually belong to one program; those nearer to the root are shared by many. */
const SHARED_DEPTH = 2;

/**
 * Hides the directory of each socket, so that a recreated socket is hidden, too. Only the socket itself is hidden when
 * the same directory contains shown paths, or is likely to contain others.
 * @throws {OverlapError} where only the socket itself would be hidden, and cannot be
 */
function socketMasks(layers: readonly Layer[], places: LayerPaths): Layer[] {
  const { sockets, shown, writable, wholeHost, hidesSingleSockets } = places;
  const leastDepth = hidesSingleSockets ? SHARED_DEPTH + 1 : SHARED_DEPTH;
  const needed = [...shown, ...writable, ...layers.filter(({ kind }) => kind !== 'empty').map(({ at }) => at)];
  return sockets
    .filter((path) => ['shown', 'writable'].includes(kindAt(path, layers, wholeHost)))
    .map((path): Layer => {
      const dir = dirname(path);
      const isApart = depthOf(dir) >= leastDepth && !needed.some((one) => isWithin(one, dir));
      if (isApart) return { kind: 'empty', at: dir, from: dir };
      if (hidesSingleSockets) return { kind: 'blank', at: path, from: path };
      throw new OverlapError(
        `a sandbox with self_api could connect to ${path}: it can be hidden only with its directory, which a tenant needs. ` +
          'Move the socket to a directory of its own, or set read_only_paths to paths without sockets',
      );
    });
}
