/** The form of an attempt, and how the tenant is asked to make it. */
import { existsSync } from 'node:fs';
import type { Cap, LevelName } from './levels.ts';
import type { Scene } from './scene.ts';

export interface Finding {
  readonly outcome: 'done' | 'denied';
  /** The evidence, or who refused the attempt, and how. */
  readonly detail: string;
}

export interface Attempt {
  readonly what: string;
  tryIt(scene: Scene): Promise<Finding>;
  /** Levels at which the attempt works as documented, and why; at others it is denied. */
  readonly worksAt: Partial<Record<LevelName, string>>;
  /** The key without which the attempt has no target. */
  readonly cap?: Cap;
  /** Returns why the attempt proves nothing on this machine; null when it does. */
  lack?(): string | null;
  /** Levels at which the attempt proves nothing, and why. */
  readonly pointlessAt?: Partial<Record<LevelName, string>>;
}

/** The answer of the tenant's program; its effect must be visible on the host. */
interface Claimed extends Finding {
  readonly left?: string;
}

type Args = Record<string, string | number>;

export interface ByOptions {
  /** Default: `app:hostile`. */
  readonly host?: string;
  /** Checks the effect on the host, after the tenant reports success and before it undoes the effect. */
  readonly proof?: (scene: Scene) => Promise<boolean>;
}

/** An attempt that the tenant makes by itself. */
export function by(name: string, args: (scene: Scene) => Args, options: ByOptions = {}): Attempt['tryIt'] {
  return async (scene) => {
    try {
      const { outcome, detail, left } = await tell(scene, name, args(scene), options.host);
      if (outcome === 'denied') return { outcome, detail };
      const isReal = (left === undefined || existsSync(left)) && (await (options.proof?.(scene) ?? true));
      return isReal ? { outcome, detail } : denied(`${detail}, but the host shows nothing of it`);
    } finally {
      await undo(scene, options.host);
    }
  };
}

export function denied(detail: string): Finding {
  return { outcome: 'denied', detail };
}

export function done(detail: string): Finding {
  return { outcome: 'done', detail };
}

export const HOSTILE = 'hostile.localhost';
export const BOMBER = 'bomber.capped.localhost';

/** @throws {Error} when the attempt itself is wrong, or does not return */
export async function tell(scene: Scene, name: string, args: Args, host = HOSTILE): Promise<Claimed> {
  const body = JSON.stringify(args);
  const answer = await scene.server.get(host, `/attempt/${name}`, { method: 'POST', body });
  if (answer.status !== 200) throw new Error(`${name} was answered ${answer.status}: ${answer.body}`);
  return JSON.parse(answer.body);
}

/** Repeated when another process answers: one attempt listens where the proxy does. */
export async function undo(scene: Scene, host = HOSTILE): Promise<void> {
  let answer = '';
  for (let asked = 0; asked < ASKED_AT_MOST; asked += 1) {
    const { status, body } = await scene.server.get(host, '/undo');
    if (status === 200 && JSON.parse(body).undone === true) return;
    answer = body;
  }
  throw new Error(`not undone: ${answer}`);
}

const ASKED_AT_MOST = 100;
