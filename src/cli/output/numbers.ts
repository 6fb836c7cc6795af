/** Numbers on the command line. */
import { InvalidArgumentError } from 'commander';

/** Parser for commander: a whole number, 0 or more. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,7}$/.test(text)) throw new InvalidArgumentError('Write a whole number.');
  return Number(text);
}
