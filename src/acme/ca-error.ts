/** An answer of a certificate authority that is none of success, or that there was no answer. */
import { type AcmeProblem, refusal } from '../core/acme/failure-text.ts';

export interface CaErrorOptions {
  /** HTTP status; null: there was no answer. */
  readonly status: number | null;
  readonly problem: AcmeProblem | null;
  /** How long the authority asks to wait, in ms; null: it did not say. */
  readonly retryAfterMs: number | null;
}

export class CaError extends Error implements CaErrorOptions {
  readonly status: number | null;
  readonly problem: AcmeProblem | null;
  readonly retryAfterMs: number | null;

  constructor(message: string, { status, problem, retryAfterMs }: CaErrorOptions) {
    super(message);
    this.status = status;
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether the authority itself has the problem, so that other names would meet it, too. */
  get isOutage(): boolean {
    return this.status === null || this.status >= 500 || this.problem?.type === 'serverInternal';
  }
}

/** Returns the error for an answer with a status of 400 or more. */
export function refused(status: number, problem: AcmeProblem | null, retryAfterMs: number | null): CaError {
  const message = refusal(problem ?? { type: null, detail: '' }, status);
  return new CaError(message, { status, problem, retryAfterMs });
}

export function unreachable(url: string, reason: string): CaError {
  const message = `the CA does not answer at ${new URL(url).host}: ${reason}`;
  return new CaError(message, { status: null, problem: null, retryAfterMs: null });
}
