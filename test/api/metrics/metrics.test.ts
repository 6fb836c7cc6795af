import { expect, test } from 'vitest';
import { runningApi } from '../running.ts';

interface Sample {
  readonly name: string;
  readonly value: number;
}

/** Parses the text format: each metric's type and help, and the samples. */
function parse(text: string) {
  const types = new Map<string, string>();
  const helps = new Map<string, string>();
  const samples: Sample[] = [];
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const [, kind, about = '', words = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (kind === 'TYPE') types.set(about, words);
    else if (kind === 'HELP') helps.set(about, words);
    else samples.push(sampleOf(line));
  }
  return { types, helps, samples };
}

function sampleOf(line: string): Sample {
  const [, name = '', value = ''] = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{[^}]*\})? (\S+)$/.exec(line) ?? [];
  expect(name, line).not.toBe('');
  return { name, value: Number(value) };
}

/** The rules of `promtool check metrics` (promlint, client_golang/prometheus/testutil/promlint/validations). */
function complaintsOf(name: string, type: string): string[] {
  const isCounter = type === 'counter';
  const isGauge = type === 'gauge';
  const rules: readonly [broken: boolean, complaint: string][] = [
    [isCounter && !name.endsWith('_total'), 'a counter ends in _total'],
    [!isCounter && name.endsWith('_total'), 'what is no counter does not end in _total'],
    [(isCounter || isGauge) && /_(bucket|sum|count)$/.test(name), 'reserved suffix'],
    [name.split('_').includes(type), 'its type in its name'],
    [
      /_(ms|us|ns|milliseconds|minutes|hours|days|kilobytes|megabytes|mb|kb|ratios?|celsius_k)(_|$)/.test(name),
      'no base unit',
    ],
    [/[a-z][A-Z]/.test(name), 'camel case'],
  ];
  return rules.filter(([broken]) => broken).map(([, complaint]) => `${name}: ${complaint}`);
}

test('metrics follow the rules for names (bug: three gauges ended in _total)', async () => {
  const { call } = await runningApi();
  await call('/spawn/api/--id=acme');
  const { types, helps } = parse((await call('/metrics')).text);
  expect(types.size).toBeGreaterThan(30);
  expect([...types].flatMap(([name, type]) => complaintsOf(name, type))).toEqual([]);
  expect([...types.keys()].filter((name) => !helps.has(name))).toEqual([]);
  expect(types.has('nodejs_active_handles')).toBe(true);
});

test('the first scrape contains only measured values (bug: NaN, and 292 years of lag)', async () => {
  const usedBefore = process.cpuUsage();
  const { call } = await runningApi();
  // Two scrapes at once: nothing is measured between them either.
  const scrapes = await Promise.all([call('/metrics'), call('/metrics')]);
  for (const { text } of scrapes) {
    const { samples } = parse(text);
    expect(samples.filter(({ value }) => !Number.isFinite(value))).toEqual([]);
    expect(samples.filter(({ name, value }) => name.startsWith('nodejs_eventloop_lag_') && value > 3600)).toEqual([]);
    const used = samples.find(({ name }) => name === 'process_cpu_seconds_total')?.value ?? 0;
    expect(used).toBeGreaterThanOrEqual((usedBefore.user + usedBefore.system) / 1e6);
  }
});

test('runs of hooks are counted by their outcome', async () => {
  const { call } = await runningApi();
  const { text } = await call('/metrics');
  expect(text).toContain('tenement_hook_runs_total{service="api",hook="db",action="create",outcome="succeeded"} 3\n');
  expect(text).toContain('tenement_hook_runs_total{service="api",hook="db",action="create",outcome="failed"} 1\n');
  expect(text).toContain('tenement_hook_seconds_total{service="api",hook="db",action="create"} 2.5\n');
  expect(text).toContain('tenement_tenants_incomplete 1\n');
});

test('quotas and refused requests are shown for each tenant', async () => {
  const { call } = await runningApi();
  await call('/spawn/api/--id=acme');
  const { text } = await call('/metrics');
  expect(text).toContain('tenement_tenant_quota_used{meter="requests",period="month",tenant="acme"} 3\n');
  expect(text).toContain('tenement_tenant_quota_limit{meter="requests",period="month",tenant="acme"} 500\n');
  expect(text).toContain('tenement_tenant_refused_requests_total{code="rate_limited",tenant="acme"} 7\n');
});
