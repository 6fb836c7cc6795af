// Notes for one customer. It knows nothing of tenants: it has a directory and a place to listen.
import { createServer } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const MAX_TEXT = 2000;
const MAX_BODY_BYTES = 64 * 1024;

const owner = process.env.TENANT_ID ?? 'you';
const database = new DatabaseSync(process.env.DATABASE_PATH ?? join(process.env.DATA_DIR ?? '.', 'notes.db'));
database.exec(`
  PRAGMA journal_mode = WAL;
  CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL, at TEXT NOT NULL) STRICT;
`);
const list = database.prepare('SELECT id, text, at FROM notes ORDER BY id DESC LIMIT 500');
const insert = database.prepare('INSERT INTO notes (text, at) VALUES (?, ?) RETURNING id, text, at');
const remove = database.prepare('DELETE FROM notes WHERE id = ?');

const watchers = new Set();

function tell(type, data) {
  for (const watcher of watchers) watcher.write(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
}

function json(response, status, value) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(value)}\n`);
}

async function bodyOf(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function textOf(body, type) {
  if (body === null) return null;
  try {
    const text = type.startsWith('application/json') ? JSON.parse(body).text : new URLSearchParams(body).get('text');
    return typeof text === 'string' && text.trim() !== '' && text.length <= MAX_TEXT ? text.trim() : null;
  } catch {
    return null;
  }
}

async function add(request, response) {
  const type = request.headers['content-type'] ?? '';
  const text = textOf(await bodyOf(request), type);
  if (text === null) return json(response, 400, { error: `text must be 1 to ${MAX_TEXT} characters` });
  const note = insert.get(text, new Date().toISOString());
  tell('added', note);
  if (type.startsWith('application/json')) return json(response, 201, note);
  response.writeHead(303, { location: '/' }).end();
}

function watch(request, response) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.write(': hello\n\n');
  watchers.add(response);
  request.once('close', () => watchers.delete(response));
}

function escapeHtml(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function item(note) {
  return `<li data-id="${note.id}"><p>${escapeHtml(note.text)}</p><time>${note.at.slice(0, 16).replace('T', ' ')}</time></li>`;
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
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent) }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1.25rem }
h1 { font-size: 1.6rem; margin: 0 0 1.5rem }
form { display: flex; gap: .5rem; margin-bottom: 1.5rem }
input { flex: 1; font: inherit; padding: .55rem .75rem; border: 1px solid var(--line); border-radius: .5rem; background: transparent; color: inherit }
button { font: inherit; padding: .55rem 1.1rem; border: 0; border-radius: .5rem; background: #2457d6; color: #fff; cursor: pointer }
ul { list-style: none; padding: 0; margin: 0 }
li { display: flex; justify-content: space-between; gap: 1rem; padding: .7rem 0; border-top: 1px solid var(--line) }
li p { margin: 0; overflow-wrap: anywhere }
time { opacity: .6; white-space: nowrap; font-size: .85rem }
.empty { opacity: .6 }
label { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
</style>
</head>
<body>
<h1>Notes of ${escapeHtml(owner)}</h1>
<form method="post" action="/api/notes">
<label for="text">New note</label>
<input id="text" name="text" maxlength="${MAX_TEXT}" placeholder="Write a note" required autofocus>
<button>Add</button>
</form>
<ul id="notes">${list.all().map(item).join('') || '<li class="empty">Nothing here yet.</li>'}</ul>
<script>
const notes = document.querySelector('#notes')
const stream = new EventSource('/api/events')
stream.addEventListener('added', (event) => {
  const note = JSON.parse(event.data)
  if (notes.querySelector('[data-id="' + note.id + '"]')) return
  notes.querySelector('.empty')?.remove()
  const li = document.createElement('li')
  li.dataset.id = note.id
  const text = document.createElement('p')
  text.textContent = note.text
  const time = document.createElement('time')
  time.textContent = note.at.slice(0, 16).replace('T', ' ')
  li.append(text, time)
  notes.prepend(li)
})
stream.addEventListener('removed', (event) => notes.querySelector('[data-id="' + JSON.parse(event.data).id + '"]')?.remove())
document.querySelector('form').addEventListener('submit', async (event) => {
  event.preventDefault()
  const input = event.target.elements.text
  const body = JSON.stringify({ text: input.value })
  const answer = await fetch('/api/notes', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  if (answer.ok) input.value = ''
})
</script>
</body>
</html>
`;
}

const server = createServer((request, response) => {
  const { method } = request;
  const path = (request.url ?? '/').split('?')[0];
  if (path === '/health') return response.end('ok\n');
  if (path === '/api/events' && method === 'GET') return watch(request, response);
  if (path === '/api/notes' && method === 'GET') return json(response, 200, list.all());
  if (path === '/api/notes' && method === 'POST') return void add(request, response);
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

server.listen(
  process.env.SOCKET_PATH && !process.env.PORT ? process.env.SOCKET_PATH : Number(process.env.PORT ?? 3000),
);
