/** Changes that a person asks for: one at a time for each thing, with its outcome told. */
import { signal } from '@preact/signals';
import { appended } from '../model/bounded.ts';
import { ApiError } from './api.ts';

export interface Notice {
  readonly id: number;
  readonly isError: boolean;
  readonly text: string;
  readonly hint: string;
}

const MAX_NOTICES = 4;
const DONE_SHOWN_MS = 6000;

export const notices = signal<readonly Notice[]>([]);
/** Names of the changes that are under way. */
export const underWay = signal<ReadonlySet<string>>(new Set());

let nextId = 1;

function tell(notice: Omit<Notice, 'id'>): void {
  const id = nextId;
  nextId += 1;
  notices.value = appended(notices.value, [{ ...notice, id }], MAX_NOTICES);
  if (!notice.isError) setTimeout(() => dismiss(id), DONE_SHOWN_MS);
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

/** Forgets what is told of a screen that is left. */
export function dismissErrors(): void {
  if (notices.value.some(({ isError }) => isError)) notices.value = notices.value.filter(({ isError }) => !isError);
}

export interface Change {
  /** Names the action and its subject; a second action of the same name is not begun. */
  readonly name: string;
  run(): Promise<unknown>;
  /** What is told when it is done. */
  readonly done: string;
}

/** Returns whether the change succeeded. What failed is told with the server's hint. */
export async function perform({ name, run, done }: Change): Promise<boolean> {
  if (underWay.value.has(name)) return false;
  underWay.value = new Set([...underWay.value, name]);
  try {
    await run();
    tell({ isError: false, text: done, hint: '' });
    return true;
  } catch (error) {
    const [text, hint] = error instanceof ApiError ? [error.message, error.hint] : [String(error), ''];
    tell({ isError: true, text: `${name}: ${text}`, hint });
    return false;
  } finally {
    underWay.value = new Set([...underWay.value].filter((other) => other !== name));
  }
}
