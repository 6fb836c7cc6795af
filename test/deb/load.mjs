/**
 * Asks http://127.0.0.1:8080/health for each of the given hosts, over and over, until its input ends. Prints a line when the first
 * answers have come, and what it got in the end.
 */
import { request } from 'node:http';
import { setTimeout } from 'node:timers/promises';

/** Without the pause the load would take the processors from the server that starts. */
const PAUSE_MS = 5;
const WARM_ANSWERS = 20;

const failures = [];
let answers = 0;
let longestMs = 0;
let over = false;
process.stdin
  .on('end', () => {
    over = true;
  })
  .resume();

/** Over a connection of its own. Gives the status, or the error of the connection. */
function ask(host) {
  const { promise, resolve } = Promise.withResolvers();
  const options = { host: '127.0.0.1', port: 8080, path: '/health', agent: false, headers: { host } };
  request(options, (response) =>
    response
      .resume()
      .on('end', () => resolve(response.statusCode))
      .on('error', resolve),
  )
    .on('error', resolve)
    .end();
  return promise;
}

async function keepAsking(host) {
  while (!over) {
    const startedMs = performance.now();
    const outcome = await ask(host);
    longestMs = Math.max(longestMs, performance.now() - startedMs);
    if (outcome === 200) {
      answers += 1;
      if (answers === WARM_ANSWERS) console.log('asking');
    } else failures.push(`${host}: ${outcome}`);
    await setTimeout(PAUSE_MS);
  }
}

await Promise.all(process.argv.slice(2).map(keepAsking));
console.log(JSON.stringify({ answers, failures, longestMs: Math.round(longestMs) }));
