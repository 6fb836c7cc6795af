/** The request gate under a plan that bounds requests. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Admission, Lease } from '../../../src/core/admission/serving.ts';
import { newLifecycle } from '../../../src/core/lifecycle/lifecycle.ts';
import type { Lifecycle } from '../../../src/core/lifecycle/lifecycle-events.ts';
import { Allowance } from '../../../src/core/quota/allowance.ts';
import { NO_POLICY } from '../../../src/core/quota/quota-policy.ts';
import { Traffic } from '../../../src/core/usage/traffic.ts';
import { RecentClients } from '../../../src/supervisor/admission/recent-clients.ts';
import { InstanceActivity } from '../../../src/supervisor/serving/instance-activity.ts';
import { RequestGate } from '../../../src/supervisor/serving/request-gate.ts';
import { configOf, FakeClock, FakeProcess, here, SERVICE, settle } from '../fakes.ts';

const GENERATION = 7;

let clock: FakeClock;
let inFlight: InstanceActivity;
let lifecycle: Lifecycle;
/** What the tenant's plan allows; null: anything. */
let allowance: Allowance | null;
let refusals: string[];
let isNeeded: boolean;
let gate: RequestGate;

beforeEach(() => {
  clock = new FakeClock();
  inFlight = new InstanceActivity(0, clock.nowMs());
  lifecycle = newLifecycle('asleep');
  refusals = [];
  isNeeded = false;
  const nothing = () => {};
  gate = new RequestGate({
    name: 'api:acme',
    tenantId: 'acme',
    clock,
    inFlight,
    recentClients: new RecentClients(),
    traffic: new Traffic(),
    lifecycle: () => lifecycle,
    service: () => SERVICE,
    settings: () => configOf(SERVICE, {}).settings,
    hooksRefusal: () => null,
    refusal: () => null,
    allowance: () => allowance,
    onNeeded: () => {
      isNeeded = true;
    },
    onUsed: nothing,
    onQuiet: nothing,
    onDeserted: nothing,
    onGrantsEnded: nothing,
  });
});

function becomeReady(): void {
  const was = lifecycle;
  lifecycle = { ...was, state: 'ready' };
  gate.open({ process: new FakeProcess(1), generation: GENERATION });
  gate.changed(was);
}

/** Claims, and returns a function that gives the answer once there is one. */
function claim() {
  let answer: Admission | null = null;
  void Promise.resolve(gate.claim(here())).then((settled) => {
    answer = settled;
  });
  return async () => {
    await settle();
    return answer;
  };
}

const OVER = expect.objectContaining({ refused: 'quota_exceeded' });

describe('a claim under a plan with a quota', () => {
  beforeEach(() => {
    const quotas = [{ meter: 'requests', limit: 2, period: 'month' }] as const;
    const onRefused = (code: string) => void refusals.push(code);
    const ledger = { read: () => null, write: () => true, soon: () => {}, announce: () => {} };
    const nowMs = () => clock.nowMs();
    allowance = new Allowance(
      'acme',
      { ...NO_POLICY, quotas },
      { nowMs, steadyMs: nowMs, ledger, total: () => 0, onRefused },
    );
  });

  const take = (count: number) => Array.from({ length: count }, () => allowance?.take());

  it('is granted until the quota is used up', () => {
    becomeReady();
    expect([gate.claim(here()), gate.claim(here()), gate.claim(here())]).toEqual([
      expect.objectContaining({ isMetered: true }),
      expect.objectContaining({ isMetered: true }),
      OVER,
    ]);
    expect(inFlight.total).toBe(2);
    expect(refusals).toEqual(['quota_exceeded']);
  });

  it('counts when it is forwarded, and not while it is held', async () => {
    const answers = [claim(), claim()];
    expect(allowance?.current[0]?.count).toBe(0);
    take(1);
    becomeReady();
    expect(await answers[0]?.()).toMatchObject({ heldMs: 0 });
    expect(await answers[1]?.()).toEqual(OVER);
  });

  it('wakes no instance when it would be refused', async () => {
    take(2);
    expect(await claim()()).toEqual(OVER);
    expect(isNeeded).toBe(false);
  });

  it('is given back when nothing of the request was sent', () => {
    becomeReady();
    const lease = gate.claim(here()) as Lease;
    lease.release('unsent');
    expect(allowance?.current[0]?.count).toBe(0);
  });

  it('is not counted again when the request is sent again', () => {
    becomeReady();
    (gate.claim(here()) as Lease).release('broke-off');
    gate.claim(here(), { request: 'GET /', generation: GENERATION });
    expect(allowance?.current[0]?.count).toBe(1);
  });

  it('waits for what workers do not need before it is refused', async () => {
    becomeReady();
    take(2);
    const recalled = Promise.withResolvers<void>();
    let recall: Promise<void> | null = recalled.promise;
    vi.spyOn(allowance as Allowance, 'recall').mockImplementation(() => recall);
    const answer = claim();
    expect(await answer()).toBeNull();
    allowance?.release('unsent', allowance.epoch);
    recall = null;
    recalled.resolve();
    expect(await answer()).toMatchObject({ isMetered: true });
  });

  it('follows another plan', () => {
    becomeReady();
    const told: boolean[] = [];
    const grant = gate.grant();
    grant?.onChanged(() => told.push(grant.target.isMetered));
    allowance = null;
    gate.renew();
    expect(told).toEqual([false]);
  });
});
