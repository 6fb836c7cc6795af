/** The output of one instance, followed, bounded, and searched by the server. */
import { type Signal, signal } from '@preact/signals';
import { LogLines, type LogSnapshot } from '../model/log-lines.ts';
import { type ApiError, path } from './api.ts';
import { EventStream, type StreamState } from './event-stream.ts';

export interface LogQuery {
  readonly instance: string;
  /** Only lines with this text. */
  readonly grep: string;
  readonly stderr: boolean;
}

/** Lines that are read before those to come. */
const FIRST_LINES = 500;
/** Screens are not drawn more often. */
const DRAW_MS = 150;

export class LogFollower {
  readonly lines: Signal<LogSnapshot> = signal({ lines: [], held: 0, dropped: 0 });
  readonly state = signal<StreamState>('connecting');
  readonly problem = signal<ApiError | null>(null);
  readonly paused = signal(false);
  private readonly buffer = new LogLines();
  private readonly stream: EventStream;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(query: LogQuery) {
    this.stream = new EventStream({
      address: () => this.address(query),
      onEvents: (events) => {
        for (const { data } of events) this.buffer.add(JSON.parse(data));
        this.timer ??= setTimeout(() => this.draw(), DRAW_MS);
      },
      onState: (state, problem) => {
        this.state.value = state;
        this.problem.value = problem;
      },
    });
  }

  setPaused(paused: boolean): void {
    this.paused.value = paused;
    this.buffer.setPaused(paused);
    this.draw();
  }

  clear(): void {
    this.buffer.clear();
    this.draw();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.stream.stop();
  }

  /** After a break it continues with the time of the last line, whose lines are not shown twice. */
  private address({ instance, grep, stderr }: LogQuery): string {
    const since = this.buffer.continueAt();
    const query = new URLSearchParams({
      follow: 'true',
      ...(since === null ? { tail: String(FIRST_LINES) } : { since }),
      ...(grep !== '' && { grep }),
      ...(stderr && { stderr: 'true' }),
    });
    return `${path`/api/instances/${instance}/logs`}?${query}`;
  }

  private draw(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.lines.value = this.buffer.snapshot();
  }
}
