/** The machine: figures, limits, what it can isolate, and the certificates of the server. */
import type { HostView } from '../../core/dashboard/views.ts';
import { Badge, Empty, type Fact, Facts, Foreign, ProblemBox, Section, When } from '../components/basics.tsx';
import { Gauge } from '../components/gauge.tsx';
import { bytes, count, cpuTime } from '../model/format.ts';
import { tenantPath } from '../model/route.ts';
import { useCertificates, useHost } from '../state/host.ts';
import { gaugesOf } from './host-gauges.tsx';

export function HostScreen() {
  const { value: host, problem } = useHost();
  return (
    <>
      <h1>Host{host !== null && <span class="muted"> {host.hostname}</span>}</h1>
      {problem !== null && <ProblemBox problem={problem} />}
      {host !== null && <Figures host={host} />}
      <Certificates />
    </>
  );
}

function Figures({ host }: { host: HostView }) {
  return (
    <>
      <section class="gauges" aria-label="Figures">
        {gaugesOf(host).map((gauge) => (
          <Gauge key={gauge.label} {...gauge} />
        ))}
      </section>
      <div class="columns">
        <Section title="Server and limits">
          <Facts facts={factsOf(host)} />
        </Section>
        <Section title="Isolation">
          <ul class="plain-list">
            {host.isolation.map(({ level, available, reason }) => (
              <li key={level}>
                <Badge state={available ? 'available' : 'not available'} tone={available ? 'good' : 'off'} />
                <strong>{level}</strong>
                {reason !== null && (
                  <span class="message">
                    <Foreign text={reason} max={500} />
                  </span>
                )}
              </li>
            ))}
          </ul>
          {host.notices.length > 0 && (
            <ul class="notes">
              {host.notices.map((notice) => (
                <li key={notice}>
                  <Foreign text={notice} max={500} />
                </li>
              ))}
            </ul>
          )}
        </Section>
      </div>
    </>
  );
}

function factsOf({ version, startedAt, server, instances, loadAverage, cgroup }: HostView): Fact[] {
  return [
    ['Version', version],
    ['Started', <When key="when" at={startedAt} />],
    ['Memory of the server', bytes(server.memoryBytes)],
    ['CPU of the server', cpuTime(server.cpuSeconds)],
    ['Load, 1, 5, 15 minutes', loadAverage.map((load) => load.toFixed(2)).join('  ')],
    ['max_running', count(instances.maxRunning)],
    ['max_concurrent_starts', count(instances.maxConcurrentStarts)],
    ['cgroups', cgroup === null ? 'none: no limits of memory, CPU and processes' : `version ${cgroup}`],
  ];
}

function Certificates() {
  const { value, problem } = useCertificates();
  return (
    <Section title="Certificates">
      {problem !== null && <ProblemBox problem={problem} />}
      {value?.length === 0 && <Empty>No certificate was ordered by ACME.</Empty>}
      {value !== null && value.length > 0 && (
        <ul class="plain-list">
          {value.map(({ name, tenant, state, expiresAt, lastError }) => (
            <li key={name}>
              <Badge state={state} />
              <strong>
                <Foreign text={name} />
              </strong>
              {tenant !== null && <a href={tenantPath(tenant)}>{tenant}</a>}
              {expiresAt !== null && (
                <span>
                  expires <When at={expiresAt} />
                </span>
              )}
              {lastError !== null && (
                <span class="message">
                  <Foreign text={lastError} max={500} />
                </span>
              )}
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
