/** A collector of spans: takes OTLP over HTTP as JSON. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

export interface SpanSeen {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly isError: boolean;
  readonly durationMs: number;
}

interface Exported {
  resourceSpans: {
    resource: { attributes: KeyValue[] };
    scopeSpans: { spans: ExportedSpan[] }[];
  }[];
}

interface KeyValue {
  key: string;
  value: Record<string, unknown>;
}

interface ExportedSpan {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  attributes: KeyValue[];
  status: { code: number };
  startTimeUnixNano: string;
  endTimeUnixNano: string;
}

export class Collector {
  readonly spans: SpanSeen[] = [];
  readonly services = new Set<unknown>();
  /** Status of its answers. */
  status = 200;
  requests = 0;
  url = '';
  private readonly server = createServer(async (request, response) => {
    this.requests += 1;
    const exported = (await json(request)) as Exported;
    if (this.status === 200) this.take(exported);
    response.writeHead(this.status, { 'content-type': 'application/json' }).end('{}');
  });

  async listen(): Promise<void> {
    await once(this.server.listen(0, '127.0.0.1'), 'listening');
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private take({ resourceSpans }: Exported): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      this.services.add(flat(resource.attributes)['service.name']);
      for (const { spans } of scopeSpans) this.spans.push(...spans.map(seen));
    }
  }
}

function seen(span: ExportedSpan): SpanSeen {
  const { name, traceId, spanId, parentSpanId = '', attributes, status } = span;
  const durationMs = Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6;
  return { name, traceId, spanId, parentSpanId, attributes: flat(attributes), isError: status.code === 2, durationMs };
}

function flat(attributes: readonly KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
