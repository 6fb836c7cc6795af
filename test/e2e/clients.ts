/** Clients with special behaviour: one disconnects early, one subscribes to events. */
import { once } from 'node:events';
import { type Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { createConnection } from 'node:net';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

/** Sends a part of a body and resets the connection; settles when the connection is closed. */
export async function leaveHalfWay(port: number, host: string, path: string): Promise<void> {
  const socket = createConnection(port, '127.0.0.1');
  const head = `POST ${path} HTTP/1.1\r\nhost: ${host}\r\nexpect: 100-continue\r\ncontent-length: 100\r\n\r\n`;
  socket.write(head);
  await once(socket, 'data');
  socket.write('{"te');
  socket.resetAndDestroy();
  await once(socket, 'close');
}

export interface Upload {
  /** Sends the rest; settles when the response is complete. */
  end(): Promise<{ readonly status: number; readonly body: string }>;
}

/** A request that stays in progress until its client ends it. Its body is `begun`, then ` and ended`. */
export function beginUpload(port: number, host: string, path: string): Upload {
  const outgoing = request({ host: '127.0.0.1', port, method: 'POST', path, headers: { host }, agent: false });
  const answered = once(outgoing, 'response');
  answered.catch(() => {});
  outgoing.write('begun');
  return {
    async end() {
      outgoing.end(' and ended');
      const [response] = (await answered) as [IncomingMessage];
      return { status: response.statusCode ?? 0, body: await text(response) };
    },
  };
}

export interface EventStream {
  /** Returns the data of the next event of this type; others in between are skipped. */
  next(type: string): Promise<unknown>;
  close(): void;
}

/** Opens server-sent events through the proxy; settles when the stream is open. */
export async function eventStream(port: number, host: string, path: string): Promise<EventStream> {
  const outgoing = request({ host: '127.0.0.1', port, path, headers: { host }, agent: false });
  outgoing.end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  const lines = createInterface({ input: response })[Symbol.asyncIterator]();
  return { next: (type) => nextEvent(lines, type), close: () => outgoing.destroy() };
}

async function nextEvent(lines: AsyncIterator<string>, type: string): Promise<unknown> {
  for (let wanted = false; ; ) {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`the stream ended before an event ${type}`);
    // The space is optional (HTML, 9.2.6).
    const [, field, text = ''] = value.match(/^(event|data): ?(.*)$/) ?? [];
    if (field === 'event') wanted = text === type;
    else if (field === 'data' && wanted) return JSON.parse(text);
  }
}

export interface SocketAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface SocketQuestion {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** Default: a connection of its own. */
  readonly agent?: Agent;
}

/** Sends one request straight to a Unix socket. */
export function askSocket(socketPath: string, path = '/', question: SocketQuestion = {}): Promise<SocketAnswer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body, agent = false } = question;
    const outgoing = request({ socketPath, path, method, agent, headers: { host: 'x', ...headers } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
      response.once('error', reject);
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}
