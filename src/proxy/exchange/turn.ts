/**
 * Shares the turns of the event loop among bodies. libuv reads up to 32 times in a row from a connection with more
 * data, so that a thousand responses that began together made one turn of 1.5 s, which delayed everybody else.
 */
import type { Readable, Writable } from 'node:stream';

/** The most that all bodies together move in one turn, beside what each had read already: a few milliseconds. */
export const TURN_BYTES = 2 * 1024 * 1024;
/** How many waiting bodies continue in a turn; one read of each fills it. */
const A_TURN = 32;

/** A turn that did not begin within this time has failed, and the next movement asks for another. */
const LOST_MS = 1000;

/** A body on its way. */
export interface Mover {
  /** Stops moving until `proceed` is called. */
  hold(): void;
  proceed(): void;
}

export class Turns {
  private left = TURN_BYTES;
  private readonly waiting: Mover[] = [];
  /** When the next turn was scheduled, in ms of performance.now(); null: not scheduled. */
  private plannedAtMs: number | null = null;

  /** Accounts for moved bytes. Turns matter only above the limit, because most bodies move little. */
  spend(bytes: number, mover: Mover): void {
    this.left -= bytes;
    if (this.left > 0) return;
    mover.hold();
    this.waiting.push(mover);
    this.plan();
  }

  /** Called between two turns. */
  begin(): void {
    this.left = TURN_BYTES;
    this.plannedAtMs = null;
    const now = this.waiting.splice(0, A_TURN);
    if (this.waiting.length > 0) this.plan();
    // Each in its own microtask, so that a failing body does not stop the others.
    for (const mover of now) queueMicrotask(() => mover.proceed());
  }

  private plan(): void {
    const nowMs = performance.now();
    if (this.plannedAtMs !== null && nowMs - this.plannedAtMs < LOST_MS) return;
    this.plannedAtMs = nowMs;
    setImmediate(next, this);
  }
}

function next(turns: Turns): void {
  turns.begin();
}

/** One instance for this process, which has one event loop. */
export const turns = new Turns();

/** Makes a pipe from `source` to `sink` wait for its turns, until the returned function is called. */
export function takeTurns(source: Readable, sink: Writable): () => void {
  let isOver = false;
  const mover: Mover = {
    hold: () => source.pause(),
    // The pipe itself continues when the sink accepts more.
    proceed: () => void (isOver || sink.writableNeedDrain || source.resume()),
  };
  const spend = (bytes: Buffer) => turns.spend(bytes.length, mover);
  source.on('data', spend);
  return () => {
    isOver = true;
    source.off('data', spend);
  };
}
