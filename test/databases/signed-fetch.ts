/** Requests that are signed with AWS's Signature Version 4. The aws command takes a second for each, this a few ms. */
import { createHash, createHmac } from 'node:crypto';

export interface Keys {
  readonly AWS_ACCESS_KEY_ID?: string;
  readonly AWS_SECRET_ACCESS_KEY?: string;
}

interface Request {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();

/** Encodes a part of a path or query as the signature wants it: all but letters, digits and -._~. */
export function encoded(part: string): string {
  return encodeURIComponent(part).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Returns status and body as one text, such as `403 <Error>…`. */
export async function signedFetch(
  keys: Keys,
  service: 's3' | 'iam',
  address: string,
  { method = 'GET', headers = {}, body = '' }: Request = {},
): Promise<string> {
  const url = new URL(address);
  const time = `${new Date().toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
  const all: Record<string, string> = {
    ...headers,
    host: url.host,
    'x-amz-content-sha256': sha256(body),
    'x-amz-date': time,
  };
  const names = Object.keys(all).sort();
  const query = [...url.searchParams].map((pair) => pair.map(encoded).join('=')).sort();
  const canonical = [
    method,
    url.pathname,
    query.join('&'),
    ...names.map((name) => `${name}:${all[name]}`),
    '',
    names.join(';'),
    sha256(body),
  ];
  const scope = [time.slice(0, 8), 'us-east-1', service, 'aws4_request'];
  const key = scope.reduce<string | Buffer>(hmac, `AWS4${keys.AWS_SECRET_ACCESS_KEY}`);
  const text = ['AWS4-HMAC-SHA256', time, scope.join('/'), sha256(canonical.join('\n'))].join('\n');
  const credential = `Credential=${keys.AWS_ACCESS_KEY_ID}/${scope.join('/')}`;
  const signature = `Signature=${hmac(key, text).toString('hex')}`;
  const authorization = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${names.join(';')}, ${signature}`;
  const { host: _host, ...sent } = all;
  const init = { method, headers: { ...sent, authorization }, ...(body !== '' && { body }) };
  const response = await fetch(url, init);
  return `${response.status} ${await response.text()}`;
}
