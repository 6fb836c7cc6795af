import { expect, test } from 'vitest';
import { RequestMeasures } from '../../../src/core/observing/request-measures.ts';

function seen(measures: RequestMeasures) {
  return Array.from(measures.durations(), ([service, statusClass, { counts, sum }]) => ({
    service,
    statusClass,
    count: counts.reduce((all, one) => all + one, 0),
    sum,
  }));
}

test('durations are kept by service and class of the status', () => {
  const measures = new RequestMeasures();
  measures.answered('api:acme', 200, 500);
  measures.answered('api:globex', 204, 1500);
  measures.answered('web:acme', 101, 1);
  measures.refused('unknown_tenant');
  measures.answered('api:acme', 999, 1000);
  expect(seen(measures)).toEqual([
    { service: 'api', statusClass: 2, count: 2, sum: 2 },
    { service: 'api', statusClass: 5, count: 1, sum: 1 },
    { service: 'web', statusClass: 1, count: 1, sum: 0.001 },
  ]);
  expect([...measures.refusals()]).toEqual([['unknown_tenant', 1]]);
});

test('what was taken and added elsewhere counts once', () => {
  const worker = new RequestMeasures();
  const server = new RequestMeasures();
  worker.answered('api:acme', 200, 500);
  worker.refused('stopped');
  for (const taken of [worker.take(), worker.take()]) if (taken !== null) server.add(JSON.parse(JSON.stringify(taken)));
  worker.answered('api:acme', 200, 500);
  server.add(worker.take() ?? { durations: [], refused: [] });
  expect(seen(server)).toEqual([{ service: 'api', statusClass: 2, count: 2, sum: 1 }]);
  expect([...server.refusals()]).toEqual([['stopped', 1]]);
});
