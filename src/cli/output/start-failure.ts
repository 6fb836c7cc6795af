/** Failures of programs on the server, with the last lines that they printed. */

import { failedSentence, type ProvisioningView } from '../../core/provisioning/provisioning-view.ts';
import type { TenantView } from '../../core/verbs/tenant-verbs.ts';
import type { InstanceView } from '../../core/verbs/verbs.ts';
import type { ErrorCode } from '../../errors.ts';
import { TenementError, type TenementErrorOptions } from '../../errors.ts';
import { terminalText } from './terminal-text.ts';

export class ProgramFailure extends TenementError {
  /** Last lines of output, oldest first, safe for a terminal. */
  readonly lastLines: readonly string[];

  constructor(code: ErrorCode, message: string, lastLines: readonly string[], options: TenementErrorOptions = {}) {
    super(code, message, options);
    this.lastLines = lastLines.map(terminalText);
  }
}

/** A start that did not end in `ready`. */
export class StartFailure extends ProgramFailure {
  constructor(view: InstanceView) {
    const message = `${view.instance} did not start: ${view.lastExit?.detail ?? view.reason}`;
    super('start_failed', message, view.lastExit?.lastLines ?? []);
  }
}

/** A hook that failed, so that a tenant is not set up or not purged. */
export class HookFailure extends ProgramFailure {
  constructor(id: string, action: ProvisioningView['action'], failed: NonNullable<ProvisioningView['failed']>) {
    const { lastLines, nextTryAt } = failed;
    const [code, what] =
      action === 'create'
        ? (['provisioning_failed', 'set up'] as const)
        : (['deprovisioning_failed', 'purged'] as const);
    const next = nextTryAt === null ? 'It is tried again later' : `It is tried again at ${nextTryAt}`;
    const why = failedSentence({ ...failed, lastLines: [] }, action);
    super(code, `${id} is not ${what}: ${why}`, lastLines, {
      hint: `${next}; \`tenement tenant provision ${id}\` tries at once.`,
    });
  }
}

/** @throws {HookFailure} when a hook of the tenant has failed */
export function assertProvisioned({ id, provisioning }: TenantView): void {
  const failed = provisioning?.failed ?? null;
  if (provisioning !== null && failed !== null) throw new HookFailure(id, provisioning.action, failed);
}

/** @throws {StartFailure} unless the instance is ready */
export function assertReady(view: InstanceView): void {
  if (view.state !== 'ready') throw new StartFailure(view);
}
