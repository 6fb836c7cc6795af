/** What an attempt is, and how the tenant is told to make one. */
import { existsSync } from 'node:fs';
import type { Cap, LevelName } from './levels.ts';
import type { Scene } from './scene.ts';

export interface Finding {
  readonly outcome: 'done' | 'denied';
  /** The evidence, or who refused and how. */
  readonly detail: string;
}

export interface Attempt {
  readonly what: string;
  tryIt(scene: Scene): Promise<Finding>;
  /** Where the documentation says that it works, and why; it is denied everywhere else. */
  readonly worksAt: Partial<Record<LevelName, string>>;
  /** Without this key there is nothing to try. */
  readonly cap?: Cap;
  /** Why it says nothing on this machine; null when it does. */
  lack?(): string | null;
  /** Where it says nothing, and why. */
  readonly pointlessAt?: Partial<Record<LevelName, string>>;
}

/** What the tenant's program answers; what it left must be seen on the host. */
interface Claimed extends Finding {
  readonly left?: string;
}

type Args = Record<string, string | number>;

export interface ByOptions {
  /** Default: `app:hostile`. */
  readonly host?: string;
  /** Asked when the tenant says that it did it, before it undoes it. */
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

/** @throws {Error} when the attempt itself is wrong, or does not come back */
export async function tell(scene: Scene, name: string, args: Args, host = HOSTILE): Promise<Claimed> {
  const body = JSON.stringify(args);
  const answer = await scene.server.get(host, `/attempt/${name}`, { method: 'POST', body });
  if (answer.status !== 200) throw new Error(`${name} was answered ${answer.status}: ${answer.body}`);
  return JSON.parse(answer.body);
}

/** Asked again when somebody else answers: one of the attempts is to listen where the proxy does. */
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
