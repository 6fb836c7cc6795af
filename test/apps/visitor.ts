/** A browser, as far as applications need one: a tenant's host, cookies, redirects, forms, WebSockets. */
import { WebSocket } from 'ws';
import { type Answer, type RequestOptions, send } from '../e2e/test-server.ts';

const MAX_REDIRECTS = 10;

export class Visitor {
  /** The tenant's host, without the port. */
  readonly host: string;
  private readonly port: number;
  private readonly cookies = new Map<string, string>();

  constructor(host: string, port: number) {
    this.host = host;
    this.port = port;
  }

  /** The origin, as the browser's address bar shows it. */
  get origin(): string {
    return `http://${this.host}:${this.port}`;
  }

  cookie(name: string): string {
    return this.cookies.get(name) ?? '';
  }

  /** Sends one request, without following redirects. */
  async ask(path: string, options: RequestOptions = {}): Promise<Answer> {
    const answer = await send(this.port, path, { ...options, headers: { ...this.ownHeaders(), ...options.headers } });
    for (const line of answer.headers['set-cookie'] ?? []) this.keep(line);
    return answer;
  }

  /** Follows redirects, as far as they stay at this host. */
  async get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.follow(path, await this.ask(path, { headers }));
  }

  postForm(path: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> {
    const type = { 'content-type': 'application/x-www-form-urlencoded', origin: this.origin };
    const body = new URLSearchParams(fields).toString();
    return this.ask(path, { method: 'POST', headers: { ...type, referer: this.origin + path, ...headers }, body });
  }

  /** @throws {Error} when the response is no success */
  async json<T = unknown>(method: string, path: string, value?: unknown, headers = {}): Promise<T> {
    const body = value === undefined ? {} : { body: JSON.stringify(value) };
    const type = { 'content-type': 'application/json', ...headers };
    const answer = await this.ask(path, { method, headers: type, ...body });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body.slice(0, 2000)}`);
    return (answer.body === '' ? null : JSON.parse(answer.body)) as T;
  }

  /** Opens a WebSocket; settles when it is open. */
  webSocket(path: string, protocols: readonly string[] = []): Promise<WebSocket> {
    const headers = { ...this.ownHeaders(), origin: this.origin };
    const socket = new WebSocket(`ws://127.0.0.1:${this.port}${path}`, [...protocols], { headers });
    return new Promise((resolve, reject) => {
      socket.once('open', () => resolve(socket));
      socket.once('error', reject);
    });
  }

  private async follow(path: string, answer: Answer, left = MAX_REDIRECTS): Promise<Answer> {
    const { location } = answer.headers;
    if (location === undefined || answer.status < 300 || answer.status > 399 || left === 0) return answer;
    const next = new URL(location, this.origin + path);
    if (next.origin !== this.origin) throw new Error(`${this.origin}${path} leads to ${next}`);
    const target = next.pathname + next.search;
    return this.follow(target, await this.ask(target), left - 1);
  }

  private ownHeaders(): Record<string, string> {
    const pairs = [...this.cookies].map(([name, value]) => `${name}=${value}`);
    // A browser names the port, which applications compare with `Origin`.
    const host = { host: `${this.host}:${this.port}` };
    return pairs.length === 0 ? host : { ...host, cookie: pairs.join('; ') };
  }

  private keep(line: string): void {
    const [pair = ''] = line.split(';');
    const at = pair.indexOf('=');
    this.cookies.set(pair.slice(0, at).trim(), pair.slice(at + 1).trim());
  }
}

/** Returns the value of a hidden field of a form. */
export function field(page: string, name: string): string {
  const input = page.match(new RegExp(`<input[^>]*name=["']${name}["'][^>]*>`))?.[0] ?? '';
  const value = input.match(/value=["']([^"']*)["']/)?.[1];
  if (value === undefined) throw new Error(`no field ${name} in: ${page.slice(0, 2000)}`);
  return value;
}
