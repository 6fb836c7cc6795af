/**
 * Ids of requests: UUIDs in form, of a random part for each process and a count. A random one each time would cost as
 * much as routing the request does.
 */
import { randomUUID } from 'node:crypto';

const COUNT_DIGITS = 9;
/** Decimal, and small enough for V8's small integers: the cheapest number to write. */
const FIRST_COUNT = 10 ** (COUNT_DIGITS - 1);
const LAST_COUNT = 10 ** COUNT_DIGITS - 1;

/** What is believed of a proxy in front: it goes into logs, error pages and the tenant's headers. */
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
