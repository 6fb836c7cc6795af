/** Receivers of notifications as a host program sees them. */
import { LIBRARY } from '../../core/access/actor.ts';
import { assertTexts } from '../../core/input/library/event-input.ts';
import type { NotifyPort, NotifyTargetView, NotifyTestResult } from '../../core/notify/notify-port.ts';
import type { Call } from '../calls.ts';

/** The receivers that `[[notify]]` names. */
export interface Notifications {
  /** Lists the receivers, with what is pending for each. */
  list(): Promise<NotifyTargetView[]>;
  /** Sends a test message to one receiver, or to all, once. @throws {TenementError} `bad_input`, `unknown_receiver` */
  test(url?: string): Promise<NotifyTestResult[]>;
}

export function libraryNotifications(notify: NotifyPort, call: Call): Notifications {
  return {
    list: () => call(() => notify.list()),
    test: (url) =>
      call(() => {
        assertTexts({ url });
        return notify.test(url, LIBRARY);
      }),
  };
}
