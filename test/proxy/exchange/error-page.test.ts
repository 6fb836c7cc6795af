import { expect, test } from 'vitest';
import { ERROR_CODES, type ErrorCode } from '../../../src/errors.ts';
import { errorAnswer, rawAnswer } from '../../../src/proxy/exchange/error-page.ts';

const CONTEXT = { accept: '*/*', requestId: 'r-1', retryAfterS: null };
const headerOf = (answer: { headers: string[] }, name: string) => answer.headers[answer.headers.indexOf(name) + 1];

test('a program gets problem+json with code and request id', () => {
  const answer = errorAnswer('stopped', CONTEXT);
  expect(headerOf(answer, 'Content-Type')).toBe('application/problem+json');
  expect(headerOf(answer, 'Cache-Control')).toBe('no-store');
  expect(answer.headers).not.toContain('Retry-After');
  expect(JSON.parse(answer.body)).toEqual({
    type: 'about:blank',
    title: 'Service Unavailable',
    status: 503,
    code: 'stopped',
    detail: 'This site has been switched off.',
    requestId: 'r-1',
  });
});

test('a browser gets a page that needs nothing else', () => {
  const answer = errorAnswer('unknown_tenant', { ...CONTEXT, accept: 'Text/HTML,application/xhtml+xml' });
  expect(answer.status).toBe(404);
  expect(headerOf(answer, 'Content-Type')).toBe('text/html; charset=utf-8');
  expect(answer.body).toContain('There is nothing at this address.');
  expect(answer.body).toContain('unknown_tenant');
  expect(answer.body).toContain('r-1');
  expect(answer.body).not.toMatch(/src=|href=|url\(|@import|http-equiv/);
});

test('a page with Retry-After says when, and reloads by itself', () => {
  const answer = errorAnswer('backoff', { ...CONTEXT, accept: 'text/html', retryAfterS: 3 });
  expect(headerOf(answer, 'Retry-After')).toBe('3');
  expect(answer.body).toContain('<meta http-equiv="refresh" content="3">');
});

test('text from outside is escaped', () => {
  const answer = errorAnswer('bad_request', { ...CONTEXT, accept: 'text/html', requestId: '<script>"&' });
  expect(answer.body).not.toContain('<script>');
  expect(answer.body).toContain('&lt;script&gt;&quot;&amp;');
});

test.each(Object.keys(ERROR_CODES) as ErrorCode[])('%s has a sentence and its length', (code) => {
  for (const accept of ['', 'text/html']) {
    const answer = errorAnswer(code, { ...CONTEXT, accept });
    expect(answer.status).toBe(ERROR_CODES[code].httpStatus);
    expect(headerOf(answer, 'Content-Length')).toBe(String(Buffer.byteLength(answer.body)));
    expect(answer.body).toMatch(/[A-Z][a-z, ]+[a-z]\./);
  }
});

test('an error as raw bytes is a complete response that closes', () => {
  const answer = errorAnswer('bad_request', CONTEXT);
  expect(rawAnswer(answer)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n(.+\r\n)+Connection: close\r\n\r\n\{.+\}\n$/);
});
