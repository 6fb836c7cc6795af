/** `[telemetry]` as proxies need it. */
import type { z } from 'zod';
import type { TelemetryConfig } from '../../core/observing/request-trace.ts';
import type { telemetrySchema } from '../schema/telemetry.ts';

const TRACES_PATH = '/v1/traces';

export function telemetryOf(input: z.output<typeof telemetrySchema> | undefined): TelemetryConfig | null {
  if (input === undefined) return null;
  const { otlp, sample, service_name: serviceName } = input;
  const url = otlp.endsWith(TRACES_PATH) ? otlp : `${otlp.replace(/\/+$/, '')}${TRACES_PATH}`;
  return { url, sample, serviceName };
}
