/** A start that did not end in `ready`, with the last output of the process. */
import type { InstanceView } from '../../core/verbs/verbs.ts';
import { TenementError } from '../../errors.ts';
import { terminalText } from './terminal-text.ts';

export class StartFailure extends TenementError {
  /** Last lines of output, oldest first, safe for a terminal. */
  readonly lastLines: readonly string[];

  constructor(view: InstanceView) {
    super('start_failed', `${view.instance} did not start: ${view.lastExit?.detail ?? view.reason}`);
    this.lastLines = (view.lastExit?.lastLines ?? []).map(terminalText);
  }
}

/** @throws {StartFailure} unless the instance is ready */
export function assertReady(view: InstanceView): void {
  if (view.state !== 'ready') throw new StartFailure(view);
}
