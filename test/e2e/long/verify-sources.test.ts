/** `tenement verify --probe`, whatever names the tenant. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SignJWT } from 'jose';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { freePort } from '../../ports.ts';
import { ownCertificate } from '../secure-server.ts';
import { serve, type TestServer, temporaryDirectory } from '../support.ts';
import { isRoot, lines, pair, probeFile, verify } from '../verify-pairs.ts';

const SECRET = 'a secret of more than thirty-two bytes';
const BEARER = 'Authorization: Bearer {{env.TOKEN}}';

const tokenOf = (id: string) =>
  new SignJWT({ tenant_id: id }).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(SECRET));

/** Serves the notes application to two tenants. */
async function serveNotes(routing: string, proxyKeys = '', serviceKeys = ''): Promise<TestServer> {
  // Instances without a URL do not tell the port, so the config has to.
  const listen = `127.0.0.1:${await freePort()}`;
  const toml = `[proxy]\nlisten = "${listen}"\ndefault_service = "notes"\n${proxyKeys}\n[routing]\n${routing}
[service.notes]\ncommand = "node {fixtures}/notes.mjs"\nuser = "dynamic"\n${serviceKeys}\n`;
  const server = await serve(toml, ['--proxy', listen]);
  await pair(server, 'notes', ['acme', 'globex']);
  return server;
}

/** The table `[tls]` with a certificate for a name. */
const tlsFor = (name: string) => ownCertificate([name]).table;

const requestsOf = (outcome: Awaited<ReturnType<typeof verify>>) =>
  outcome.findings.filter(({ kind }) => kind === 'requests');

describe.skipIf(!isRoot)('verify --probe', () => {
  it('speaks https where the proxy has a certificate, so that a redirect is no answer', async () => {
    const server = await serveNotes('tenant_from = ["host"]', tlsFor('*.localhost'));
    const redirected = await server.get('acme.localhost', '/notes');
    expect([redirected.status, redirected.headers.location]).toEqual([308, expect.stringMatching(/^https:/)]);
    const outcome = await verify(server, 'acme', 'globex', '--probe', probeFile(server));
    expect(lines({ findings: requestsOf(outcome) }, 'leak', 'failed', 'not_tried')).toEqual([]);
    expect(outcome).toMatchObject({ status: 0, passed: true });
    expect(lines(outcome, 'refused')).toContain("globex → acme: GET /notes/{{note}} at one's own host with its ids");
  });

  it('finds a leak over https', async () => {
    const secret = '\n[service.notes.env]\nCOOKIE_SECRET = "the same for all"';
    const server = await serveNotes('tenant_from = ["host"]', tlsFor('*.localhost'), secret);
    const outcome = await verify(server, 'acme', 'globex', '--probe', probeFile(server));
    expect(lines(outcome, 'leak')).toContain("acme → globex: GET /notes at its host with one's own cookies and tokens");
  });

  it('speaks http to hosts for which no handshake succeeds', async () => {
    const server = await serveNotes('tenant_from = ["path:/t/{tenant}"]', tlsFor('elsewhere.test'));
    const outcome = await verify(server, 'acme', 'globex', '--probe', probeFile(server));
    expect(lines({ findings: requestsOf(outcome) }, 'leak', 'failed', 'not_tried')).toEqual([]);
  });

  it('says so when an application sends clients to https, and nothing here speaks it', async () => {
    const server = await serveNotes('tenant_from = ["host"]');
    const probe = join(server.dir, 'sent.http');
    writeFileSync(probe, 'GET /secure\n');
    const outcome = await verify(server, 'acme', 'globex', '--probe', probe);
    expect(requestsOf(outcome)[0]).toMatchObject({
      result: 'failed',
      detail: 'answered 301: clients are sent to https, and no handshake for acme.localhost succeeds here',
    });
  });

  it('sends requests to the path that names the tenant', async () => {
    const server = await serveNotes('tenant_from = ["path:/t/{tenant}"]');
    const outcome = await verify(server, 'acme', 'globex', '--probe', probeFile(server));
    expect(lines({ findings: requestsOf(outcome) }, 'leak', 'failed', 'not_tried')).toEqual([]);
    expect(lines(outcome, 'refused')).toContain(
      "acme → globex: GET /notes at its path with one's own cookies and tokens",
    );
  });

  it('sends the header that names the tenant from an address that the proxy trusts', async () => {
    const server = await serveNotes('tenant_from = ["header:X-Org"]', 'trusted_proxies = ["127.0.0.2"]');
    const outcome = await verify(server, 'acme', 'globex', '--probe', probeFile(server));
    expect(lines({ findings: requestsOf(outcome) }, 'leak', 'failed', 'not_tried')).toEqual([]);
    expect(lines(outcome, 'refused')).toContain(
      "acme → globex: GET /notes at its header with one's own cookies and tokens",
    );
  });

  it('says that a header cannot be sent which the proxy believes from others alone', async () => {
    const server = await serveNotes('tenant_from = ["header:X-Org"]', 'trusted_proxies = ["192.0.2.1"]');
    const outcome = await verify(server, 'acme', 'globex', '--probe', probeFile(server));
    expect(requestsOf(outcome)).toMatchObject([
      { from: 'acme', to: 'globex', result: 'not_tried', detail: expect.stringContaining('trusted_proxies') },
      { from: 'globex', to: 'acme', result: 'not_tried' },
    ]);
    expect(outcome.status).toBe(0);
  });

  it('asks at the public socket, where tenement serves it and no place but a header names the tenant', async () => {
    const server = await serveNotes('tenant_from = ["header:X-Org"]', '', 'public_socket = "proxied"');
    const outcome = await verify(server, 'acme', 'globex', '--probe', probeFile(server));
    expect(lines({ findings: requestsOf(outcome) }, 'leak', 'failed', 'not_tried')).toEqual([]);
    expect(lines(outcome, 'refused')).toContain(
      "acme → globex: GET /notes at its socket with one's own cookies and tokens",
    );
  });

  it('sends the tokens of the probe where a token names the tenant, and says so when it has none', async () => {
    const secretFile = join(temporaryDirectory(), 'token.secret');
    onTestFinished(() => rmSync(dirname(secretFile), { recursive: true }));
    writeFileSync(secretFile, SECRET, { mode: 0o600 });
    const server = await serveNotes(`tenant_from = ["jwt:tenant_id"]\n[routing.jwt]\nsecret_file = "${secretFile}"`);
    const none = await verify(server, 'acme', 'globex', '--probe', probeFile(server));
    expect(requestsOf(none)[0]).toMatchObject({ result: 'failed', detail: expect.stringContaining('{{env.TOKEN}}') });
    const probe = join(server.dir, 'tokens.http');
    writeFileSync(probe, readFileSync(probeFile(server), 'utf8').replace(/^[A-Z]+ \/\S+$/gm, `$&\n${BEARER}`));
    for (const id of ['acme', 'globex']) vi.stubEnv(`TOKEN_${id.toUpperCase()}`, await tokenOf(id));
    onTestFinished(() => void vi.unstubAllEnvs());
    const outcome = await verify(server, 'acme', 'globex', '--probe', probe);
    expect(lines({ findings: requestsOf(outcome) }, 'leak', 'failed', 'not_tried')).toEqual([]);
    expect(lines(outcome, 'refused')).toContain("acme → globex: GET /notes/{{note}} at one's own token with its ids");
  });
});
