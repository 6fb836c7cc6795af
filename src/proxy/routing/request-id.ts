/**
 * Ids of requests: formally UUIDs, made of a random prefix for each process and a counter. A new random UUID would cost
 * as much as routing the request.
 */
import { randomUUID } from 'node:crypto';

const COUNT_DIGITS = 9;
/** Decimal, and within V8's small integers, which are the cheapest to write. */
const FIRST_COUNT = 10 ** (COUNT_DIGITS - 1);
const LAST_COUNT = 10 ** COUNT_DIGITS - 1;

/** Ids that are accepted from a proxy in front. They appear in logs, error pages and the tenant's headers. */
const REQUEST_ID = /^[\w.:+/=@~-]{1,128}$/;

export function isRequestId(text: string): boolean {
  return REQUEST_ID.test(text);
}

let prefix = randomPrefix();
let count = FIRST_COUNT - 1;

export function nextRequestId(): string {
  count += 1;
  if (count > LAST_COUNT) {
    prefix = randomPrefix();
    count = FIRST_COUNT;
  }
  return prefix + count;
}

function randomPrefix(): string {
  return randomUUID().slice(0, -COUNT_DIGITS);
}
