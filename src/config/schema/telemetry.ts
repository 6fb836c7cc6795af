/** The table `[telemetry]`. */
import { z } from 'zod';
import { text } from './values.ts';

const isHttpUrl = (value: string) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);

export const telemetrySchema = z.strictObject({
  otlp: z
    .string()
    .refine(isHttpUrl, 'expected a URL like "http://127.0.0.1:4318"')
    .describe(
      'Collector that gets a span for each request, by OTLP over HTTP: its base URL, to which `/v1/traces` is added, or the full one.',
    ),
  sample: z
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe(
      'Share of the traces that are recorded. A proxy of `trusted_proxies` that has sampled a trace decides for it.',
    ),
  service_name: text().default('tenement').describe("OpenTelemetry's `service.name` of these spans."),
});
