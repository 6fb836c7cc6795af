/**
 * How many bytes of bodies move in one turn of the event loop. libuv reads up to 32 times in a row from a connection that has
 * more. A thousand answers that began together therefore made one turn of 1.5 s, and everybody else waited for it.
 */
import type { Readable, Writable } from 'node:stream';

/** For all bodies together, plus what each had read already: a few milliseconds of work. */
export const BUDGET_BYTES = 2 * 1024 * 1024;
/** How many waiting bodies go on in one turn: one read of each uses the budget up. */
const TRANSFERS_A_TURN = 32;

/** A turn that did not come within this time failed; the next transfer asks for another. */
const LOST_MS = 1000;

/** A body on its way. */
export interface Transfer {
  /** Moves nothing more until `proceed`. */
  hold(): void;
  proceed(): void;
}

export class TransferBudget {
  private left = BUDGET_BYTES;
  private readonly waiting: Transfer[] = [];
  /** When the next turn was asked for, on the clock of performance.now(); null when it was not. */
  private plannedAtMs: number | null = null;

  /** `bytes` were moved. Turns are told apart only once the budget is used up, since most of them move little. */
  spend(bytes: number, transfer: Transfer): void {
    this.left -= bytes;
    if (this.left > 0) return;
    transfer.hold();
    this.waiting.push(transfer);
    this.plan();
  }

  /** Called between two turns. */
  begin(): void {
    this.left = BUDGET_BYTES;
    this.plannedAtMs = null;
    const transfers = this.waiting.splice(0, TRANSFERS_A_TURN);
    if (this.waiting.length > 0) this.plan();
    // In a microtask each, so that a failure in one affects no other.
    for (const transfer of transfers) queueMicrotask(() => transfer.proceed());
  }

  private plan(): void {
    const nowMs = performance.now();
    if (this.plannedAtMs !== null && nowMs - this.plannedAtMs < LOST_MS) return;
    this.plannedAtMs = nowMs;
    setImmediate(beginTurn, this);
  }
}

function beginTurn(budget: TransferBudget): void {
  budget.begin();
}

/** The budget of this process, which has one event loop. */
export const transferBudget = new TransferBudget();

/** Applies the budget to what is piped from `source` to `sink`, until the returned function is called. */
export function paceTransfer(source: Readable, sink: Writable): () => void {
  let isOver = false;
  const transfer: Transfer = {
    hold: () => source.pause(),
    // Otherwise the pipe resumes by itself when the sink takes more.
    proceed: () => void (isOver || sink.writableNeedDrain || source.resume()),
  };
  const spend = (bytes: Buffer) => transferBudget.spend(bytes.length, transfer);
  source.on('data', spend);
  return () => {
    isOver = true;
    source.off('data', spend);
  };
}
