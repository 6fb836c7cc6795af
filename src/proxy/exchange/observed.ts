/** One request as it is measured: its time to the head of its answer, and why tenement answered itself. */
import type { RequestMeasures } from '../../core/observing/request-measures.ts';
import { ERROR_CODES, type ErrorCode } from '../../errors.ts';
import type { Route } from '../routing/route.ts';

export class Observed {
  private readonly measures: Pick<RequestMeasures, 'answered' | 'refused'>;
  private readonly route: Route;
  private readonly beganAtMs = performance.now();

  constructor({ measures }: { readonly measures: Observed['measures'] }, route: Route) {
    this.measures = measures;
    this.route = route;
  }

  /** The head of the answer is about to be sent. */
  answered(status: number): void {
    this.measures.answered(this.route.instance, status, performance.now() - this.beganAtMs);
  }

  /** tenement is about to answer with an error. */
  refused(code: ErrorCode): void {
    this.measures.refused(code);
    this.answered(ERROR_CODES[code].httpStatus);
  }
}
