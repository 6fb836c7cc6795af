/** Lets connections in while there is room for them; the others are told to come again, at once. */
import type { Socket } from 'node:net';
import { ConnectionRoom, type Guest, type RoomLimits } from './core/admission/connection-room.ts';
import type { TurnedAway } from './core/admission/turned-away.ts';
import { clientOf } from './core/routing/address.ts';
import { inside } from './faults.ts';
import type { Logger } from './logger.ts';

/** A refusal that is closed with a request unread may not reach its client, so some are read on for a moment. */
const LINGER_MS = 250;
const MAX_LINGERING = 16;
/** Turns of the event loop in which all that a client had sent is read. */
const TURNS_TO_READ = 3;

export interface ConnectionCapOptions {
  /** What the connections are called in the log. */
  readonly listener: string;
  readonly limits: RoomLimits;
  readonly turnedAway: TurnedAway;
  readonly logger: Logger;
  /** The whole answer to those who are turned away. */
  answer(): string;
}

type IdleMs = (nowMs: number) => number;

export class ConnectionCap {
  private readonly options: ConnectionCapOptions;
  private readonly room: ConnectionRoom;
  private lingering = 0;

  constructor(options: ConnectionCapOptions) {
    this.options = options;
    this.room = new ConnectionRoom(options.limits);
  }

  /** `client`: as ConnectionRoom takes it. Returns whether it is in; else it is being answered, and is none of the caller's. */
  admit(socket: Socket, client: string | null, idleMs: IdleMs): boolean {
    const guest = new SocketGuest(socket, client, idleMs, this.room);
    const nowMs = performance.now();
    const entry = this.room.enter(guest, nowMs);
    if (entry === 'entered') {
      socket.once('close', () => this.room.leave(guest));
      return true;
    }
    this.tell(entry === 'client-full' ? client : null, nowMs);
    this.turnAway(socket);
    return false;
  }

  private tell(client: string | null, nowMs: number): void {
    const { listener, limits, turnedAway, logger } = this.options;
    const limit = client === null ? limits.inAll : limits.perClient;
    const note = turnedAway.count(listener, client, limit, nowMs);
    if (note !== null) logger.warn({ ...note, open: this.room.size }, 'connections turned away, too many are open');
  }

  private turnAway(socket: Socket): void {
    socket.on('error', () => {});
    const answer = this.options.answer();
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

class SocketGuest implements Guest {
  readonly client: string | null;
  private readonly idleSince: IdleMs;
  private readonly socket: Socket;
  private readonly room: ConnectionRoom;

  constructor(socket: Socket, client: string | null, idleMs: IdleMs, room: ConnectionRoom) {
    this.socket = socket;
    this.client = client;
    this.idleSince = idleMs;
    this.room = room;
  }

  /** One that is closed, and was not counted out on account of a fault, takes nobody's place. */
  idleMs(nowMs: number): number {
    return this.socket.closed ? Number.POSITIVE_INFINITY : this.idleSince(nowMs);
  }

  /** What has come is read first: a request may have waited for us. */
  giveWay(turns = TURNS_TO_READ): void {
    if (this.socket.destroyed) return;
    if (this.idleMs(performance.now()) === 0) this.room.add(this);
    else if (turns === 0) this.socket.destroy();
    else setImmediate(inside(this.socket, () => this.giveWay(turns - 1)));
  }
}

/** Whom a connection is counted for; `isExempt`: addresses that speak for many. */
export function clientOfSocket(socket: Socket, isExempt: (peer: string) => boolean): string | null {
  const peer = socket.remoteAddress ?? '';
  return isExempt(peer) ? null : clientOf(peer);
}
