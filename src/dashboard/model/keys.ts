/** What keys do. Pure. */

/** How long the second key of a sequence may take. */
const SEQUENCE_MS = 1500;

export const GO_TO: Readonly<Record<string, string>> = {
  o: '#/',
  t: '#/tenants',
  i: '#/instances',
  e: '#/events',
  h: '#/host',
};

export type KeyAction =
  | { readonly kind: 'go'; readonly path: string }
  | { readonly kind: 'search' | 'help' | 'next' | 'previous' | 'first' | 'last' | 'open' | 'back' }
  | { readonly kind: 'tab'; readonly index: number };

/** When `g` was pressed, ms; null: it was not the last key. */
export type KeyState = number | null;

const SINGLE: Readonly<Record<string, KeyAction>> = {
  '/': { kind: 'search' },
  '?': { kind: 'help' },
  j: { kind: 'next' },
  k: { kind: 'previous' },
  G: { kind: 'last' },
  o: { kind: 'open' },
  u: { kind: 'back' },
};

export function pressed(
  state: KeyState,
  key: string,
  nowMs: number,
): { readonly state: KeyState; readonly action: KeyAction | null } {
  if (state !== null && nowMs - state <= SEQUENCE_MS) {
    const path = Object.hasOwn(GO_TO, key) ? GO_TO[key] : undefined;
    if (path !== undefined) return { state: null, action: { kind: 'go', path } };
    if (key === 'g') return { state: null, action: { kind: 'first' } };
  }
  if (key === 'g') return { state: nowMs, action: null };
  if (/^[1-9]$/.test(key)) return { state: null, action: { kind: 'tab', index: Number(key) - 1 } };
  return { state: null, action: (Object.hasOwn(SINGLE, key) ? SINGLE[key] : undefined) ?? null };
}
