/** Usage as the API and the library offer it. */
import type { Tally } from './tally.ts';
import type { UsageInput, UsagePage } from './usage-query.ts';

export interface UsageFace {
  /**
   * Returns one page of rows, by tenant and then by time.
   * @param sees whether a tenant's rows are included; default: all are
   * @throws {TenementError} `bad_input`, `bad_id`, `state_failed`
   */
  page(input: UsageInput, sees?: (tenantId: string) => boolean): Promise<UsagePage>;
  /** Returns what each tenant has used since the server has started. */
  sinceStart(): Iterable<readonly [tenantId: string, used: Readonly<Tally>]>;
}
