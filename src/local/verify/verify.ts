/**
 * Tries two tenants of a running server against each other. Tenants that sleep are woken, because what has no process and
 * no socket proves little, and put to sleep again.
 */
import { serviceNamed } from '../../core/service/service.ts';
import type { InstanceView } from '../../core/verbs/verbs.ts';
import type { Finding, VerifyOutcome } from '../../core/verify/finding.ts';
import { levelText } from '../../core/verify/separation.ts';
import type { Probe } from '../../core/verify/web/probe-file.ts';
import { TenementError, toTenementError } from '../../errors.ts';
import { openDirectories } from './facts.ts';
import { tryFromInside } from './from-inside.ts';
import type { VerifiedServer } from './server.ts';
import { probeWeb } from './web/probe-web.ts';
import { webTargetOf } from './web/web-target.ts';

export interface VerifyOptions {
  readonly tenants: readonly [string, string];
  /** null: no requests are sent. */
  readonly probe: Probe | null;
  /** The service that the probe is for; null: the default service. */
  readonly service: string | null;
  /** Whether tenants that sleep are woken. */
  readonly wakes: boolean;
  /** For `env.NAME` in the probe. */
  readonly env: NodeJS.ProcessEnv;
  /** Ends the attempts; what was planted is still removed. */
  readonly signal: AbortSignal;
}

/** What remains of an interrupted run has this time. */
const CLEAN_UP_MS = 60_000;

/** @throws {TenementError} `unknown_tenant`, `bad_input`, `server_unreachable` */
export async function verify(server: VerifiedServer, options: VerifyOptions): Promise<VerifyOutcome> {
  const { tenants, signal } = options;
  const config = await server.config();
  const before = await instancesOf(server, tenants);
  const { probe } = options;
  const web = probe === null ? null : await webTargetOf(config, before, { ...options, probe });
  const notes = before.map((view) => `${view.instance}: ${levelText(serviceNamed(config, view.service))}`);
  const findings = openDirectories(before, config);
  try {
    const views = options.wakes ? await woken(server, before, findings) : before;
    const deps = { prepareCommand: server.prepareCommand, signal };
    const later = { ...deps, signal: AbortSignal.timeout(CLEAN_UP_MS) };
    findings.push(...(await tryFromInside({ views, config, deps, later })));
    if (probe !== null && web !== null)
      findings.push(...('findings' in web ? web.findings : await probeWeb({ ...web, probe, signal })));
  } finally {
    await putBack(server, before, notes);
  }
  return { tenants, findings, notes };
}

/** @throws {TenementError} `unknown_tenant` */
async function instancesOf(server: VerifiedServer, tenants: readonly string[]): Promise<InstanceView[]> {
  const views: InstanceView[] = [];
  for (const id of tenants) {
    const { instances } = await server.tenants.get(id);
    if (instances.length === 0)
      throw new TenementError('bad_input', `${id} has no instance, so there is nothing to try`, {
        hint: `Register one: tenement spawn SERVICE --id ${id}.`,
      });
    for (const instance of instances) views.push(await server.get(instance));
  }
  return views;
}

/** Wakes what sleeps. What cannot be woken is reported, because it remains untried every time. */
async function woken(
  server: VerifiedServer,
  views: readonly InstanceView[],
  findings: Finding[],
): Promise<InstanceView[]> {
  const all = await Promise.all(views.map((view) => wake(server, view)));
  for (const { view, problem } of all)
    if (problem !== null)
      findings.push({
        ...{ kind: 'processes', what: 'wake it', from: 'tenement', to: view.instance },
        ...{ result: 'failed', detail: problem },
      });
  return all.map(({ view }) => view);
}

/** @returns why it does not run; null when it does, or need not */
async function wake(server: VerifiedServer, view: InstanceView) {
  if (view.state !== 'asleep') return { view, problem: null };
  try {
    const woken = await server.start(view.instance);
    return { view: woken, problem: woken.state === 'ready' ? null : (woken.lastExit?.detail ?? woken.reason) };
  } catch (error) {
    return { view, problem: toTenementError(error).message };
  }
}

/** A tenant that somebody else uses by now is put to sleep all the same: its next request wakes it. */
async function putBack(server: VerifiedServer, before: readonly InstanceView[], notes: string[]): Promise<void> {
  for (const { instance } of before.filter(({ state }) => state === 'asleep')) {
    try {
      const { state } = await server.get(instance);
      if (state !== 'asleep' && state !== 'stopped') await server.sleep(instance);
    } catch (error) {
      notes.push(`${instance} could not be put to sleep again: ${toTenementError(error).message}`);
    }
  }
}
