/** Parses `since` in a query: a duration back from now, or a time. */

import { TenementError } from '../../errors.ts';
import { parseDuration } from '../limits/units.ts';

const ISO_TIME = /^\d{4}-\d\d-\d\d/;

/** Returns ms since the epoch. @throws {TenementError} `bad_input` */
export function parseSince(text: string, nowMs: number): number {
  const atMs = ISO_TIME.test(text) ? Date.parse(text) : nowMs - durationMs(text);
  if (Number.isFinite(atMs)) return atMs;
  throw notSince(text);
}

function durationMs(text: string): number {
  try {
    return parseDuration(/^\d+$/.test(text) ? Number(text) : text);
  } catch (error) {
    throw notSince(text, error);
  }
}

function notSince(text: string, cause?: unknown): TenementError {
  return new TenementError('bad_input', `since: ${JSON.stringify(text)} is neither a duration nor a time`, {
    hint: 'Write a duration such as 10m, or a time such as 2026-01-31T08:00:00Z.',
    cause,
  });
}
