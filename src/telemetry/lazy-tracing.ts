/** The tracer by `[telemetry]`, which follows reloads. OpenTelemetry is loaded when it is first needed. */
import { isDeepStrictEqual } from 'node:util';
import type { TelemetryConfig, Tracing } from '../core/observing/request-trace.ts';
import { detached } from '../faults.ts';
import type { Logger } from '../logger.ts';
import type { OpenTracer } from './open-tracer.ts';

export class LazyTracing implements Tracing {
  tracer: OpenTracer | null = null;
  private readonly logger: Logger;
  private config: TelemetryConfig | null = null;
  /** Changes happen one after the other. */
  private last: Promise<void> = Promise.resolve();

  constructor(logger: Logger) {
    this.logger = logger;
  }

  /** Settles when requests are traced by the config that was applied last. */
  get settled(): Promise<void> {
    return this.last;
  }

  /** @param config null: nothing is traced */
  apply(config: TelemetryConfig | null): void {
    if (isDeepStrictEqual(config, this.config)) return;
    this.config = config;
    this.last = this.last.then(() => this.change(config));
    detached(this.logger, { part: 'telemetry' }, this.last);
  }

  /** Sends what is left, for a bounded time. */
  async close(): Promise<void> {
    this.apply(null);
    await this.last;
  }

  private async change(config: TelemetryConfig | null): Promise<void> {
    const before = this.tracer;
    this.tracer = null;
    await before?.close();
    if (config === null) return;
    const { openTracer } = await import('./otlp-tracer.ts');
    this.tracer = openTracer(config, this.logger);
  }
}
