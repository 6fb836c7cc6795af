/**
 * Refuses runtimes that cannot run tenement. Both entries load this file first, so that its errors precede those of
 * later modules. This file and its static imports must therefore load under the runtimes that it refuses.
 */
import { type ErrorCode, TenementError } from './errors.ts';

/** `engines` in package.json. */
const NEEDED_NODE = 24;

export interface RuntimeProblem {
  readonly code: ErrorCode;
  /** One line. */
  readonly message: string;
}

/** Returns why tenement cannot run; null: it can. @param versions like `process.versions` */
export function runtimeProblem(versions: Readonly<Record<string, string | undefined>>): RuntimeProblem | null {
  const { bun, deno, node = '0' } = versions;
  const needed = `Node ${NEEDED_NODE} or later is needed`;
  if (bun !== undefined) {
    const message = `Bun ${bun} does not read the pipes that instances write to, so all of their output is lost; ${needed}`;
    return { code: 'unsupported_runtime', message };
  }
  if (deno !== undefined) {
    const message = `Deno ${deno} does not hand pipes to the processes it starts, so no instance starts; ${needed}`;
    return { code: 'unsupported_runtime', message };
  }
  if (Number.parseInt(node, 10) >= NEEDED_NODE) return null;
  return { code: 'node_too_old', message: `Node ${node} is too old, ${needed}` };
}

const problem = runtimeProblem(process.versions);
if (problem !== null) throw new TenementError(problem.code, problem.message);
