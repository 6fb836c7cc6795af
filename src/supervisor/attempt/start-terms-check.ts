/** Compares what an instance's process was started with to what the next one would be started with. */
import { startTerms } from '../../core/lifecycle/start-terms.ts';
import type { Launcher, LaunchRequest } from '../../core/ports.ts';
import type { RecordKeeper } from '../instance/record-keeper.ts';
import type { CurrentProcess } from './current-process.ts';

export interface StartTermsOptions {
  readonly current: CurrentProcess;
  readonly records: RecordKeeper;
  readonly launcher: Pick<Launcher, 'spec'>;
  /** Returns the request for the next process. */
  request(): LaunchRequest;
}

export class StartTermsCheck {
  private readonly options: StartTermsOptions;

  constructor(options: StartTermsOptions) {
    this.options = options;
  }

  /** Whether the process was started with another config than a new one would be. */
  get isOutdated(): boolean {
    const { current, launcher, request } = this.options;
    return current.record !== null && current.record.spec !== launcher.spec(request());
  }

  /** Whether the last crash, or the current start, was on other terms than the current ones. */
  get isRenewed(): boolean {
    const { current, records, launcher, request } = this.options;
    const terms = current.exists ? current.terms : (records.record.crashes.terms ?? null);
    if (terms === null) return false;
    const next = request();
    return terms !== startTerms(launcher.spec(next), next.service);
  }
}
