/** What came of one attempt on another tenant, as `tenement verify` reports it. Pure. */
import type { Answer, Outcome } from './attempt.ts';

export const KINDS = [
  'files',
  'logs',
  'secrets',
  'sockets',
  'ports',
  'processes',
  'state',
  'databases',
  'requests',
] as const;
export type Kind = (typeof KINDS)[number];

/**
 * `leak`: reached, though it should be separate. `not_separated`: reached, as the documentation says of this level of
 * isolation. `not_tried`: nothing was learned, for an ordinary reason. `failed`: nothing was learned, and should have
 * been.
 */
export type Result = 'refused' | 'absent' | 'leak' | 'not_separated' | 'not_tried' | 'failed';

export interface Finding {
  readonly kind: Kind;
  readonly what: string;
  /** The instance or tenant that tries. */
  readonly from: string;
  /** The instance or tenant that it tries to reach. `tenement`: tenement itself. */
  readonly to: string;
  readonly result: Result;
  readonly detail: string;
  /** `not_separated`: why this level does not separate it. */
  readonly reason?: string;
}

export type Attempted = Pick<Finding, 'kind' | 'what' | 'from' | 'to'>;

/** From the most to the least serious. */
const GRAVITY: readonly Outcome[] = ['reached', 'refused', 'absent', 'untried'];

/**
 * Judges the answers to one attempt, which may have several parts: the most serious counts. An answer that is missing
 * makes it fail, unless another part was reached.
 * @param reason why this level does not separate this kind; null: it does
 */
export function judge(attempted: Attempted, answers: readonly (Answer | undefined)[], reason: string | null): Finding {
  const given = answers.filter((answer) => answer !== undefined);
  const worst = GRAVITY.flatMap((outcome) => given.filter((answer) => answer.outcome === outcome))[0];
  if (worst?.outcome === 'reached') return reached(attempted, worst.detail, reason);
  if (worst === undefined || given.length < answers.length)
    return { ...attempted, result: 'failed', detail: 'the probe inside did not answer' };
  return { ...attempted, result: worst.outcome === 'untried' ? 'not_tried' : worst.outcome, detail: worst.detail };
}

function reached(attempted: Attempted, detail: string, reason: string | null): Finding {
  if (reason === null) return { ...attempted, result: 'leak', detail };
  return { ...attempted, result: 'not_separated', detail, reason };
}

export interface VerifyOutcome {
  readonly tenants: readonly [string, string];
  readonly findings: readonly Finding[];
  /** What was done beside the attempts, one sentence each. */
  readonly notes: readonly string[];
}

/** @param allowsShared whether what a level does not separate counts as passed */
export function passes({ findings }: Pick<VerifyOutcome, 'findings'>, allowsShared: boolean): boolean {
  const bad: readonly Result[] = allowsShared ? ['leak', 'failed'] : ['leak', 'failed', 'not_separated'];
  return findings.every(({ result }) => !bad.includes(result));
}
