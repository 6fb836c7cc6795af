/**
 * Finds the tenant that a path names, and paths that other programs would read differently. Servers in front, caches and
 * applications may decode, merge slashes and resolve dots before they compare a path; a request that names one tenant
 * before that and another one after it is not served. Pure.
 */
import { isLabel } from '../tenants/tenant.ts';

/** What makes the two readings of a path differ. */
const READ_DIFFERENTLY = /%|\/\/|\/\.|\\|;/;
const ESCAPED = /%([0-9a-f]{2})/gi;

export interface PathMatch {
  readonly tenantId: string;
  /** What stands before the application's own path: `/t/acme`. */
  readonly prefix: string;
}

/** Returns what a path names as it is written; null: no tenant. @param path in origin form */
export function pathMatch(path: string, prefix: string): PathMatch | null {
  if (!path.startsWith(prefix)) return null;
  const end = endOfSegment(path, prefix.length);
  const tenantId = path.slice(prefix.length, end);
  return isLabel(tenantId) ? { tenantId, prefix: path.slice(0, end) } : null;
}

function endOfSegment(path: string, from: number): number {
  for (let index = from; index < path.length; index += 1) {
    const character = path[index];
    if (character === '/' || character === '?') return index;
  }
  return path.length;
}

/** Whether the path names another tenant, or none, once it is decoded and resolved. */
export function isAmbiguous(path: string, prefix: string, match: PathMatch | null): boolean {
  const [raw = ''] = path.split('?', 1);
  if (!READ_DIFFERENTLY.test(raw)) return false;
  const plain = resolved(decoded(raw));
  return pathMatch(plain, prefix)?.tenantId !== match?.tenantId;
}

/** Decodes twice: a server in front and an application may each decode once. */
function decoded(path: string): string {
  const once = path.replaceAll(ESCAPED, toCharacter);
  return once.replaceAll(ESCAPED, toCharacter);
}

function toCharacter(_: string, hex: string): string {
  return String.fromCharCode(Number.parseInt(hex, 16));
}

/** Merges slashes, resolves dots (RFC 3986 §5.2.4), and drops parameters of segments (`;x=1`). */
function resolved(path: string): string {
  const kept: string[] = [];
  for (const segment of path.replaceAll('\\', '/').split('/')) {
    const [name = ''] = segment.split(';', 1);
    if (name === '..') kept.pop();
    else if (name !== '' && name !== '.') kept.push(name);
  }
  return `/${kept.join('/')}`;
}

/** Returns the application's own path. */
export function withoutPrefix(path: string, { prefix }: PathMatch): string {
  const rest = path.slice(prefix.length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** Whether one path could match both prefixes, each followed by a tenant's id. */
export function shadow(one: string, other: string): boolean {
  const [short, long] = [one, other].toSorted((a, b) => a.length - b.length) as [string, string];
  if (!long.startsWith(short)) return false;
  const [segment = ''] = long.slice(short.length).split('/', 1);
  return segment === '' || isLabel(segment);
}
