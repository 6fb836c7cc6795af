/** /api/tenants/…/export, import, clone: copies of tenants. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CaptureReport } from '../../../core/archive/copies.ts';
import { assertTenantId } from '../../../core/tenants/tenant.ts';
import type { ArchiveStream } from '../../../core/verbs/archive-verbs.ts';
import type { NewFromCopy } from '../../../core/verbs/tenant-verbs.ts';
import { needs } from '../../access/authorize.ts';
import { PASSPHRASE_HEADER, REPORT_TRAILER } from '../../archive-fields.ts';
import type { ApiContext } from '../../context.ts';
import {
  ARCHIVE_TYPE,
  archiveAnswer,
  cloneBody,
  exportBody,
  exportIntoBody,
  importQuery,
  newFromCopySchema,
} from '../../schemas/archives.ts';
import { problemAnswer } from '../../schemas/instances.ts';
import { tenantParams } from '../../schemas/tenants.ts';
import { leavingOf } from '../../streaming/leaving.ts';
import { sendWithProgress, wantsProgress } from '../../streaming/progress.ts';
import type { Api } from '../../zod-provider.ts';
import { registeredStatus } from '../registered-status.ts';

/** A client that neither sends nor reads for so long has gone. Until then it keeps others from the tenant. */
const STALL_MS = 60_000;
const answers = { 201: newFromCopySchema, '4xx': problemAnswer, '5xx': problemAnswer };

export function archiveRoutes(api: Api, context: ApiContext): void {
  exportRoute(api, context);
  cloneRoute(api, context);
  // Its body is a stream, whatever its type.
  api.register(async (scope: Api) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
    importRoute(scope, context);
  });
}

function exportRoute(api: Api, context: ApiContext): void {
  api.post(
    '/api/tenants/:tenant/export',
    {
      config: needs('manage', 'tenant'),
      schema: {
        summary: 'Read a tenant into an archive, which is the answer; an interrupted one lacks its end',
        params: tenantParams,
        body: exportBody,
        response: {
          200: archiveAnswer,
          '4xx': problemAnswer,
          '5xx': problemAnswer,
        },
      },
    },
    async (request, reply) => {
      const { tenant } = request.params;
      const options = { ...request.body, signal: leavingOf(request, reply, context) };
      const verbs = context.deps.supervisor.tenants.by(request.access.actor);
      try {
        await verbs.export(tenant, options, (archive) => send(archive, tenant, request, reply));
      } catch (error) {
        if (!reply.raw.headersSent) throw error;
        context.logger.debug({ requestId: request.id, err: error }, 'an export was cut');
        reply.raw.destroy();
      }
      return reply;
    },
  );
}

/** Only a process on this machine can have opened a file there, so this is for the control socket. */
export function exportIntoRoute(api: Api, context: ApiContext): void {
  api.post(
    '/api/tenants/:tenant/export-into',
    { config: needs('manage', 'tenant'), schema: { hide: true, params: tenantParams, body: exportIntoBody } },
    async (request, reply) => {
      const { tenant } = request.params;
      const { file, ...given } = request.body;
      const options = { ...given, signal: leavingOf(request, reply, context) };
      const verbs = context.deps.supervisor.tenants.by(request.access.actor);
      const progress = () => context.deps.supervisor.tenants.operationOn(tenant);
      return sendWithProgress(reply, progress, () => verbs.exportInto(tenant, file, options));
    },
  );
}

async function send(
  archive: ArchiveStream,
  tenant: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const { raw } = reply;
  reply.hijack();
  endStalled(request);
  raw.writeHead(200, {
    'content-type': ARCHIVE_TYPE,
    'content-disposition': `attachment; filename="${tenant}.tar.zst"`,
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    trailer: REPORT_TRAILER,
  });
  await pipeline(Readable.from(archive.bytes, { objectMode: false }), raw, { end: false });
  raw.addTrailers({ [REPORT_TRAILER]: asciiJson(await archive.report) });
  const ended = new Promise<void>((resolve, reject) => {
    raw.once('finish', resolve);
    raw.once('close', () => reject(new Error('the client has left')));
  });
  raw.end();
  await ended;
}

/** A field holds no other characters. */
function asciiJson(report: CaptureReport): string {
  return JSON.stringify(report).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function importRoute(api: Api, context: ApiContext): void {
  api.post(
    '/api/tenants/:tenant/import',
    {
      config: { ...needs('manage', 'server'), longBody: true },
      bodyLimit: Number.MAX_SAFE_INTEGER,
      schema: {
        summary:
          'Make a tenant of an archive, which is the body; with Accept: application/x-ndjson, lines tell progress',
        params: tenantParams,
        querystring: importQuery,
        response: answers,
      },
    },
    async (request, reply) => {
      const { tenant } = request.params;
      assertTenantId(tenant);
      const { service: services, start } = request.query;
      const passphrase = passphraseOf(request);
      endStalled(request);
      const options = { services, start, passphrase, signal: leavingOf(request, reply, context) };
      // What is refused is answered, and not cut.
      const bytes = { [Symbol.asyncIterator]: () => request.raw.iterator({ destroyOnReturn: false }) };
      const run = () => context.deps.supervisor.tenants.by(request.access.actor).import(tenant, bytes, options);
      return answer(tenant, run, request, reply, context);
    },
  );
}

function cloneRoute(api: Api, context: ApiContext): void {
  api.post(
    '/api/tenants/:tenant/clone',
    {
      config: needs('manage', 'server'),
      schema: {
        summary: 'Make a tenant of another one; with Accept: application/x-ndjson, lines tell progress',
        params: tenantParams,
        body: cloneBody,
        response: answers,
      },
    },
    async (request, reply) => {
      const { tenant } = request.params;
      const options = { ...request.body, signal: leavingOf(request, reply, context) };
      const run = () => context.deps.supervisor.tenants.by(request.access.actor).clone(tenant, options);
      return answer(tenant, run, request, reply, context);
    },
  );
}

/** Answers with the new tenant: with status 201 when it is complete, or at the end of lines that tell progress. */
async function answer(
  tenantId: string,
  run: () => Promise<NewFromCopy>,
  request: FastifyRequest,
  reply: FastifyReply,
  context: ApiContext,
): Promise<unknown> {
  if (wantsProgress(request)) {
    const progress = () => context.deps.supervisor.tenants.operationOn(tenantId);
    return sendWithProgress(reply, progress, async () => answerOf(await run()));
  }
  try {
    const made = await run();
    reply.code(registeredStatus(made.instances, made.created, {}));
    return answerOf(made);
  } finally {
    // The rest of an archive that was refused is not waited for.
    if (!request.raw.complete) reply.header('connection', 'close');
  }
}

function answerOf({ view, notes }: NewFromCopy) {
  return { ...view, notes };
}

function passphraseOf({ headers }: FastifyRequest): string | undefined {
  const text = headers[PASSPHRASE_HEADER];
  return typeof text === 'string' ? Buffer.from(text, 'base64').toString() : undefined;
}

function endStalled({ raw }: FastifyRequest): void {
  const { socket } = raw;
  socket.setTimeout(STALL_MS, () => socket.destroy());
  raw.once('close', () => socket.setTimeout(0));
}
