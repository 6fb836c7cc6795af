/** Metrics of hooks: how many runs succeeded and failed, how long they took, and how many tenants wait for one. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { HookFace } from '../../core/provisioning/hook-counts.ts';

export function addHookMetrics(registry: Registry, hooks: HookFace): void {
  new Counter({
    name: 'tenement_hook_runs_total',
    help: 'Runs of hooks that have ended.',
    labelNames: ['service', 'hook', 'action', 'outcome'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { service, hook, action, succeeded, failed } of hooks.counts()) {
        this.inc({ service, hook, action, outcome: 'succeeded' }, succeeded);
        this.inc({ service, hook, action, outcome: 'failed' }, failed);
      }
    },
  });
  new Counter({
    name: 'tenement_hook_seconds_total',
    help: 'Time that runs of hooks have taken.',
    labelNames: ['service', 'hook', 'action'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { service, hook, action, seconds } of hooks.counts()) this.inc({ service, hook, action }, seconds);
    },
  });
  new Gauge({
    name: 'tenement_tenants_incomplete',
    help: 'Tenants with hooks that have not succeeded yet: they are being set up or purged.',
    registers: [registry],
    collect() {
      this.set(hooks.incomplete());
    },
  });
}
