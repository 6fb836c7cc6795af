/**
 * Asks for the given URLs over and over until its input ends, each over connections of its own and over one that is kept.
 * Whatever the host of a URL, 127.0.0.1 is asked. Prints a line when the first answers have come, and what it got in the end.
 */
import { Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { setTimeout } from 'node:timers/promises';

/** Without the pause the load would take the processors from the server that starts. */
const PAUSE_MS = 5;
const WARM_ANSWERS = 20;
/** A redirect to https is an answer. */
const GOOD = [200, 308];

const failures = [];
let answers = 0;
let repeated = 0;
let longestMs = 0;
let over = false;
process.stdin
  .on('end', () => {
    over = true;
  })
  .resume();

/**
 * Gives the status, or the error of the connection. A kept connection may be closed by the server at the moment in which a
 * request is sent, after which HTTP has clients ask again (RFC 9112, section 9.3.1).
 */
async function ask(url, agent) {
  const asked = askOnce(url, agent);
  const outcome = await asked.outcome;
  if (Number.isInteger(outcome) || !asked.request.reusedSocket || asked.request.res) return outcome;
  repeated += 1;
  return askOnce(url, false).outcome;
}

function askOnce({ protocol, hostname, port, pathname }, agent) {
  const { promise, resolve } = Promise.withResolvers();
  const [request, usual] = protocol === 'https:' ? [tlsRequest, 443] : [plainRequest, 80];
  const options = { host: '127.0.0.1', port: port || usual, path: pathname, agent };
  const sent = request({ ...options, servername: hostname, headers: { host: hostname } }, (response) =>
    response
      .resume()
      .on('end', () => resolve(response.statusCode))
      .on('error', resolve),
  ).on('error', resolve);
  sent.end();
  return { request: sent, outcome: promise };
}

async function keepAsking(url, agent) {
  while (!over) {
    const startedMs = performance.now();
    const outcome = await ask(url, agent);
    longestMs = Math.max(longestMs, performance.now() - startedMs);
    if (GOOD.includes(outcome)) {
      answers += 1;
      if (answers === WARM_ANSWERS) console.log('asking');
    } else failures.push(`${url}: ${outcome}`);
    await setTimeout(PAUSE_MS);
  }
  if (agent) agent.destroy();
}

const urls = process.argv.slice(2).map((text) => new URL(text));
const kept = ({ protocol }) => new (protocol === 'https:' ? TlsAgent : PlainAgent)({ keepAlive: true, maxSockets: 1 });
await Promise.all(urls.flatMap((url) => [keepAsking(url, false), keepAsking(url, kept(url))]));
console.log(JSON.stringify({ answers, failures, repeated, longestMs: Math.round(longestMs) }));
