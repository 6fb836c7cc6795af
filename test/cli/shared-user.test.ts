import { expect, it } from 'vitest';
import { sharedUserWarnings } from '../../src/cli/shared-user.ts';
import type { ServiceConfig } from '../../src/core/service.ts';

const service = (isolation: ServiceConfig['isolation'], user: ServiceConfig['user']) =>
  ({ name: 'app', isolation, user }) as ServiceConfig;

it('tells who gives tenants a namespace but leaves them root', () => {
  expect(sharedUserWarnings([service('namespace', null)], 0)).toEqual([
    expect.stringMatching(/service\.app .*dynamic/),
  ]);
});

it('says nothing of the others', () => {
  expect(sharedUserWarnings([service('namespace', 'dynamic'), service('process', null)], 0)).toEqual([]);
  expect(sharedUserWarnings([service('namespace', null)], 1000)).toEqual([]);
});
