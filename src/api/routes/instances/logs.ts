/** /api/instances/:instance/logs: past and future output of an instance. */
import type { z } from 'zod';
import { followLog } from '../../../core/following/follow-log.ts';
import type { FollowQueue } from '../../../core/following/follow-queue.ts';
import { parseSince } from '../../../core/input/since.ts';
import type { InstanceName } from '../../../core/lifecycle/instance.ts';
import { namedInstance } from '../../../core/lifecycle/instance.ts';
import type { LogFilter, LogLine, LogStore } from '../../../core/stores/log-store.ts';
import { needs } from '../../access/authorize.ts';
import type { ApiContext, ApiDeps } from '../../context.ts';
import { instanceParams, logsQuery, problemAnswer, streamAnswer } from '../../schemas/instances.ts';
import { type StreamItem, type StreamSource, sendStream, wantsEventStream } from '../../streaming/stream.ts';
import type { Api } from '../../zod-provider.ts';

export function logRoutes(api: Api, context: ApiContext): void {
  const { supervisor, logs } = context.deps;
  api.get(
    '/api/instances/:instance/logs',
    {
      config: needs('operate', 'instance'),
      schema: {
        summary: 'Get output as JSON lines {"at","stream","text"}, or as server-sent events if the client accepts them',
        params: instanceParams,
        querystring: logsQuery,
        response: { 200: streamAnswer, '4xx': problemAnswer },
      },
    },
    async (request, reply) => {
      const name = namedInstance(request.params.instance);
      supervisor.get(name);
      const filter = toFilter(request.query, Date.now());
      const follow = request.query.follow ?? wantsEventStream(request);
      const source = follow ? await followed(context.deps, name, filter) : await past(logs, name, filter);
      return sendStream(request, reply, source, context);
    },
  );
}

function toFilter(query: z.output<typeof logsQuery>, nowMs: number): LogFilter {
  return {
    tail: query.tail,
    sinceMs: query.since === undefined ? undefined : parseSince(query.since, nowMs),
    grep: query.grep,
    stream: query.stderr === true ? 'stderr' : undefined,
  };
}

async function past(logs: LogStore, name: InstanceName, filter: LogFilter): Promise<StreamSource> {
  const lines = await logs.read(name, filter);
  return { history: lines.map(toItem), live: null, cut: null, stop: () => {} };
}

async function followed(deps: ApiDeps, name: InstanceName, filter: LogFilter): Promise<StreamSource> {
  const { history, queue, stop } = await followLog(deps, name, filter);
  return { history: history.map(toItem), live: asItems(queue), cut: queue.overflow, stop };
}

async function* asItems(queue: FollowQueue<LogLine>): AsyncGenerator<StreamItem[]> {
  for await (const lines of queue.batches()) yield lines.map(toItem);
}

function toItem(line: LogLine): StreamItem {
  return { id: null, json: { at: new Date(line.atMs).toISOString(), stream: line.stream, text: line.text } };
}
