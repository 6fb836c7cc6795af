// Receives the webhooks of the billing system, and switches tenants off whose subscription has lapsed, and on again when
// they pay. node webhook.js PORT
import { execFile } from 'node:child_process';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';

const { WEBHOOK_SECRET = '', TENEMENT = 'tenement' } = process.env;
/** A signature that is older was recorded by somebody. */
const MAX_AGE_S = 300;

const server = createServer(async (request, response) => {
  const body = await buffer(request);
  if (!isSigned(body, request.headers['billing-signature'] ?? '')) return response.writeHead(400).end();
  try {
    const words = commandFor(JSON.parse(body.toString()));
    // Setting the same date again changes nothing, so an event may arrive more than once.
    if (words !== null) await promisify(execFile)(TENEMENT, words);
    response.end();
  } catch (error) {
    // The billing system sends the event again.
    console.error(String(error));
    response.writeHead(500).end();
  }
});
server.listen(Number(process.argv[2] ?? 7901), '127.0.0.1', () => console.log(`port ${server.address().port}`));

/** Returns the command for an event; null: it changes nothing. */
function commandFor({ type, data: { object } }) {
  const tenant = object.metadata?.tenant;
  if (tenant === undefined) return null;
  if (type === 'customer.subscription.deleted') return ['tenant', 'set', tenant, '--expires', endOf(object)];
  return type === 'invoice.paid' ? ['tenant', 'set', tenant, '--expires', 'never'] : null;
}

/** A subscription that is cancelled has been paid for until its period ends. */
function endOf({ current_period_end: paidUntilS = 0 }) {
  return paidUntilS * 1000 > Date.now() ? new Date(paidUntilS * 1000).toISOString() : 'now';
}

/** Checks `t=SECONDS,v1=HEX`: the HMAC-SHA-256 of `SECONDS.BODY`. */
function isSigned(body, header) {
  const { t = '', v1 = '' } = Object.fromEntries(header.split(',').map((part) => part.split('=', 2)));
  const wanted = createHmac('sha256', WEBHOOK_SECRET).update(`${t}.`).update(body).digest();
  const given = Buffer.from(v1, 'hex');
  const isFresh = Math.abs(Date.now() / 1000 - Number(t)) <= MAX_AGE_S;
  return isFresh && given.length === wanted.length && timingSafeEqual(given, wanted);
}
