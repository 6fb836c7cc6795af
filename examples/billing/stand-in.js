// A stand-in for a metered-billing API such as Stripe's meter events, as unreliable as the real ones on a bad day: some
// requests fail before they count, and some after. node stand-in.js PORT
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

/** Each n-th request fails before it counts, and each m-th after. 0: none. */
const FAILS_BEFORE = Number(process.env.FAILS_BEFORE ?? 5);
const FAILS_AFTER = Number(process.env.FAILS_AFTER ?? 7);

/** Identifier → the event that counts. */
const events = new Map();
let requests = 0;

const server = createServer(async (request, response) => {
  const body = new URLSearchParams(await text(request));
  if (request.method === 'GET') return answer(response, 200, { requests, totals: totals() });
  requests += 1;
  if (requests % FAILS_BEFORE === 0) return answer(response, 503, { error: 'try again' });
  const identifier = body.get('identifier');
  if (identifier === null) return answer(response, 400, { error: 'no identifier' });
  if (!events.has(identifier)) {
    events.set(identifier, Object.fromEntries(body));
    console.log(identifier);
  }
  // The event counts, and the sender cannot know.
  if (requests % FAILS_AFTER === 0) return response.destroy();
  answer(response, 200, events.get(identifier));
});
server.listen(Number(process.argv[2] ?? 7900), '127.0.0.1', () => console.log(`port ${server.address().port}`));

function answer(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** What each customer pays for. */
function totals() {
  const sums = {};
  for (const event of events.values()) {
    const name = `${event['payload[customer]']} ${event.event_name}`;
    sums[name] = (sums[name] ?? 0) + Number(event['payload[value]']);
  }
  return sums;
}
