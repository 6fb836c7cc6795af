/** Requests to the API. */

/** Of application/problem+json, what a person is told. */
interface Problem {
  readonly detail?: string;
  readonly hint?: string;
}

/** @throws {Error} with the API's message and hint */
export async function getJson<Answer>(path: string): Promise<Answer> {
  const response = await fetch(path, { headers: { accept: 'application/json' } });
  if (response.ok) return response.json();
  const { detail = response.statusText, hint }: Problem = await response.json().catch(() => ({}));
  throw new Error(hint === undefined ? detail : `${detail}. ${hint}`);
}
