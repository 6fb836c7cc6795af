// Users and projects of one customer, who has as many as the customer's plan allows. tenement counts them.
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const COUNTED = ['users', 'projects'];

const database = new DatabaseSync(join(process.env.DATA_DIR ?? '.', 'app.db'));
database.exec(
  'CREATE TABLE IF NOT EXISTS things (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL) STRICT',
);
const list = database.prepare('SELECT id, name FROM things WHERE kind = ? ORDER BY id');
const insert = database.prepare('INSERT INTO things (kind, name) VALUES (?, ?) RETURNING id, name');
const remove = database.prepare('DELETE FROM things WHERE kind = ? AND id = ?');

/** Asks tenement about this customer, and returns the status and the parsed answer. */
function ask(method, path, question) {
  const body = question === undefined ? '' : JSON.stringify(question);
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath: process.env.TENEMENT_SOCKET, method, path, headers }, async (answer) => {
      let text = '';
      for await (const chunk of answer) text += chunk;
      resolve({ status: answer.statusCode, body: JSON.parse(text) });
    });
    asking.on('error', reject).end(body);
  });
}

async function add(kind, name) {
  const counted = await ask('POST', `/counters/${kind}`, { add: 1 });
  if (counted.status === 409)
    return [402, { error: `your plan has no room for more ${kind}`, detail: counted.body.detail }];
  if (counted.status !== 200) return [503, { error: 'try again later' }];
  return [201, insert.get(kind, name)];
}

async function drop(kind, id) {
  if (remove.run(kind, id).changes === 0) return [404, { error: 'there is none' }];
  await ask('POST', `/counters/${kind}`, { add: -1 });
  return [200, { deleted: id }];
}

async function answer({ method, url }) {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const [, kind, id] = pathname.split('/');
  if (pathname === '/') return [200, (await ask('GET', '/tenant')).body];
  if (!COUNTED.includes(kind)) return [404, { error: 'not found' }];
  if (method === 'GET') return [200, list.all(kind)];
  if (method === 'POST') return add(kind, (searchParams.get('name') ?? 'unnamed').slice(0, 100));
  if (method === 'DELETE') return drop(kind, Number(id));
  return [405, { error: 'use GET, POST or DELETE' }];
}

createServer(async (incoming, response) => {
  if (incoming.url === '/health') return response.end();
  const [status, body] = await answer(incoming).catch(() => [500, { error: 'internal' }]);
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
}).listen(process.env.SOCKET_PATH);
