/** Admits connections while there is room. Others get an immediate refusal that tells the client to retry. */
import type { Socket } from 'node:net';
import {
  ConnectionLimiter,
  type ConnectionLimits,
  type TrackedConnection,
} from './core/admission/connection-limiter.ts';
import type { TurnedAway } from './core/admission/turned-away.ts';
import { clientOf } from './core/routing/address.ts';
import { inside } from './faults.ts';
import type { Logger } from './logger.ts';

/**
 * Closing a connection with an unread request may keep a refusal from its client, so some connections are read for a
 * moment.
 */
const LINGER_MS = 250;
const MAX_LINGERING = 16;
/** Turns of the event loop in which everything that a client has sent is read. */
const TURNS_TO_READ = 3;

export interface ConnectionCapOptions {
  /** Name of the listener in the log. */
  readonly listener: string;
  readonly limits: ConnectionLimits;
  readonly turnedAway: TurnedAway;
  readonly logger: Logger;
  /** Returns the whole response to a connection that is refused. */
  answer(): string;
}

type IdleMs = (nowMs: number) => number;

export class ConnectionCap {
  private readonly options: ConnectionCapOptions;
  private readonly limiter: ConnectionLimiter;
  private lingering = 0;

  constructor(options: ConnectionCapOptions) {
    this.options = options;
    this.limiter = new ConnectionLimiter(options.limits);
  }

  /**
   * Admits a connection, or answers and closes it. Returns whether it was admitted; the caller must drop it otherwise.
   * @param client the client that the connection counts for, as in `ConnectionLimiter`; null: none
   * @param answer returns the whole response to a connection that is refused. Default: that of the options
   */
  admit(socket: Socket, client: string | null, idleMs: IdleMs, answer = this.options.answer): boolean {
    const connection = new TrackedSocket(socket, client, idleMs, this.limiter);
    const nowMs = performance.now();
    const entry = this.limiter.enter(connection, nowMs);
    if (entry === 'entered') {
      socket.once('close', () => this.limiter.leave(connection));
      return true;
    }
    this.tell(entry === 'client-full' ? client : null, nowMs);
    this.turnAway(socket, answer());
    return false;
  }

  /**
   * Counts something that takes as much as a connection of the client, such as a further request under way on one. Returns
   * what ends that; null: there is no room.
   */
  admitRequest(client: string | null): (() => void) | null {
    const request = new TrackedRequest(client);
    const nowMs = performance.now();
    const entry = this.limiter.enter(request, nowMs);
    if (entry === 'entered') return () => this.limiter.leave(request);
    this.tell(entry === 'client-full' ? client : null, nowMs);
    return null;
  }

  private tell(client: string | null, nowMs: number): void {
    const { listener, limits, turnedAway, logger } = this.options;
    const limit = client === null ? limits.inAll : limits.perClient;
    const note = turnedAway.count(listener, client, limit, nowMs);
    if (note !== null) logger.warn({ ...note, open: this.limiter.size }, 'connections turned away: too many are open');
  }

  private turnAway(socket: Socket, answer: string): void {
    socket.on('error', () => {});
    if (this.lingering >= MAX_LINGERING) return void socket.end(answer, () => socket.destroy());
    this.lingering += 1;
    const timer = setTimeout(
      inside(socket, () => socket.destroy()),
      LINGER_MS,
    ).unref();
    socket.once('close', () => {
      clearTimeout(timer);
      this.lingering -= 1;
    });
    socket.end(answer);
    socket.resume();
  }
}

class TrackedSocket implements TrackedConnection {
  readonly client: string | null;
  private readonly idleSince: IdleMs;
  private readonly socket: Socket;
  private readonly limiter: ConnectionLimiter;

  constructor(socket: Socket, client: string | null, idleMs: IdleMs, limiter: ConnectionLimiter) {
    this.socket = socket;
    this.client = client;
    this.idleSince = idleMs;
    this.limiter = limiter;
  }

  /** A closed connection that a fault kept in the count gives way at once. */
  idleMs(nowMs: number): number {
    return this.socket.closed ? Number.POSITIVE_INFINITY : this.idleSince(nowMs);
  }

  /** Closes the connection, after reading what has arrived: a request may have waited in the kernel. */
  giveWay(turns = TURNS_TO_READ): void {
    if (this.socket.destroyed) return;
    if (this.idleMs(performance.now()) === 0) this.limiter.add(this);
    else if (turns === 0) this.socket.destroy();
    else setImmediate(inside(this.socket, () => this.giveWay(turns - 1)));
  }
}

/** A request is never idle, and so gives way to nothing. */
class TrackedRequest implements TrackedConnection {
  readonly client: string | null;

  constructor(client: string | null) {
    this.client = client;
  }

  idleMs(): number {
    return 0;
  }

  giveWay(): void {}
}

/** Returns the client that a connection counts for; null when its address stands for many (`isExempt`). */
export function clientOfSocket(socket: Socket, isExempt: (peer: string) => boolean): string | null {
  const peer = socket.remoteAddress ?? '';
  return isExempt(peer) ? null : clientOf(peer);
}
