/** A stream of server-sent events that comes back by itself, and rests while nobody looks at the page. */
import { backOffMs } from '../model/back-off.ts';
import { EventReader, type ServerSentEvent } from '../model/sse.ts';
import { ApiError, send } from './api.ts';

/** The server sends something at least every 15 s. */
const SILENCE_MS = 45_000;

export type StreamState = 'connecting' | 'open' | 'lost' | 'resting' | 'ended';

export interface StreamOptions {
  /** Where the stream continues now. */
  address(): string | Promise<string>;
  onEvents(events: readonly ServerSentEvent[]): void;
  onState(state: StreamState, error: ApiError | null): void;
}

/** Errors that are the same at the next try. */
function isFinal(error: unknown): error is ApiError {
  return error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429;
}

export class EventStream {
  private readonly options: StreamOptions;
  private readonly stopped = new AbortController();
  private attempt: AbortController | null = null;
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: StreamOptions) {
    this.options = options;
    const { signal } = this.stopped;
    document.addEventListener('visibilitychange', () => this.onVisibility(), { signal });
    addEventListener('online', () => this.retryNow(), { signal });
    this.onVisibility();
  }

  stop(): void {
    this.stopped.abort();
    this.disconnect();
  }

  /** Reads from the address anew. */
  restart(): void {
    this.disconnect();
    if (!this.stopped.signal.aborted) this.onVisibility();
  }

  private onVisibility(): void {
    if (document.visibilityState === 'hidden') {
      this.disconnect();
      this.options.onState('resting', null);
    } else if (this.attempt === null) {
      this.failures = 0;
      this.connect();
    }
  }

  private retryNow(): void {
    if (this.failures > 0) this.restart();
  }

  private disconnect(): void {
    clearTimeout(this.timer);
    this.attempt?.abort();
    this.attempt = null;
  }

  private connect(): void {
    clearTimeout(this.timer);
    const attempt = new AbortController();
    this.attempt = attempt;
    if (this.failures === 0) this.options.onState('connecting', null);
    this.read(attempt).then(
      () => this.onEnd(attempt, null),
      (error: unknown) => this.onEnd(attempt, error),
    );
  }

  private async read(attempt: AbortController): Promise<void> {
    const address = await this.options.address();
    const response = await send(address, { accept: 'text/event-stream', signal: attempt.signal });
    if (response.body === null) return;
    this.failures = 0;
    this.options.onState('open', null);
    const reader = new EventReader();
    const pieces = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const silence = setTimeout(() => attempt.abort(), SILENCE_MS);
      const piece = await pieces.read().finally(() => clearTimeout(silence));
      if (piece.done || attempt.signal.aborted) return;
      const events = reader.push(piece.value);
      if (events.length > 0) this.options.onEvents(events);
    }
  }

  private onEnd(attempt: AbortController, error: unknown): void {
    // Another attempt has begun, or none is wanted.
    if (this.attempt !== attempt) return;
    attempt.abort();
    if (isFinal(error)) {
      this.options.onState('ended', error);
      return;
    }
    this.failures += 1;
    this.options.onState('lost', error instanceof ApiError ? error : null);
    this.timer = setTimeout(() => this.connect(), backOffMs(this.failures, Math.random()));
  }
}
