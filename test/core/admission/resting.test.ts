import { describe, expect, it } from 'vitest';
import { areAtRest, inboundStateOf } from '../../../src/core/admission/resting.ts';
import { parseSockets } from '../../../src/process/sockets/socket-table.ts';

const SOCKET = '/run/t/app acme.s';
const BELL = '/run/t/d1';
const NGINX = 'users:(("nginx",pid=20,fd=6))';
const isOwn = (pid: number) => pid === 1;

const TENANT = `
u_str LISTEN 0      511      ${SOCKET} 100         * 0        users:(("node",pid=9,fd=19))
u_str ESTAB  0      0        ${SOCKET} 101         * 201      users:(("node",pid=9,fd=20))`;
const UPSTREAM = `
u_str ESTAB  0      0               * 201         * 101      ${NGINX}
u_str ESTAB  0      0               * 300         * 301      ${NGINX}`;
const LISTENER = `
tcp   LISTEN 0      511       0.0.0.0:80 0.0.0.0:*  ${NGINX} cubic cwnd:10`;
const client = (sentMs: number, receivedMs: number) => `
tcp   ESTAB  0      0      10.0.0.1:80   6.6.6.6:5555  ${NGINX} cubic rto:200 send 9bps lastsnd:${sentMs} lastrcv:${receivedMs} lastack:3 minrtt:0.1`;

const judge = (text: string, quietMs = 5000) => areAtRest(parseSockets(text), [SOCKET, BELL], quietMs, isOwn);

describe('connections on which nothing moves are at rest', () => {
  it('when their server has no client', () => {
    expect(judge(TENANT + UPSTREAM + LISTENER)).toBe(true);
  });

  it('when each client of their server has moved something since', () => {
    expect(judge(TENANT + UPSTREAM + LISTENER + client(7000, 300))).toBe(true);
  });

  it('when the other connections of their server are no clients', () => {
    const database = `\ntcp   ESTAB  0 0 10.0.0.1:44444 10.0.0.2:5432 ${NGINX} lastsnd:9999 lastrcv:9999`;
    expect(judge(TENANT + UPSTREAM + LISTENER + database)).toBe(true);
  });

  it('when they are tenement’s own', () => {
    expect(judge(TENANT + UPSTREAM.replaceAll('pid=20', 'pid=1'))).toBe(true);
  });

  it('when there are none', () => {
    expect(judge(LISTENER)).toBe(true);
  });
});

describe('connections spliced at an activation socket', () => {
  const JOINED = `
u_str ESTAB  0 0  ${SOCKET} 101 * 201 users:(("node",pid=9,fd=20))
u_str ESTAB  0 0  * 201 * 101 users:(("tenement",pid=1,fd=6))
u_str ESTAB  0 0  ${BELL} 102 * 202 users:(("tenement",pid=1,fd=7))
u_str ESTAB  0 0  * 202 * 102 ${NGINX}`;

  it('are judged by the accepted connections', () => {
    expect(judge(JOINED + LISTENER)).toBe(true);
    expect(judge(JOINED + LISTENER + client(9000, 9000))).toBe(false);
  });
});

describe('connections may be silent WebSockets', () => {
  it('when a client of the server is as silent', () => {
    expect(judge(TENANT + UPSTREAM + LISTENER + client(300, 20) + client(7000, 8000))).toBe(false);
  });

  it('when their server has a client on a Unix socket, about which nothing is known', () => {
    const through = `\nu_str ESTAB 0 0 /run/front.sock 400 * 401 ${NGINX}`;
    expect(judge(TENANT + UPSTREAM + LISTENER + through)).toBe(false);
  });

  it('when their server speaks HTTP/3, whose clients have no connection', () => {
    const quic = `\nudp   UNCONN 0      0       0.0.0.0:80 0.0.0.0:*  ${NGINX}`;
    expect(judge(TENANT + UPSTREAM + LISTENER + quic)).toBe(false);
  });

  it('when the process that holds them listens nowhere', () => {
    expect(judge(TENANT + UPSTREAM)).toBe(false);
  });

  it('when the process that holds them is unknown', () => {
    expect(judge(TENANT + UPSTREAM.replaceAll(NGINX, '') + LISTENER)).toBe(false);
    expect(judge(TENANT + LISTENER)).toBe(false);
  });
});

describe("the inbound state of a frozen process's socket", () => {
  const connection = (unread: number, peer = '201') =>
    `u_str ESTAB ${unread} 0 ${SOCKET} 101 * ${peer} users:(("node",pid=9,fd=20))\n`;
  const client = `u_str ESTAB 0 0 * 201 * 101 ${NGINX}\n`;
  const listener = (waiting: number) => `u_str LISTEN ${waiting} 511 ${SOCKET} 100 * 0 users:(("node",pid=9,fd=19))\n`;
  const inboundState = (text: string) => inboundStateOf(parseSockets(text), SOCKET);

  it('is unread for bytes on a connection', () => {
    expect(inboundState(listener(0) + connection(120) + client)).toBe('unread');
  });

  it('is unread for a connection that was not accepted', () => {
    expect(inboundState(listener(1))).toBe('unread');
  });

  it('is open while a client may still send', () => {
    expect(inboundState(listener(0) + connection(0) + client)).toBe('open');
  });

  it('is closed when no client is at the other end', () => {
    expect(inboundState(listener(0) + connection(0, '0'))).toBe('closed');
    expect(inboundState(listener(0) + connection(0))).toBe('closed');
  });

  it('ignores sockets of other instances', () => {
    expect(inboundState(`${listener(0)}u_str ESTAB 99 0 /run/t/other.s 102 * 202 ${NGINX}\n`)).toBe('closed');
  });
});
