/** /api/backups and /api/tenants/…/backup, restore: backups of tenants. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { BackupProgress, RunOptions } from '../../../core/backup/backup-face.ts';
import { parseSince } from '../../../core/input/since.ts';
import { assertTenantId } from '../../../core/tenants/tenant.ts';
import { TenementError } from '../../../errors.ts';
import { sees } from '../../access/access.ts';
import { needs } from '../../access/authorize.ts';
import type { ApiContext } from '../../context.ts';
import {
  backupBody,
  backupRunSchema,
  backupsBody,
  backupsQuery,
  backupsSchema,
  restoreBody,
  restoredSchema,
} from '../../schemas/backups.ts';
import { noContent, problemAnswer } from '../../schemas/instances.ts';
import { tenantParams } from '../../schemas/tenants.ts';
import { leavingOf } from '../../streaming/leaving.ts';
import { sendWithProgress, wantsProgress } from '../../streaming/progress.ts';
import type { Api } from '../../zod-provider.ts';

const problems = { '4xx': problemAnswer, '5xx': problemAnswer };

export function backupRoutes(api: Api, context: ApiContext): void {
  listRoute(api, context);
  runRoutes(api, context);
  restoreRoutes(api, context);
}

function listRoute(api: Api, { deps }: ApiContext): void {
  api.get(
    '/api/backups',
    {
      config: needs('read', 'visible'),
      schema: {
        summary:
          'List the backups in the repository, oldest first; also of tenants that are gone, and of other servers',
        querystring: backupsQuery,
        response: { 200: backupsSchema, ...problems },
      },
    },
    async ({ access, query: { tenant } }) => {
      if (tenant !== undefined) assertTenantId(tenant);
      const backups = await deps.backups.list(tenant);
      return { backups: backups.filter(({ tenant: tenantId }) => sees(access, { service: null, tenantId })) };
    },
  );
}

function runRoutes(api: Api, context: ApiContext): void {
  api.post(
    '/api/backups',
    {
      config: needs('operate', 'server'),
      schema: {
        summary: 'Back up tenants, one at a time; with Accept: application/x-ndjson, lines tell progress',
        body: backupsBody,
        response: { 200: backupRunSchema, ...problems },
      },
    },
    async (request, reply) => {
      for (const tenantId of request.body?.tenants ?? []) assertTenantId(tenantId);
      return run(request.body ?? {}, request, reply, context);
    },
  );
  api.post(
    '/api/tenants/:tenant/backup',
    {
      config: needs('operate', 'tenant'),
      schema: {
        summary: 'Back up a tenant; with Accept: application/x-ndjson, lines tell progress',
        params: tenantParams,
        body: backupBody,
        response: { 200: backupRunSchema, ...problems },
      },
    },
    async (request, reply) => {
      const { tenant } = request.params;
      context.deps.supervisor.tenants.get(tenant);
      return run({ ...request.body, tenants: [tenant] }, request, reply, context);
    },
  );
}

function run(
  options: Pick<RunOptions, 'tenants' | 'force'>,
  request: FastifyRequest,
  reply: FastifyReply,
  context: ApiContext,
): Promise<unknown> {
  const { supervisor, backups } = context.deps;
  const at: { progress: BackupProgress | null } = { progress: null };
  const onProgress = (progress: BackupProgress) => {
    at.progress = progress;
  };
  const signal = leavingOf(request, reply, context);
  const work = () => backups.by(request.access.actor).run({ ...options, signal, onProgress });
  if (!wantsProgress(request)) return work();
  return sendWithProgress(
    reply,
    () => {
      const { progress } = at;
      if (progress === null) return null;
      return {
        ...progress,
        operation: progress.tenant === null ? null : supervisor.tenants.operationOn(progress.tenant),
      };
    },
    work,
  );
}

function restoreRoutes(api: Api, context: ApiContext): void {
  const { supervisor, backups } = context.deps;
  api.post(
    '/api/tenants/:tenant/restore',
    {
      config: needs('manage', 'tenant'),
      schema: {
        summary:
          'Put a tenant back as a backup has it, or make a tenant of it; with Accept: application/x-ndjson, lines tell progress',
        params: tenantParams,
        body: restoreBody,
        response: { 200: restoredSchema, ...problems },
      },
    },
    async (request, reply) => {
      const { tenant } = request.params;
      const { at, id, from: server, start } = request.body ?? {};
      assertTenantId(tenant);
      if (id !== undefined) assertTenantId(id);
      assertMayMake(tenant, id, request, context);
      const atMs = at === undefined ? undefined : timeOf(at);
      const options = { atMs, id, server, start, signal: leavingOf(request, reply, context) };
      const work = () => backups.by(request.access.actor).restore(tenant, options);
      if (!wantsProgress(request)) return work();
      return sendWithProgress(reply, () => supervisor.tenants.operationOn(id ?? tenant), work);
    },
  );
  api.delete(
    '/api/tenants/:tenant/before-restore',
    {
      config: needs('manage', 'tenant'),
      schema: {
        summary: 'Delete the former directory of a tenant, which a restore has kept',
        params: tenantParams,
        response: { 204: noContent, ...problems },
      },
    },
    async (request, reply) => {
      const { tenant } = request.params;
      supervisor.tenants.get(tenant);
      await backups.by(request.access.actor).discard(tenant);
      return reply.code(204).send();
    },
  );
}

/** Only an admin makes tenants. @throws {TenementError} `forbidden`; `unknown_tenant` for one that is not registered */
function assertMayMake(tenant: string, id: string | undefined, { access }: FastifyRequest, { deps }: ApiContext): void {
  if (access.grants.scope.kind === 'admin') return;
  if (id !== undefined && id !== tenant)
    throw new TenementError('forbidden', 'only a token with the scope admin makes tenants');
  deps.supervisor.tenants.get(tenant);
}

/** @throws {TenementError} `bad_input` */
function timeOf(text: string): number {
  try {
    return parseSince(text, Date.now());
  } catch {
    throw new TenementError('bad_input', `at: ${JSON.stringify(text.slice(0, 80))} is neither a time nor a duration`, {
      hint: 'Write a time such as 2026-01-31T08:00:00Z, or a duration back from now such as 3h.',
    });
  }
}
