/** The question that a person has to answer before something is deleted. */
import { signal } from '@preact/signals';

export interface Question {
  readonly title: string;
  /** What goes, and what stays: a sentence each. */
  readonly consequences: readonly string[];
  /** A choice that deletes more. */
  readonly option?: { readonly text: string; readonly typeToConfirm: string };
  readonly confirm: string;
  readonly onConfirm: (withOption: boolean) => void;
}

export const question = signal<Question | null>(null);
export const helpIsOpen = signal(false);
