/** Who is logged in, and the way there. */
import { computed, signal } from '@preact/signals';
import type { SessionView } from '../../core/dashboard/views.ts';
import { permissionsOf } from '../model/permissions.ts';
import { ApiError, change, getJson, whenLoggedOut } from './api.ts';
import { replaceWith } from './location.ts';

export type SessionState =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'in'; readonly session: SessionView }
  | { readonly kind: 'out'; readonly problem: ApiError | null };

export const sessionState = signal<SessionState>({ kind: 'unknown' });

const NOTHING = { scope: 'none', can: [] } as const;

export const permissions = computed(() =>
  permissionsOf(sessionState.value.kind === 'in' ? sessionState.value.session : NOTHING),
);

/** Logs in with the code of the link, which leaves the address at once, or finds the session of before. */
export async function begin(): Promise<void> {
  whenLoggedOut(() => {
    sessionState.value = { kind: 'out', problem: null };
  });
  const code = takeCode();
  try {
    if (code !== null) await change('POST', '/api/session', { code });
    sessionState.value = { kind: 'in', session: await getJson<SessionView>('/api/session') };
  } catch (error) {
    const problem = error instanceof ApiError ? error : null;
    // Without a code it is no error that nobody is logged in.
    sessionState.value = { kind: 'out', problem: code === null && problem?.status === 401 ? null : problem };
  }
}

function takeCode(): string | null {
  const match = /^#login=([^&]+)$/.exec(location.hash);
  if (match === null) return null;
  replaceWith('#/');
  return match[1] ?? null;
}

/** A link that is opened in a tab with the dashboard changes only the fragment. */
export function watchForCode(): void {
  addEventListener('hashchange', () => {
    if (location.hash.startsWith('#login=')) void begin();
  });
}

export async function logOut(): Promise<void> {
  await change('DELETE', '/api/session').catch(() => null);
  sessionState.value = { kind: 'out', problem: null };
}
