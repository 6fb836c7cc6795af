/** The proof that a tenant may use a domain: a TXT record that only the owner of the domain can make. Pure. */

export interface Verification {
  /** What the TXT record must hold. */
  readonly token: string;
  /** Ms since the epoch; null: it has not been found yet. */
  readonly verifiedAtMs: number | null;
  /** How often DNS was asked. */
  readonly checks: number;
  /** When DNS was asked last, ms since the epoch; null: never. */
  readonly checkedAtMs: number | null;
  /** When DNS is asked next, ms since the epoch; null: only when somebody asks for it. */
  readonly nextCheckAtMs: number | null;
  /** Why it was not verified, as a clause; null: it was, or was not looked for yet. */
  readonly problem: string | null;
}

/** What DNS said. */
export type TxtAnswer =
  | { readonly texts: readonly string[] }
  /** Why there is no answer, as a clause. */
  | { readonly problem: string };

const FIRST_CHECK_MS = 5_000;
const LONGEST_PAUSE_MS = 60 * 60_000;
/** After this time a record that was not made will hardly come by itself. */
const WATCHED_MS = 14 * 24 * 60 * 60_000;

/** Returns the name of the TXT record. */
export function recordName(host: string): string {
  return `_tenement.${host}`;
}

export function verificationOf(token: string, nowMs: number): Verification {
  const nextCheckAtMs = nowMs + FIRST_CHECK_MS;
  return { token, verifiedAtMs: null, checks: 0, checkedAtMs: null, nextCheckAtMs, problem: null };
}

/** Returns the verification after DNS was asked. @param addedAtMs when the domain was added, ms since the epoch */
export function afterCheck(before: Verification, answer: TxtAnswer, addedAtMs: number, nowMs: number): Verification {
  const problem = problemOf(answer, before.token);
  const checks = before.checks + 1;
  const checked = { ...before, checks, checkedAtMs: nowMs, problem };
  if (problem === null) return { ...checked, verifiedAtMs: nowMs, nextCheckAtMs: null };
  return { ...checked, nextCheckAtMs: nextCheckAtMs(checks, addedAtMs, nowMs) };
}

/** Returns the verification when the record was found, but the host is another tenant's by now. */
export function afterLoss(before: Verification, problem: string, nowMs: number): Verification {
  return { ...before, verifiedAtMs: null, checkedAtMs: nowMs, nextCheckAtMs: null, problem };
}

/** The pause doubles from 5 seconds to an hour, for two weeks. */
function nextCheckAtMs(checks: number, addedAtMs: number, nowMs: number): number | null {
  if (nowMs - addedAtMs >= WATCHED_MS) return null;
  return nowMs + Math.min(LONGEST_PAUSE_MS, FIRST_CHECK_MS * 2 ** Math.min(checks, 20));
}

function problemOf(answer: TxtAnswer, token: string): string | null {
  if ('problem' in answer) return answer.problem;
  const texts = answer.texts.map(plain);
  if (texts.includes(token)) return null;
  if (texts.length === 0) return 'there is no such TXT record yet';
  return `the TXT record holds another text, ${JSON.stringify(texts[0]?.slice(0, 80))}`;
}

/** Some pages of DNS providers store the quotation marks that others ask for. */
function plain(text: string): string {
  return text.trim().replace(/^"(.*)"$/, '$1');
}
