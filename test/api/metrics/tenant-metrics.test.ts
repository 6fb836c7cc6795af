import { expect, test } from 'vitest';
import { type TenantMetrics, TenantMetricsWriter } from '../../../src/api/metrics/tenant-metrics.ts';
import { TenantSeries } from '../../../src/core/observing/tenant-series.ts';

interface Thing {
  readonly tenant: string;
  readonly requests: number;
  readonly memory: number | null;
}

const THINGS: TenantMetrics<Thing> = {
  metrics: [
    { name: 'requests_total', help: 'Requests.', type: 'counter', read: ({ requests }) => requests },
    { name: 'memory_bytes', help: 'Memory.', type: 'gauge', read: ({ memory }) => memory },
  ],
  tenantOf: ({ tenant }) => tenant,
  labelsOf: () => [['service', 'api']],
};

function scraper(places: number) {
  const writer = new TenantMetricsWriter(THINGS);
  const series = new TenantSeries(places);
  return async (...things: Thing[]) => {
    series.begin();
    const text = (await writer.write(things, series)).join('');
    return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  };
}

const thing = (tenant: string, requests: number, memory: number | null = null): Thing => ({ tenant, requests, memory });

test('each tenant has a sample where it has a value', async () => {
  const scrape = scraper(10);
  expect(await scrape(thing('acme', 3, 5), thing('globex', 4))).toEqual([
    'requests_total{service="api",tenant="acme"} 3',
    'requests_total{service="api",tenant="globex"} 4',
    'memory_bytes{service="api",tenant="acme"} 5',
  ]);
});

test('tenants without a place of their own are added up', async () => {
  const scrape = scraper(1);
  const samples = await scrape(thing('acme', 3, 5), thing('globex', 4, 7), thing('initech', 1, 1));
  expect(samples).toEqual([
    'requests_total{service="api",tenant="acme"} 3',
    'requests_total{service="api",tenant="_other"} 5',
    'memory_bytes{service="api",tenant="acme"} 5',
    'memory_bytes{service="api",tenant="_other"} 8',
  ]);
});

test('a sum of counters keeps what a removed tenant had counted', async () => {
  const scrape = scraper(0);
  await scrape(thing('acme', 3, 5), thing('globex', 4, 7));
  expect(await scrape(thing('globex', 5, 7))).toEqual([
    'requests_total{service="api"} 8',
    'memory_bytes{service="api"} 7',
  ]);
});

test('everything else has its turn while thousands of tenants are read', async () => {
  const scrape = scraper(10_000);
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const samples = await scrape(...Array.from({ length: 5000 }, (_, index) => thing(`t${index}`, index)));
  isOver = true;
  expect(samples).toHaveLength(5000);
  expect(turns).toBeGreaterThanOrEqual(50);
});
