/** What surrounds the code of docs/embedding.md in a program: the names that it uses, and what shows its effects. */

export interface PageProgram {
  /** The heading that the code is under. */
  readonly heading: string;
  readonly before: string;
  readonly after: string;
  /** Each line that the program is to print, in order. */
  readonly prints: readonly string[];
}

/** A module: `ask` returns the tenant that answers, or the status of the response. */
export const ASK = `
import { once } from 'node:events';
import { type OutgoingHttpHeaders, request } from 'node:http';
import type { Server } from 'node:net';
import { text } from 'node:stream/consumers';
export async function ask(to: { socketPath: string } | { port: number }, headers: OutgoingHttpHeaders = {}, path = '/') {
  const named = { host: 'acme.localhost', ...headers };
  const outgoing = request({ ...to, host: '127.0.0.1', path, agent: false, headers: named });
  const [answer] = await once(outgoing.end(), 'response');
  const body = await text(answer);
  return answer.statusCode === 200 && body !== '' ? JSON.parse(body).tenant : answer.statusCode;
}
export function portOf(server: Server): { port: number } {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it does not listen on a port');
  return { port: address.port };
}
`;

const IMPORTS = `
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Hypervisor, type Upstream } from 'tenement';
import { ask, portOf } from './ask.mts';
`;
const HYPERVISOR = `${IMPORTS}
const hypervisor = await Hypervisor.temporary({ file: 'tenement.toml' });
await hypervisor.spawn('api', 'acme', { orThrow: true });
`;
const CLOSE = "await hypervisor.close({ drainTimeoutMs: 0 });\nconsole.log('closed');\n";

export const PROGRAMS: readonly PageProgram[] = [
  {
    heading: 'Embedding',
    before: "import { once } from 'node:events';\nimport { ask, portOf } from './ask.mts';\n",
    after: `
await once(server, 'listening');
console.log(await ask(portOf(server)));
process.once('exit', () => console.log('exited', hypervisor.awakeCount));
process.kill(process.pid, 'SIGTERM');
`,
    prints: ['acme', 'exited 0'],
  },
  {
    heading: 'Forwarding requests',
    before: `${HYPERVISOR}
const customerOf = async (cookie = '') => (cookie.startsWith('customer=') ? { id: cookie.slice(9) } : null);
`,
    after: `
const server = createServer(handler.request).listen(0, '127.0.0.1');
await once(server, 'listening');
for (const cookie of ['customer=acme', 'other=1']) console.log(await ask(portOf(server), { cookie }));
server.close();
${CLOSE}`,
    prints: ['acme', '404', 'closed'],
  },
  {
    heading: 'With a proxy of your own',
    before: `${HYPERVISOR}
const { signal } = new AbortController();
const request = { cookie: 'a=b' };
const answer = (...refusal: [number, string, number | null]) => console.log(...refusal);
async function forward(headers: { cookie: string }, upstream: Upstream) {
  console.log(await ask(upstream, headers), hypervisor.getInstance('api:acme').inFlight);
}
async function serveOne(): Promise<void> {
`,
    after: `
}
await serveOne();
console.log(hypervisor.getInstance('api:acme').inFlight);
await hypervisor.stop('api:acme');
await serveOne();
${CLOSE}`,
    prints: ['acme 1', '0', '503 stopped null', 'closed'],
  },
  {
    heading: 'Events and logs',
    before: `${HYPERVISOR}
let stop = new AbortController();
let signal = stop.signal;
/** Ends the loop that runs, and gives the next one a signal of its own. */
function endLoop() {
  const ended = stop;
  stop = new AbortController();
  signal = stop.signal;
  ended.abort();
}
const paged = Promise.withResolvers<void>();
function page(instance: string | null, state: string) {
  console.log('page', instance, state);
  paged.resolve();
}
function note(event: { type: string }) {
  console.log(event.type);
  endLoop();
}
function show(line: string) {
  console.log(line);
  endLoop();
}
const printed = Promise.withResolvers<void>();
// By then the block's first loop has begun.
setImmediate(async () => {
  await hypervisor.sleep('api:acme');
  const { socketPath } = await hypervisor.start('api:acme');
  if (socketPath !== null) await ask({ socketPath }, {}, '/print?text=hello');
  printed.resolve();
});
`,
    after: `
await printed.promise;
const { pid } = hypervisor.getInstance('api:acme');
if (pid === null) throw new Error('no process');
process.kill(pid, 'SIGKILL');
await paged.promise;
off();
${CLOSE}`,
    prints: ['slept', 'hello', 'page api:acme stopping', 'closed'],
  },
  {
    heading: 'Hooks, logger and clock',
    before: `
import { pino as pinoTo } from 'pino';
import { Hypervisor } from 'tenement';
const pino = () => pinoTo({ level: 'fatal' });
async function assertPaid(tenant: string, { signal }: { signal: AbortSignal }) {
  signal.throwIfAborted();
  if (tenant === 'globex') throw new Error('globex has not paid');
}
const release = (instance: string) => console.log('released', instance);
`,
    after: `
for (const tenant of ['acme', 'globex']) {
  const { state, lastExit } = await hypervisor.spawn('api', tenant);
  console.log(state, lastExit?.detail);
}
${CLOSE}`,
    prints: [
      'ready undefined',
      'asleep refused by the host program: globex has not paid',
      'released api:acme',
      'closed',
    ],
  },
  {
    heading: 'Tests',
    before: IMPORTS,
    after: `
if (socketPath === null) throw new Error('no socket');
console.log(await ask({ socketPath }));
await hypervisor[Symbol.asyncDispose]();
console.log('closed');
`,
    prints: ['acme', 'closed'],
  },
];

/** The program of the table's calls, without the initial spawn. */
export function programOfCalls(calls: readonly string[]): string {
  return `${IMPORTS}
const hypervisor = await Hypervisor.temporary({ file: 'tenement.toml' });
const env = { COLOR: 'blue' };
const limits = { nofileLimit: 4096 };
const after = undefined;
${calls.map((call) => `await hypervisor.${call};`).join('\n')}
const { state, limits: { nofileLimit } } = hypervisor.getInstance('api:acme');
console.log(state, nofileLimit, hypervisor.tenants.get('acme').plan);
${CLOSE}`;
}

/** A program of Fastify with this statement; its own route answers to other hosts. */
export function programOfFastify(statement: string): string {
  return `${HYPERVISOR}
import Fastify, { type FastifyRequest } from 'fastify';
const app = Fastify();
const handler = hypervisor.handler();
const isTheirs = ({ host }: FastifyRequest) => hypervisor.instanceOfHost(host) !== null;
${statement};
app.get('/', async () => ({ tenant: 'none' }));
await app.listen({ port: 0, host: '127.0.0.1' });
for (const host of ['acme.localhost', 'www.example.com']) console.log(await ask(portOf(app.server), { host }));
await app.close();
${CLOSE}`;
}
