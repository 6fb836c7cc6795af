/** Clients of a tenant; each request has a connection of its own. */
import { request } from 'node:http';
import type { Target } from './peer.ts';

const PER_SECOND = 50;
const PATIENCE_MS = 10_000;
const ASK_EVERY_MS = 10;

/** Returns whether the response is a 200. */
export function ask({ port, host, prefix }: Target, path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const where = { host: '127.0.0.1', port, path: `${prefix}${path}`, headers: { host }, agent: false, signal };
    const asked = request(where, (response) => {
      response.resume().once('close', () => resolve(response.complete && response.statusCode === 200));
    });
    asked.once('error', () => resolve(false));
    asked.end();
  });
}

/**
 * Asks every 10 ms, whether or not those before were answered: one that is lost without an answer is no reason to wait.
 * @returns whether a 200 came within that time
 */
export function answers(target: Target, withinMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (answered: boolean) => {
      clearInterval(again);
      clearTimeout(late);
      resolve(answered);
    };
    const attempt = async () => {
      if (await ask(target, '/health')) settle(true);
    };
    const again = setInterval(attempt, ASK_EVERY_MS);
    const late = setTimeout(settle, withinMs, false);
    attempt();
  });
}

/** @throws {Error} when no 200 comes */
export async function mustAnswer(target: Target): Promise<void> {
  if (!(await answers(target, PATIENCE_MS)))
    throw new Error(`no 200 from ${target.host}:${target.port}${target.prefix}`);
}

export interface Served {
  readonly asked: number;
  readonly failed: number;
}

/** Sends 50 requests a second, each on schedule whether or not earlier ones were answered. The result ends it. */
export function startLoad(target: Target): () => Promise<Served> {
  const answersToCome: Promise<boolean>[] = [];
  const timer = setInterval(() => answersToCome.push(ask(target, '/health')), 1000 / PER_SECOND);
  return async () => {
    clearInterval(timer);
    const all = await Promise.all(answersToCome);
    return { asked: all.length, failed: all.filter((answered) => !answered).length };
  };
}
