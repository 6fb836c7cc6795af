/** `tenement tenant show`: prints everything known about one tenant. */
import type { Command } from 'commander';
import { formatDuration } from '../../../core/limits/units.ts';
import type { ProvisioningView } from '../../../core/provisioning/provisioning-view.ts';
import type { QuotaJson } from '../../../core/quota/quota-face.ts';
import { assertTenantId } from '../../../core/tenants/tenant.ts';
import type { DomainView } from '../../../core/verbs/domain-verbs.ts';
import type { TenantView } from '../../../core/verbs/tenant-verbs.ts';
import type { InstanceView } from '../../../core/verbs/verbs.ts';
import { age, block, bytes, duration, plural } from '../../output/format.ts';
import { type CliIo, print, printJson, tableSpace } from '../../output/io.ts';
import type { TableSpace } from '../../output/table.ts';
import { terminalText } from '../../output/terminal-text.ts';
import { type GlobalOptions, withClient } from '../../target.ts';
import { domainTable } from '../domain/domain-text.ts';
import { domainsOf, instancesOf, instanceTable, labelText } from './tenant-text.ts';

export function showCommand(tenant: Command, io: CliIo): void {
  tenant
    .command('show')
    .description('print all that is known of one tenant')
    .argument('<id>', 'the tenant')
    .option('--json', 'print the tenant as JSON')
    .action((id: string, _options, command: Command) =>
      show(id, command.optsWithGlobals<GlobalOptions & { json?: boolean }>(), io),
    );
}

async function show(id: string, options: GlobalOptions & { json?: boolean }, io: CliIo): Promise<void> {
  assertTenantId(id);
  const { view, instances, domains } = await withClient(options, io, async (client) => {
    const found = await client.tenants.get(id);
    if (options.json === true) return { view: found, instances: [], domains: [] };
    return { view: found, instances: await instancesOf(found, client), domains: await domainsOf(found, client) };
  });
  if (options.json === true) return printJson(io, view);
  await print(io, describe(view, { instances, domains }, Date.now(), tableSpace(io)));
}

function describe(
  view: TenantView,
  { instances, domains }: { instances: readonly InstanceView[]; domains: readonly DomainView[] },
  nowMs: number,
  space: TableSpace,
): string {
  const { id, state, reason, plan, expiresAt, labels, variables, storageBytes, quotas, provisioning, createdAt } = view;
  const entries: [string, string][] = [['why', reason]];
  if (plan !== null) entries.push(['plan', plan]);
  entries.push(['expires', expiresAt === null ? 'never' : `${expiresAt}, ${fromNow(expiresAt, nowMs)}`]);
  if (Object.keys(labels).length > 0) entries.push(['labels', labelText(labels)]);
  if (variables.length > 0) entries.push(['variables', variables.join(', ')]);
  entries.push(['storage', storageBytes === null ? 'not measured yet' : bytes(storageBytes)]);
  if (provisioning !== null) entries.push(...provisioningEntries(provisioning, nowMs));
  for (const quota of quotas) entries.push([`${quota.meter} quota`, quotaText(quota, nowMs)]);
  entries.push(['created', `${createdAt}, ${age(createdAt, nowMs)} ago`]);
  const rows = instances.length === 0 ? '  No instances.' : instanceTable(instances, space);
  const own = domains.length === 0 ? [] : [domainTable(domains, { ...space, indent: 2 })];
  return [`${id} is ${state}`, block(entries, space), rows, ...own].join('\n');
}

/** What of its hooks is incomplete. */
function provisioningEntries(
  { action, waiting, running, failed }: ProvisioningView,
  nowMs: number,
): [string, string][] {
  const entries: [string, string][] = [[`to ${action}`, waiting.join(', ')]];
  if (running !== null) entries.push(['running', running]);
  if (failed === null) return entries;
  const times = failed.failures === 1 ? 'once' : `${failed.failures} times, last ${age(failed.at, nowMs)} ago`;
  entries.push(['failed', `${failed.hook}: ${failed.reason}`]);
  entries.push(['since', `${failed.since}, ${age(failed.since, nowMs)} ago; ${times}`]);
  if (failed.nextTryAt !== null) entries.push(['next try', `${failed.nextTryAt}, ${fromNow(failed.nextTryAt, nowMs)}`]);
  return [...entries, ...failed.lastLines.map((line): [string, string] => ['last output', terminalText(line)])];
}

/** Quotas are stated in powers of 1000. */
function decimalBytes(count: number): string {
  if (count < 1e6) return count < 1e3 ? plural(count, 'byte') : `${(count / 1e3).toFixed(1)} kB`;
  return count >= 1e9 ? `${(count / 1e9).toFixed(1)} GB` : `${(count / 1e6).toFixed(1)} MB`;
}

/** Returns for example `412 of 500 this month, renewed in 2d 3h`. */
function quotaText({ meter, used, limit, period, resetsAt }: QuotaJson, nowMs: number): string {
  const amount = (count: number) => {
    if (meter === 'requests') return String(count);
    return meter === 'egress' ? decimalBytes(count) : formatDuration(count * 1000);
  };
  const when = period === 'day' ? 'today' : `this ${period}`;
  return `${amount(used)} of ${amount(limit)} ${when}, renewed ${fromNow(resetsAt, nowMs)}`;
}

function fromNow(iso: string, nowMs: number): string {
  const inMs = Date.parse(iso) - nowMs;
  return inMs > 0 ? `in ${duration(inMs)}` : `${duration(-inMs)} ago`;
}
