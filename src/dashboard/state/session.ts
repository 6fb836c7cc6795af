/** The session of the page: begun by the link, found again, ended. */
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

/** Where the link leads. A browser that stays there was not logged in by it. */
const LINK_PATH = '/login';

const NOT_VALID = {
  code: 'unauthorized',
  detail: 'the login link is not valid: it was used already, or is over a minute old',
  hint: 'Run `tenement ui` again.',
};

/** Finds the session that the link has begun, or that of before. */
export async function begin(): Promise<void> {
  whenLoggedOut(() => {
    sessionState.value = { kind: 'out', problem: null };
  });
  const isRefused = location.pathname === LINK_PATH;
  if (isRefused) replaceWith('/#/');
  try {
    sessionState.value = { kind: 'in', session: await getJson<SessionView>('/api/session') };
  } catch (error) {
    const problem = error instanceof ApiError ? error : null;
    sessionState.value = { kind: 'out', problem: problem?.status === 401 ? refusal(isRefused) : problem };
  }
}

/** Without a link it is no error that nobody is logged in. */
function refusal(isRefused: boolean): ApiError | null {
  return isRefused ? new ApiError(401, NOT_VALID) : null;
}

export async function logOut(): Promise<void> {
  await change('DELETE', '/api/session').catch(() => null);
  sessionState.value = { kind: 'out', problem: null };
}
