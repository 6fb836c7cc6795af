/** What a tenant is, has and may use. */
import type { TenantView } from '../../../core/verbs/tenant-verbs.ts';
import { Empty, Foreign, Section, When } from '../../components/basics.tsx';
import { Gauge } from '../../components/gauge.tsx';
import { bytes, bytesOf, count, dateTime, duration, plural } from '../../model/format.ts';
import { TenantDomains } from './domains.tsx';
import { InstanceCard } from './instance-card.tsx';
import { LastLines } from './last-lines.tsx';
import type { TenantPart } from './part.ts';
import { Terms } from './terms.tsx';

export function TenantSummary(part: TenantPart) {
  const { view, instances, tenant } = part;
  return (
    <div class="columns">
      <div>
        {view?.provisioning != null && <Provisioning provisioning={view.provisioning} />}
        {view?.operation != null && <Operation operation={view.operation} />}
        <Section title="Instances">
          {instances.length === 0 && <Empty>{tenant} has no instance.</Empty>}
          {instances.map((row) => (
            <InstanceCard key={row.instance} row={row} />
          ))}
        </Section>
      </div>
      <div>
        {view !== null && <Terms view={view} reload={part.reload} />}
        {view !== null && view.quotas.length > 0 && <Quotas quotas={view.quotas} />}
        {view !== null && <TenantDomains {...part} />}
      </div>
    </div>
  );
}

function Quotas({ quotas }: { quotas: TenantView['quotas'] }) {
  return (
    <Section title="Quotas">
      <div class="gauges">
        {quotas.map(({ meter, used, limit, period, resetsAt }) => (
          <div key={`${meter} ${period}`} title={`Begins anew at ${dateTime(resetsAt)}`}>
            <Gauge
              label={`${METER_NAMES[meter]}, ${period}`}
              share={used / limit}
              value={meter === 'egress' ? bytesOf(used, limit) : `${amount(meter, used)} of ${amount(meter, limit)}`}
              badAt={1}
            />
          </div>
        ))}
      </div>
    </Section>
  );
}

const METER_NAMES = { requests: 'Requests', cpu: 'CPU time', awake: 'Awake', egress: 'Sent' } as const;

function amount(meter: keyof typeof METER_NAMES, value: number): string {
  return meter === 'requests' ? count(Math.round(value)) : duration(value * 1000);
}

function Provisioning({ provisioning }: { provisioning: NonNullable<TenantView['provisioning']> }) {
  const { action, waiting, running, failed } = provisioning;
  return (
    <Section title={action === 'create' ? 'Being set up' : 'Being purged'}>
      {running !== null && <p>The hook {running} runs.</p>}
      {failed !== null && (
        <>
          <p class="bad-text">
            The hook {failed.hook} has failed {count(failed.failures)}×: <Foreign text={failed.reason} max={500} />
            {failed.nextTryAt !== null && (
              <>
                {'; it is tried again '}
                <When at={failed.nextTryAt} />
              </>
            )}
          </p>
          {failed.lastLines.length > 0 && <LastLines lines={failed.lastLines} />}
        </>
      )}
      {waiting.length > 0 && <p class="muted">To run: {waiting.join(', ')}.</p>}
    </Section>
  );
}

function Operation({ operation }: { operation: NonNullable<TenantView['operation']> }) {
  const { kind, by, startedAt, doneFiles, doneBytes, totalBytes } = operation;
  return (
    <Section title="Under way">
      <p>
        {kind}, begun by <Foreign text={by} max={100} /> <When at={startedAt} />
        {doneFiles !== null && `, ${plural(doneFiles, 'file')}`}
        {doneBytes !== null && `, ${bytes(doneBytes)}`}
        {totalBytes !== null && ` of ${bytes(totalBytes)}`}
      </p>
    </Section>
  );
}
