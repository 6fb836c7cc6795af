/**
 * How bodies share the turns of the event loop. libuv reads up to 32 times in a row from a connection that has more, so that
 * a thousand answers that began together made one turn of 1.5 s, and everybody else waited for it.
 */
import type { Readable, Writable } from 'node:stream';

/** All of them together move no more than this, and what each had read already, in one turn: a few milliseconds. */
export const TURN_BYTES = 2 * 1024 * 1024;
/** Of those who wait, so many go on in a turn: a read of each fills it. */
const A_TURN = 32;

/** A turn that did not come within this failed, and is asked for again by the next that moves something. */
const LOST_MS = 1000;

/** A body on its way. */
export interface Mover {
  /** Moves nothing more until it is let go. */
  hold(): void;
  letGo(): void;
}

export class Turns {
  private left = TURN_BYTES;
  private readonly waiting: Mover[] = [];
  /** When the next turn was asked for, on the clock of performance.now(); null: it was not. */
  private plannedAtMs: number | null = null;

  /** `bytes` were moved. Turns are told apart only once that many have been: most move little. */
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
    // Each by itself, so that one which fails takes no other with it.
    for (const mover of now) queueMicrotask(() => mover.letGo());
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

/** Of this process, which has one event loop. */
export const turns = new Turns();

/** Lets what is piped from `source` to `sink` wait for its turn, until what it returns is called. */
export function takeTurns(source: Readable, sink: Writable): () => void {
  let isOver = false;
  const mover: Mover = {
    hold: () => source.pause(),
    // The pipe goes on by itself when the sink takes more.
    letGo: () => void (isOver || sink.writableNeedDrain || source.resume()),
  };
  const spend = (bytes: Buffer) => turns.spend(bytes.length, mover);
  source.on('data', spend);
  return () => {
    isOver = true;
    source.off('data', spend);
  };
}
