/** The output of instances as a host program reads and follows it. */
import type { Parts } from '../../compose.ts';
import { followLog } from '../../core/following/follow-log.ts';
import { assertLogFilter } from '../../core/input/library/event-input.ts';
import { namedInstance } from '../../core/lifecycle/instance.ts';
import type { LogFilter, LogLine } from '../../core/stores/log-store.ts';
import type { Call } from '../calls.ts';
import { type Followers, followLater } from '../follower.ts';

/** Which lines to follow. */
export interface FollowLogFilter extends LogFilter {
  /** Goes on with later lines. */
  readonly follow: true;
  /** Ends the iteration, without an error, when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

interface LogsDeps {
  readonly parts: Pick<Parts, 'logs' | 'events' | 'supervisor'>;
  readonly followers: Followers;
  readonly call: Call;
}

/** Reads lines, or follows them from the first `next` on. @throws {TenementError} for a log that is to be followed */
export function libraryLogs(
  { parts, followers, call }: LogsDeps,
  instance: string,
  filter: LogFilter | FollowLogFilter,
): Promise<LogLine[]> | AsyncIterableIterator<LogLine> {
  if (!('follow' in filter) || filter.follow !== true)
    return call(() => parts.logs.read(known(instance, filter, parts), filter));
  const { follow: _follow, signal, ...lines } = filter;
  const name = known(instance, filter, parts);
  return followLater(() => followLog(parts, name, lines), { followers, signal });
}

/** @throws {TenementError} `bad_input`, `bad_id`, `unknown_tenant` */
function known(instance: string, filter: LogFilter, { supervisor }: Pick<Parts, 'supervisor'>) {
  assertLogFilter(filter);
  const name = namedInstance(instance);
  supervisor.get(name);
  return name;
}
