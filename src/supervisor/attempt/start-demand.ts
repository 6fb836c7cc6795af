/** The demand for an instance's start: held requests, an operator, or the server itself. */
import { BY_OPERATOR, BY_SERVER, type Demand } from '../../core/admission/demand.ts';
import type { State } from '../../core/lifecycle/instance.ts';
import type { RequestGate } from '../serving/request-gate.ts';

/** States in which an operator's command is not done yet. */
const UNDER_WAY: readonly State[] = ['starting', 'draining', 'stopping'];

export class StartDemand {
  private readonly gate: Pick<RequestGate, 'held' | 'heldFor'>;
  private isAskedFor = false;
  private isForRequests = false;

  constructor(gate: Pick<RequestGate, 'held' | 'heldFor'>) {
    this.gate = gate;
  }

  get now(): Demand {
    if (this.gate.held > 0) return { by: 'request', client: this.gate.heldFor };
    return this.isAskedFor ? BY_OPERATOR : BY_SERVER;
  }

  /** Whether the current start serves only requests, so that it can be abandoned when they are gone. */
  get isForRequestsAlone(): boolean {
    return this.isForRequests;
  }

  /** Notes that an operator is about to ask for something. */
  ask(): void {
    this.isAskedFor = true;
  }

  /** The operator's command was accepted: a start under way is completed even if all clients leave. */
  asked(): void {
    this.isForRequests = false;
  }

  started(isForRequests: boolean): void {
    this.isForRequests = isForRequests;
  }

  entered(state: State): void {
    if (!UNDER_WAY.includes(state)) this.isAskedFor = false;
  }
}
