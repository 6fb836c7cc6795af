/**
 * Sends the requests of a probe file to both tenants, then those of each with the cookies, tokens and ids of the other.
 * What a probe planted is removed in any case.
 */
import { randomBytes } from 'node:crypto';
import type { Finding } from '../../../core/verify/finding.ts';
import type { WebAnswer } from '../../../core/verify/web/capture.ts';
import { crossingsOf, judgeCrossing, shown } from '../../../core/verify/web/crossing.ts';
import { hostNameOf, type Place } from '../../../core/verify/web/place.ts';
import { type Probe, type ProbeRequest, textOf, usesCanary } from '../../../core/verify/web/probe-file.ts';
import { type RenderedRequest, Session } from '../../../core/verify/web/session.ts';
import { toTenementError } from '../../../errors.ts';
import type { ProxyPorts } from './connection.ts';
import { sendTo } from './send.ts';

export interface WebProbe {
  readonly probe: Probe;
  readonly proxy: ProxyPorts;
  readonly tenants: readonly WebTenant[];
  readonly signal: AbortSignal;
}

export interface WebTenant {
  readonly id: string;
  readonly place: Place;
  /** Values of `env.NAME`, by placeholder. */
  readonly env: ReadonlyMap<string, string>;
}

/** Removal has time of its own, so that an interrupted run leaves nothing. */
const UNDO_TIMEOUT_MS = 60_000;

type Send = (at: Session, request: RenderedRequest) => Promise<WebAnswer>;

/** A tenant in the course of a probe. */
interface Side {
  readonly session: Session;
  /** Requests whose answers showed its own canary. */
  readonly showing: ProbeRequest[];
}

export async function probeWeb({ probe, proxy, tenants, signal }: WebProbe): Promise<Finding[]> {
  const sides = tenants.map(({ id, ...rest }): Side => {
    const session = new Session({ tenant: id, canary: newCanary(), variables: probe.variables, ...rest });
    return { session, showing: [] };
  });
  const send: Send = (at, request) => sendTo(proxy, at.place, request, signal);
  const findings: Finding[] = [];
  try {
    for (const side of sides) findings.push(...(await prepare(probe, side, send)));
    if (findings.length === 0) findings.push(...(await cross(probe, sides, send)));
  } catch (error) {
    findings.push(failed('send the requests of the probe', tenants[0]?.id ?? '', toTenementError(error).message));
  } finally {
    const later = AbortSignal.timeout(UNDO_TIMEOUT_MS);
    const undo: Send = (at, request) => sendTo(proxy, at.place, request, later);
    for (const side of sides) findings.push(...(await remove(probe, side, undo)));
  }
  return findings;
}

/** Recognisable, so that one that was left behind can be found. */
function newCanary(): string {
  return `tenement-verify-${randomBytes(10).toString('hex')}`;
}

function failed(what: string, tenant: string, detail: string): Finding {
  return { kind: 'requests', what, from: tenant, to: tenant, result: 'failed', detail };
}

function titleOf({ method, path }: ProbeRequest): string {
  return `${method} ${path}`;
}

/** Plants, and reads what was planted. @returns what was not as it must be for the crossings to prove anything */
async function prepare(probe: Probe, { session, showing }: Side, send: Send): Promise<Finding[]> {
  for (const request of probe.requests.filter(({ role }) => role !== 'undo')) {
    const rendered = session.render(request);
    const answer = await send(session, rendered);
    const missing = session.learn(request, answer);
    const refusal = refusalText(answer, session);
    if (refusal !== null) return [failed(titleOf(request), session.tenant, refusal)];
    if (missing.length > 0)
      return [failed(titleOf(request), session.tenant, `no ${missing.join(', ')} in its answer, ${answer.status}`)];
    if (request.role === 'read' && shown([session.canary], answer, rendered).length > 0) showing.push(request);
  }
  if (showing.length > 0 || !plantsCanary(probe)) return [];
  return [failed('find its own canary', session.tenant, 'no request that is tried across shows it')];
}

/** Returns why a request of the probe has failed; null: it has not. */
function refusalText(answer: WebAnswer, { place }: Session): string | null {
  const { status } = answer;
  if (isSentToHttps(answer, place))
    return `answered ${status}: clients are sent to https, and no handshake for ${hostNameOf(place)} succeeds here`;
  if (status < 400) return null;
  if (place.kind !== 'jwt' || status !== 401) return `answered ${status}`;
  return `answered ${status}: only a token names the tenant, so give each request Authorization: Bearer {{env.TOKEN}}`;
}

function isSentToHttps({ status, headers }: WebAnswer, place: Place): boolean {
  if (place.scheme === 'https' || status < 300 || status >= 400) return false;
  const location = headers.find(([name]) => name === 'location')?.[1] ?? '';
  return URL.canParse(location) && isSecurely(new URL(location), hostNameOf(place));
}

function isSecurely({ protocol, hostname }: URL, host: string): boolean {
  return protocol === 'https:' && hostname === host;
}

function plantsCanary({ requests, variables }: Probe): boolean {
  return requests.some((request) => request.role === 'plant' && usesCanary(textOf(request), variables));
}

async function cross(probe: Probe, sides: readonly Side[], send: Send): Promise<Finding[]> {
  const findings: Finding[] = [];
  const [one, other] = sides.map(({ session }) => session);
  if (one === undefined || other === undefined) return findings;
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const)
    for (const request of probe.requests.filter(({ role }) => role === 'read')) {
      const own = await send(from, from.render(request));
      const anonymous = await send(to, to.renderAnonymous(request));
      for (const crossing of crossingsOf(request, from, to)) {
        const answers = { own, anonymous, crossing: await send(crossing.at, crossing.request) };
        findings.push(judgeCrossing(crossing, from, to, answers));
      }
    }
  return findings;
}

/** Runs the `@undo` requests, and looks whether the canary is gone from where it was. */
async function remove({ requests }: Probe, { session, showing }: Side, send: Send): Promise<Finding[]> {
  const left = (detail: string) => failed(`remove ${session.canary}`, session.tenant, detail);
  try {
    for (const request of requests.filter(({ role }) => role === 'undo')) {
      const { status } = await send(session, session.render(request));
      if (status >= 400 && showing.length > 0) return [left(`${titleOf(request)} answered ${status}`)];
    }
    for (const request of showing) {
      const rendered = session.render(request);
      if (shown([session.canary], await send(session, rendered), rendered).length > 0)
        return [left(`${titleOf(request)} still shows it`)];
    }
    return [];
  } catch (error) {
    return [left(toTenementError(error).message)];
  }
}
