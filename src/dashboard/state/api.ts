/** Requests to the API. */

/** Of application/problem+json, what a person is told. */
interface ProblemDocument {
  readonly code?: string;
  readonly detail?: string;
  readonly hint?: string;
}

/** An answer that is an error, or no answer. */
export class ApiError extends Error {
  /** 0: the server was not reached. */
  readonly status: number;
  readonly code: string;
  /** What to do; empty when nobody knows. */
  readonly hint: string;

  constructor(status: number, { code = 'unknown', detail, hint = '' }: ProblemDocument) {
    super(detail ?? `the server answered with status ${status}`);
    this.status = status;
    this.code = code;
    this.hint = hint;
  }
}

/** An answer to a request that this page never sends with wrong input takes no longer than this. */
const TIMEOUT_MS = 120_000;

let onLoggedOut: () => void = () => {};

/** Calls `listener` when the server says that there is no session any more. */
export function whenLoggedOut(listener: () => void): void {
  onLoggedOut = listener;
}

export interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  readonly accept?: string;
  readonly signal?: AbortSignal;
}

/** @throws {ApiError} for every answer that is not 2xx, and when there is none */
export async function send(path: string, options: RequestOptions = {}): Promise<Response> {
  const { method = 'GET', body, accept = 'application/json', signal } = options;
  const response = await fetch(path, {
    method,
    headers: { accept, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal !== undefined && { signal }),
    credentials: 'same-origin',
    cache: method === 'GET' ? 'no-cache' : 'no-store',
  }).catch((error: unknown) => {
    if (signal?.aborted === true) throw error;
    throw new ApiError(0, {
      code: 'unreachable',
      detail: 'the server does not answer',
      hint: 'It may be restarting, or the connection to it is lost. The dashboard tries again by itself.',
    });
  });
  if (response.ok) return response;
  const problem: ProblemDocument = await response.json().catch(() => ({}));
  if (response.status === 401 && path !== '/api/session') onLoggedOut();
  throw new ApiError(response.status, problem);
}

export async function getJson<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const response = await send(path, { signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]) });
  return (await response.json()) as Answer;
}

/** Reads JSON lines. */
export async function getLines<Item>(path: string, signal: AbortSignal): Promise<Item[]> {
  const response = await send(path, { accept: 'application/x-ndjson', signal });
  const lines = (await response.text()).split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Item);
}

/** Sends a change. Returns the answer's JSON; null: there is none. */
export async function change<Answer>(
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<Answer | null> {
  const response = await send(path, { method, body });
  if (response.status === 204) return null;
  return (await response.json()) as Answer;
}

/** A path with its parts escaped: `` path`/api/tenants/${id}` ``. */
export function path(strings: TemplateStringsArray, ...parts: readonly string[]): string {
  return strings.map((text, index) => text + encodeURIComponent(parts[index] ?? '')).join('');
}
