// Bills the hours of a month: node bill.js 2026-11
//
// Each value goes to the billing API with its idempotency key, which the API takes once, however often it is sent. So a
// run that was interrupted, or whose answer was lost, is simply run again. The file PROGRESS only saves the repetition.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const { TENEMENT_API = 'http://127.0.0.1:7777', TENEMENT_TOKEN = '', BILLING_KEY = '' } = process.env;
const { BILLING_API = 'http://127.0.0.1:7900', PROGRESS = 'progress.json' } = process.env;
/** What is sold: the meter of tenement → the event of the billing API. */
const SOLD = { requests: 'requests', cpuSeconds: 'cpu_seconds', egressBytes: 'egress_bytes' };
const MAX_TRIES = 8;
const FIRST_PAUSE_MS = Number(process.env.PAUSE_MS ?? 200);

const [month = ''] = process.argv.slice(2);
if (!/^\d{4}-\d\d$/.test(month)) {
  console.error('usage: node bill.js 2026-11');
  process.exit(2);
}
const [year, number] = month.split('-').map(Number);
const end = new Date(Date.UTC(year, number)).toISOString().slice(0, 13);
let billed = 0;
for (let after = readProgress(); after !== null; ) {
  const page = await usage(after);
  for (const row of page.usage) {
    if (!row.complete) throw new Error(`${row.period} is not over yet`);
    for (const [meter, event] of Object.entries(SOLD)) if (row[meter] > 0) await bill(row, meter, event);
  }
  after = page.next;
  writeProgress(after);
}
console.log(`${billed} values of ${month} billed`);

async function usage(after) {
  const query = new URLSearchParams({ by: 'hour', from: `${month}-01T00`, to: end, limit: '100' });
  if (after !== '') query.set('after', after);
  const answer = await fetch(`${TENEMENT_API}/api/usage?${query}`, {
    headers: { authorization: `Bearer ${TENEMENT_TOKEN}` },
  });
  if (!answer.ok) throw new Error(`tenement answers ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

async function bill(row, meter, event) {
  const identifier = row.keys[meter];
  const body = new URLSearchParams({
    event_name: event,
    identifier,
    timestamp: String(Date.parse(row.from) / 1000),
    'payload[customer]': row.tenant,
    'payload[value]': String(row[meter]),
  });
  for (let tries = 1; ; tries += 1) {
    const failure = await post(body, identifier);
    if (failure === null) break;
    if (tries === MAX_TRIES) throw new Error(`${identifier}: ${failure}`);
    await delay(FIRST_PAUSE_MS * 2 ** (tries - 1) * (0.5 + Math.random()));
  }
  billed += 1;
}

/** Returns why it is worth another try, or null. */
async function post(body, identifier) {
  const headers = { authorization: `Bearer ${BILLING_KEY}`, 'idempotency-key': identifier };
  try {
    const answer = await fetch(`${BILLING_API}/v1/billing/meter_events`, { method: 'POST', headers, body });
    if (answer.ok) return null;
    const text = `the billing API answers ${answer.status}: ${await answer.text()}`;
    if (answer.status !== 429 && answer.status < 500) throw new Error(`${identifier}: ${text}`);
    return text;
  } catch (error) {
    // fetch throws a TypeError when there is no answer.
    if (error instanceof TypeError) return String(error.cause ?? error);
    throw error;
  }
}

/** Returns where the last run came to: '' for the beginning, null for the end. */
function readProgress() {
  try {
    const { [month]: after = '' } = JSON.parse(readFileSync(PROGRESS, 'utf8'));
    return after;
  } catch (error) {
    if (error.code === 'ENOENT') return '';
    throw error;
  }
}

function writeProgress(after) {
  let all = {};
  try {
    all = JSON.parse(readFileSync(PROGRESS, 'utf8'));
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  writeFileSync(`${PROGRESS}.new`, JSON.stringify({ ...all, [month]: after }));
  renameSync(`${PROGRESS}.new`, PROGRESS);
}
