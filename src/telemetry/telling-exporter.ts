/** Says in the log that the collector does not take spans, and that it does again. */
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { Logger } from '../logger.ts';

export class TellingExporter implements SpanExporter {
  private readonly exporter: SpanExporter;
  private readonly logger: Logger;
  /** Spans lost since the collector took any; null: it takes them. */
  private lost: number | null = null;

  constructor(exporter: SpanExporter, logger: Logger) {
    this.exporter = exporter;
    this.logger = logger;
  }

  export(spans: ReadableSpan[], settled: (result: ExportResult) => void): void {
    this.exporter.export(spans, (result) => {
      if (result.code === ExportResultCode.SUCCESS) this.taken();
      else this.refused(spans.length, result.error);
      settled(result);
    });
  }

  shutdown(): Promise<void> {
    return this.exporter.shutdown();
  }

  async forceFlush(): Promise<void> {
    await this.exporter.forceFlush?.();
  }

  private taken(): void {
    if (this.lost !== null)
      this.logger.info({ lostSpans: this.lost }, 'the collector of [telemetry] takes spans again');
    this.lost = null;
  }

  private refused(spans: number, error: Error | undefined): void {
    if (this.lost === null) {
      const reason = error?.message ?? 'unknown';
      this.logger.warn({ reason }, 'the collector of [telemetry] takes no spans; they are lost until it does');
    }
    this.lost = (this.lost ?? 0) + spans;
  }
}
