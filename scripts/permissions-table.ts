/** The table of docs/tokens.md: every route of the API, the permission that it declares, and what each scope gets. */
import type { RouteEntry } from '../src/api/access/authorize.ts';
import { createApi } from '../src/api/server.ts';
import { ABILITIES } from '../src/core/access/ability.ts';
import { type Decision, decide, type Permission } from '../src/core/access/permission.ts';
import { parseScope, type Scope, type Subject } from '../src/core/access/scope.ts';
import { silentLogger } from '../src/logger.ts';

const SCOPES = ['admin', 'service:api', 'tenant:acme'];

/** Routes are registered without touching what they stand in front of, apart from what listens for revoked tokens. */
const NOTHING_BEHIND = { tokenStore: { onRevoked: () => {} }, version: '' } as never;

export async function permissionsTable(): Promise<string> {
  const routes = await routesOver('token');
  const onSocketAlone = (await routesOver('control-socket')).filter(
    ({ method, path }) => !routes.some((other) => other.method === method && other.path === path),
  );
  const headings = ['route', 'ability', ...SCOPES.map((scope) => `\`${scope}\``)];
  const rows = [
    ...routes.map((route) => [nameOf(route), ...cellsOf(route.permission)]),
    ...onSocketAlone.map((route) => [nameOf(route), 'control socket alone', ...SCOPES.map(() => '404')]),
  ];
  const lines = [headings, headings.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `${lines.join('\n')}\n`;
}

async function routesOver(trust: 'token' | 'control-socket'): Promise<readonly RouteEntry[]> {
  const routes = await createApi({ deps: NOTHING_BEHIND, trust, logger: silentLogger() }).routes();
  // A HEAD route is Fastify's own, beside the GET.
  const listed = routes.filter(({ method, path }) => method !== 'HEAD' && path !== '/spawn/:service/:id');
  return [...listed].sort((a, b) => (a.path < b.path ? -1 : Number(a.path > b.path)));
}

function nameOf({ method, path }: RouteEntry): string {
  return `\`${method} ${path}\``;
}

function cellsOf(permission: Permission): string[] {
  if (permission === 'open') return ['none, and no token', ...SCOPES.map(() => 'yes')];
  return [permission.ability, ...SCOPES.map((scope) => cellOf(parseScope(scope), permission))];
}

/** What a token with every ability gets. */
function cellOf(scope: Scope, permission: Exclude<Permission, 'open'>): string {
  const grants = { scope, can: ABILITIES };
  if (permission.over === 'visible') return scope.kind === 'admin' ? 'all' : `what is of \`${nameIn(scope)}\``;
  if (permission.over === 'server' || permission.over === 'any') return ANSWERS[decide(grants, permission, null)];
  const subjects = permission.over === 'tenant' ? TENANTS : INSTANCES;
  const decisions = subjects.map((subject) => decide(grants, permission, subject));
  const refused = decisions.find((decision) => decision !== 'allowed');
  if (refused === undefined) return 'yes';
  return decisions.includes('allowed') ? `of \`${nameIn(scope)}\`, else ${ANSWERS[refused]}` : ANSWERS[refused];
}

const ANSWERS: Readonly<Record<Decision, string>> = {
  allowed: 'yes',
  hidden: '404',
  'lacks-scope': '403',
  'lacks-ability': '403',
};

const INSTANCES: readonly Subject[] = ['api', 'web'].flatMap((service) =>
  ['acme', 'globex'].map((tenantId) => ({ service, tenantId })),
);
const TENANTS: readonly Subject[] = ['acme', 'globex'].map((tenantId) => ({ service: null, tenantId }));

function nameIn(scope: Scope): string {
  if (scope.kind === 'admin') return 'all';
  return scope.kind === 'service' ? scope.service : scope.tenantId;
}
