/** Notifications of the served config. What delivers them is loaded when the config has a target. */
import type { Actor } from '../core/access/actor.ts';
import type { NotifyCounts, NotifyPort, NotifyTargetView, NotifyTestResult } from '../core/notify/notify-port.ts';
import type { NotifyTarget } from '../core/notify/notify-target.ts';
import { TenementError } from '../errors.ts';
import { detached } from '../faults.ts';
import type { Notifier, NotifierDeps } from '../notify/notifier.ts';
import type { RegistryOutbox } from '../registry/events/outbox.ts';
import { whenWritable } from '../registry/patience.ts';

/** How long the end waits for answers to messages that are on their way. */
const CLOSE_GRACE_MS = 5000;

export interface NotificationsDeps extends Omit<NotifierDeps, 'outbox'> {
  readonly outbox: RegistryOutbox;
}

export class Notifications implements NotifyPort {
  private readonly deps: NotificationsDeps;
  private targets: readonly NotifyTarget[] = [];
  private notifier: Notifier | null = null;
  private loading: Promise<void> | null = null;
  private isClosed = false;

  constructor(deps: NotificationsDeps) {
    this.deps = deps;
  }

  /** Replaces the targets: from now on, events become messages for these. */
  apply(targets: readonly NotifyTarget[]): void {
    const { outbox, logger } = this.deps;
    this.targets = targets;
    outbox.follow(targets);
    whenWritable(() => outbox.removeOthers()).catch((error) => {
      logger.warn({ err: error }, 'messages for removed [[notify]] targets stay until the next start or reload');
    });
    this.notifier?.apply(targets);
    if (targets.length > 0) detached(logger, { part: 'notify' }, this.loaded());
  }

  async list(): Promise<NotifyTargetView[]> {
    await this.loading;
    return this.notifier?.list() ?? [];
  }

  counts(): NotifyCounts[] {
    return this.notifier?.counts() ?? [];
  }

  async test(url: string | undefined, by: Actor): Promise<NotifyTestResult[]> {
    await this.loading;
    if (this.notifier === null) throw new TenementError('unknown_receiver', 'the config has no [[notify]]');
    return this.notifier.test(url, by);
  }

  /** Messages that are not delivered by then stay for the next server. @param hurry when it aborts, nothing is waited for */
  async close(hurry?: AbortSignal): Promise<void> {
    this.isClosed = true;
    await this.loading;
    await this.notifier?.close(CLOSE_GRACE_MS, hurry);
  }

  private loaded(): Promise<void> {
    this.loading ??= this.load();
    return this.loading;
  }

  private async load(): Promise<void> {
    const module = await import('../notify/notifier.ts');
    if (this.isClosed) return;
    this.notifier = new module.Notifier(this.deps);
    this.notifier.apply(this.targets);
  }
}
