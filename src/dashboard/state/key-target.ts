/** Where keys go: to the list and the search field of the screen, if it has them. */
import { useEffect } from 'preact/hooks';

export interface ListKeys {
  move(by: number): void;
  moveToEnd(isLast: boolean): void;
  open(): void;
}

let list: ListKeys | null = null;

export function listKeys(): ListKeys | null {
  return list;
}

/** Makes the list of a component the one that keys move in, while it is shown. */
export function useListKeys(keys: ListKeys): void {
  useEffect(() => {
    list = keys;
    return () => {
      if (list === keys) list = null;
    };
  });
}
