// Notes for one customer. It knows nothing of tenants: it has a directory and a place to listen.
import { createServer } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const MAX_TEXT = 2000;
const MAX_BODY_BYTES = 64 * 1024;
const MAX_BACKLOG_BYTES = 1024 * 1024;

const owner = process.env.TENANT_ID ?? 'you';
const database = new DatabaseSync(process.env.DATABASE_PATH ?? join(process.env.DATA_DIR ?? '.', 'notes.db'));
database.exec(`
  PRAGMA journal_mode = WAL;
  CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL, at TEXT NOT NULL) STRICT;
`);
const list = database.prepare('SELECT id, text, at FROM notes ORDER BY id DESC LIMIT 500');
const insert = database.prepare('INSERT INTO notes (text, at) VALUES (?, ?) RETURNING id, text, at');
const remove = database.prepare('DELETE FROM notes WHERE id = ?');

const REMOVE = '<button type="button" class="remove" aria-label="Delete this note">\u00d7</button>';
const watchers = new Set();

function tell(type, data) {
  for (const watcher of watchers) {
    // A client that does not read must not fill the memory; the browser reconnects by itself.
    if (watcher.writableLength > MAX_BACKLOG_BYTES) watcher.destroy();
    else watcher.write(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
  }
}

function json(response, status, value) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(value)}\n`);
}

/** Returns the body as text, or null when it is too large. Rejects when the client disconnects half way. */
async function bodyOf(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return size > MAX_BODY_BYTES ? null : Buffer.concat(chunks).toString('utf8');
}

function textOf(body, type) {
  try {
    const text = type.startsWith('application/json') ? JSON.parse(body).text : new URLSearchParams(body).get('text');
    return typeof text === 'string' && text.trim() !== '' && text.length <= MAX_TEXT ? text.trim() : null;
  } catch {
    return null;
  }
}

async function add(request, response) {
  const type = request.headers['content-type'] ?? '';
  const body = await bodyOf(request);
  if (body === null) return json(response, 413, { error: `at most ${MAX_BODY_BYTES} bytes` });
  const text = textOf(body, type);
  if (text === null) return json(response, 400, { error: `text must be 1 to ${MAX_TEXT} characters` });
  const note = insert.get(text, new Date().toISOString());
  tell('added', note);
  if (type.startsWith('application/json')) return json(response, 201, note);
  response.writeHead(303, { location: '/' }).end();
}

function watch(response) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.write(': hello\n\n');
  watchers.add(response);
  response.once('close', () => watchers.delete(response));
}

function escapeHtml(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function item({ id, text, at }) {
  const time = `<time datetime="${at}">${at.slice(0, 16).replace('T', ' ')}</time>`;
  return `<li data-id="${id}"><p>${escapeHtml(text)}</p>${time}${REMOVE}</li>`;
}

function page() {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>Notes of ${escapeHtml(owner)}</title>
<style>
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); --accent: #2457d6 }
* { box-sizing: border-box }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1.25rem }
h1 { font-size: 1.6rem; margin: 0 0 1.5rem }
form { display: flex; gap: .5rem; margin-bottom: .5rem }
input { flex: 1; min-width: 0; font: inherit; padding: .55rem .75rem; border: 1px solid var(--line); border-radius: .5rem; background: transparent; color: inherit }
button { font: inherit; padding: .55rem 1.1rem; border: 0; border-radius: .5rem; background: var(--accent); color: #fff; cursor: pointer }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
ul { list-style: none; padding: 0; margin: 0 }
li { display: flex; align-items: start; gap: 1rem; padding: .7rem 0; border-top: 1px solid var(--line) }
li p { flex: 1; min-width: 0; margin: 0; overflow-wrap: anywhere; white-space: pre-wrap }
time { opacity: .75; white-space: nowrap; font-size: .85rem; line-height: 1.5rem }
.remove { padding: 0 .5rem; background: transparent; color: inherit }
#notes:empty::after { content: "Nothing here yet."; opacity: .75 }
#problem { min-height: 1.5rem; margin: 0 0 .5rem; color: light-dark(#b3261e, #ffb4ab) }
label { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
</style>
<noscript><style>.remove { display: none }</style></noscript>
</head>
<body>
<main>
<h1>Notes of ${escapeHtml(owner)}</h1>
<form method="post" action="/api/notes">
<label for="text">New note</label>
<input id="text" name="text" maxlength="${MAX_TEXT}" placeholder="Write a note" required autofocus autocomplete="off">
<button>Add</button>
</form>
<p id="problem" role="alert"></p>
<ul id="notes" aria-label="Notes" aria-live="polite">${list.all().map(item).join('')}</ul>
</main>
<script>
const notes = document.querySelector('#notes')
const problem = document.querySelector('#problem')
const remove = document.createRange().createContextualFragment('${REMOVE}')
function item({ id, text, at }) {
  const li = document.createElement('li')
  li.dataset.id = id
  li.append(document.createElement('p'), document.createElement('time'), remove.cloneNode(true))
  li.children[0].textContent = text
  li.children[1].dateTime = at
  li.children[1].textContent = at.slice(0, 16).replace('T', ' ')
  return li
}
async function ask(path, options) {
  const answer = await fetch(path, options).catch(() => null)
  problem.textContent = answer?.ok ? '' : 'That did not work. Try again.'
  return answer?.ok ? answer : null
}
const find = (id) => notes.querySelector('[data-id="' + id + '"]')
const stream = new EventSource('/api/events')
// The list includes whatever was missed while the connection was gone.
stream.onopen = async () => notes.replaceChildren(...(await (await fetch('/api/notes')).json()).map(item))
stream.addEventListener('added', ({ data }) => find(JSON.parse(data).id) ?? notes.prepend(item(JSON.parse(data))))
stream.addEventListener('removed', ({ data }) => find(JSON.parse(data).id)?.remove())
notes.addEventListener('click', (event) => {
  if (event.target.matches('.remove')) ask('/api/notes/' + event.target.closest('li').dataset.id, { method: 'DELETE' })
})
document.querySelector('form').addEventListener('submit', async (event) => {
  event.preventDefault()
  const { text } = event.target.elements
  const body = JSON.stringify({ text: text.value })
  const answer = await ask('/api/notes', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  if (answer) text.value = ''
})
</script>
</body>
</html>
`;
}

/** Ignores a disconnected client. Logs any other error, and the application keeps running. */
function failed(error, response) {
  if (response.destroyed || response.headersSent) return;
  console.error(error);
  json(response, 500, { error: 'that did not work' });
}

const server = createServer((request, response) => {
  const { method } = request;
  const path = (request.url ?? '/').split('?')[0];
  if (path === '/health') return response.end('ok\n');
  if (path === '/api/events' && method === 'GET') return watch(response);
  if (path === '/api/notes' && method === 'GET') return json(response, 200, list.all());
  if (path === '/api/notes' && method === 'POST')
    return void add(request, response).catch((error) => failed(error, response));
  const id = /^\/api\/notes\/(\d+)$/.exec(path)?.[1];
  if (id !== undefined && method === 'DELETE') {
    if (remove.run(Number(id)).changes === 0) return json(response, 404, { error: 'no such note' });
    tell('removed', { id: Number(id) });
    return response.writeHead(204).end();
  }
  if (path === '/' && (method === 'GET' || method === 'HEAD')) {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    return response.end(method === 'HEAD' ? undefined : page());
  }
  json(response, 404, { error: 'not found' });
});

process.once('SIGTERM', () => {
  for (const watcher of watchers) watcher.end();
  server.close(() => database.close());
  server.closeIdleConnections();
});

if (process.env.PORT) server.listen(Number(process.env.PORT), '127.0.0.1');
else server.listen(process.env.SOCKET_PATH ?? 'notes.sock');
