/** Clients that repeat requests, each after its last response. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';

export interface Answered {
  readonly status: number;
  readonly body: string;
}

export interface Load {
  /** Settles when `count` further requests have been answered. */
  more(count: number): Promise<void>;
  end(): Promise<{ readonly answers: readonly Answered[]; readonly failures: readonly string[] }>;
}

export function constantLoad(clients: number, askOnce: (client: number) => Promise<Answered>): Load {
  const answers: Answered[] = [];
  const failures: string[] = [];
  let over = false;
  const client = async (_: unknown, index: number) => {
    while (!over) {
      await askOnce(index).then(
        (answer) => answers.push(answer),
        (error: Error) => failures.push(error.message),
      );
      await delay(1);
    }
  };
  const running = Array.from({ length: clients }, client);
  return {
    more: async (count) => {
      const goal = answers.length + failures.length + count;
      await expect.poll(() => answers.length + failures.length).toBeGreaterThan(goal);
    },
    end: async () => {
      over = true;
      await Promise.all(running);
      return { answers, failures };
    },
  };
}
