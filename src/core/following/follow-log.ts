/** The past and future output of an instance. */
import { matchesFilter } from '../input/log-format.ts';
import type { InstanceName } from '../lifecycle/instance.ts';
import type { EventLog } from '../stores/event-log.ts';
import type { LogFilter, LogLine, LogStore } from '../stores/log-store.ts';
import { FollowQueue } from './follow-queue.ts';
import { notYetRead } from './log-history.ts';

export interface FollowedLog {
  readonly history: readonly LogLine[];
  /** Lines after the history. Ends when the instance is unregistered. */
  readonly queue: FollowQueue<LogLine>;
  /** Unsubscribes, and ends the queue. */
  stop(): void;
}

interface FollowedStores {
  readonly logs: Pick<LogStore, 'read' | 'subscribe'>;
  readonly events: Pick<EventLog, 'subscribe'>;
}

/** Subscribes before it reads, so that no line is missed between the two. */
export async function followLog(
  { logs, events }: FollowedStores,
  name: InstanceName,
  filter: LogFilter,
): Promise<FollowedLog> {
  const queue = new FollowQueue<LogLine>((line) => line.text.length + 100);
  const unsubscribe = logs.subscribe(name, (line) => {
    if (matchesFilter(line, filter)) queue.push(line);
  });
  const forget = events.subscribe(({ instance, type }) => {
    if (instance === name && type === 'removed') queue.end();
  });
  const stop = () => {
    unsubscribe();
    forget();
    queue.end();
  };
  try {
    const read = await logs.read(name, filter);
    return { history: [...read, ...notYetRead(read, queue.take())], queue, stop };
  } catch (error) {
    stop();
    throw error;
  }
}
