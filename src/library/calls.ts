/** Calls of a host program that take their time. */

import type { Logger } from '../logger.ts';
import { holdEventLoop } from '../node/hold-event-loop.ts';

/** Runs a verb: keeps the program running until it settles, and ends nothing when nobody handles its failure. */
export type Call = <Result>(work: () => Promise<Result> | Result) => Promise<Result>;

/** Returns a way to run verbs. A failure is logged at `debug`, because a caller that does not await it sees nothing. */
export function callsLoggedBy(logger: Logger): Call {
  return (work) => {
    const result = holdEventLoop((async () => work())());
    result.catch((error: unknown) => logger.debug({ err: error }, 'a call of the library failed'));
    return result;
  };
}
