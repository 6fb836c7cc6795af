/** Metrics of requests that were refused for what they say of their tenant, and of the keys of tokens. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { IdentityReading, KeyHealth } from '../../core/identity/identity-reading.ts';

export function addIdentityMetrics(registry: Registry, { health, refused }: IdentityReading): void {
  new Counter({
    name: 'tenement_identity_refused_total',
    help: 'Requests refused for what they say of their tenant, by reason; see docs/identity.md.',
    labelNames: ['reason'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [reason, requests] of refused()) this.inc({ reason }, requests);
    },
  });
  addKeyGauge(registry, health, 'keys', 'Keys that tokens are verified with.', ({ keys }) => keys);
  addKeyGauge(
    registry,
    health,
    'loaded_timestamp_seconds',
    'When the keys of tokens were last loaded.',
    ({ loadedAtMs }) => (loadedAtMs === null ? 0 : loadedAtMs / 1000),
  );
  new Counter({
    name: 'tenement_token_key_load_failures_total',
    help: 'Times that the keys of tokens could not be loaded.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(health()?.failures ?? 0);
    },
  });
}

/** A server that reads no tokens has no such figures. */
function addKeyGauge(
  registry: Registry,
  health: IdentityReading['health'],
  name: string,
  help: string,
  read: (health: KeyHealth) => number,
): void {
  new Gauge({
    name: `tenement_token_keys${name === 'keys' ? '' : `_${name}`}`,
    help,
    registers: [registry],
    collect() {
      const now = health();
      if (now === null) this.remove();
      else this.set(read(now));
    },
  });
}
