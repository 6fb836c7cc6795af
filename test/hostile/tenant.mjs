// A tenant that tries everything. `POST /attempt/NAME` with arguments as JSON really tries it and answers
// {outcome: 'done' | 'denied', detail, left?}: `done` with the evidence, `denied` with who refused and how. `left` is a
// file that must be seen from the host too, or it was done in a place of the tenant's own. `POST /undo` removes traces.
// With SWAP=PATH in its environment it lays a link to PATH in its socket's place, at the moment SWAP_WHEN.
import { linkSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { json } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { files } from './tenant/files.mjs';
import { kernel } from './tenant/kernel.mjs';
import { links } from './tenant/links.mjs';
import { privileges } from './tenant/privileges.mjs';
import { processes } from './tenant/processes.mjs';
import { resources } from './tenant/resources.mjs';
import { sockets } from './tenant/sockets.mjs';
import { Denied, isErrno, undoAll } from './tenant/tools.mjs';

const { DATA_DIR, PORT, SECRET, SOCKET_PATH, SWAP, SWAP_WHEN, TENANT_ID } = process.env;
const LOOP_MS = 2000;

const attempts = { ...files, ...links, ...sockets, ...processes, ...resources, ...privileges, ...kernel };
let signals = 0;

async function attempt(name, args) {
  if (attempts[name] === undefined) throw new Error(`there is no attempt ${name}`);
  try {
    const result = await attempts[name](args);
    return { outcome: 'done', ...(typeof result === 'string' ? { detail: result } : result) };
  } catch (error) {
    // Any other error is a mistake of the attempt, and must not count as a refusal.
    if (!(error instanceof Denied) && !isErrno(error)) throw error;
    return { outcome: 'denied', detail: error instanceof Denied ? error.message : `${error.code}: ${error.message}` };
  }
}

async function answer(request) {
  const { pathname } = new URL(request.url, 'http://localhost');
  if (request.method === 'POST' && pathname.startsWith('/attempt/')) {
    return attempt(pathname.slice('/attempt/'.length), await json(request));
  }
  if (pathname === '/undo') {
    await undoAll();
    return { undone: true };
  }
  if (pathname === '/health') beforeHealthy();
  return { tenant: TENANT_ID, pid: process.pid, uid: process.getuid(), signals };
}

const server = createServer((request, response) => {
  answer(request).then(
    (body) => response.writeHead(statusOf(request), { 'content-type': 'application/json' }).end(JSON.stringify(body)),
    (error) => response.writeHead(500).end(error.stack),
  );
});

/** A sick instance is probed again, by then at the link. */
function statusOf({ url }) {
  return SWAP_WHEN === 'sick' && url === '/health' ? 503 : 200;
}

/** Between the probe that finds it ready and the rename: with `SWAP`, a link to that path is in place by then. */
function beforeHealthy() {
  try {
    if (SWAP_WHEN === 'probe' || SWAP_WHEN === 'sick') layLink(SOCKET_PATH);
    if (SWAP_WHEN === 'hard-link') layLink(SOCKET_PATH, linkSync);
    // The destination of the socket's move; something in that place makes the move look done.
    if (SWAP_WHEN === 'ahead') layLink(`${dirname(SOCKET_PATH)}.s`);
  } catch (error) {
    // After a refusal it continues as an honest tenant, so that the test can ask which process answers.
    if (!isErrno(error)) throw error;
  }
}

function layLink(path, make = symlinkSync) {
  make(SWAP, `${path}l`);
  renameSync(`${path}l`, path);
}

/** The socket and the link in turn, as fast as possible. */
async function swapByTurns() {
  linkSync(SOCKET_PATH, `${SOCKET_PATH}r`);
  const untilMs = performance.now() + LOOP_MS;
  while (performance.now() < untilMs) {
    layLink(SOCKET_PATH);
    linkSync(`${SOCKET_PATH}r`, `${SOCKET_PATH}l`);
    renameSync(`${SOCKET_PATH}l`, SOCKET_PATH);
    // This lets probes be answered meanwhile.
    await turn();
  }
}

process.on('SIGUSR2', () => {
  signals += 1;
});
process.once('SIGTERM', () => process.exit(0));
rmSync(join(DATA_DIR, 'secret.txt'), { force: true });
writeFileSync(join(DATA_DIR, 'secret.txt'), `${SECRET}\n`);
server.listen(...(PORT === undefined ? [SOCKET_PATH] : [Number(PORT), '127.0.0.1']), () => {
  console.log('listens');
  if (SWAP_WHEN === 'turns') void swapByTurns();
});
