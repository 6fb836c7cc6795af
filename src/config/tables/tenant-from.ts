/** Turns the table `[routing]` into the sources of a tenant's name, and checks what its schema cannot. */
import { resolve } from 'node:path';
import { hmacSecrets } from '../../core/identity/hmac-secrets.ts';
import type { JwtConfig, KeyPlace } from '../../core/identity/jwt-config.ts';
import { shadow } from '../../core/identity/tenant-path.ts';
import {
  parseTenantSource,
  sourceText,
  type TenantFrom,
  type TenantSource,
} from '../../core/identity/tenant-source.ts';
import { isLoopback } from '../../core/routing/address.ts';
import type { ServiceConfig } from '../../core/service/service.ts';
import { readSecretFile } from '../../node/secret-file.ts';
import type { Problem } from '../problems/problems.ts';
import type { RoutingInput } from '../schema/routing.ts';
import type { ConfigInput } from '../schema.ts';

export function tenantFromOf({ tenant_from: texts, on_mismatch: onMismatch }: RoutingInput): TenantFrom {
  const sources = texts.map(parseTenantSource).filter((source): source is TenantSource => typeof source !== 'string');
  return { sources, onMismatch };
}

/** @param dir directory of the config file */
export function jwtOf({ jwt }: RoutingInput, dir: string): JwtConfig | null {
  if (jwt === undefined) return null;
  const { jwks, secret_file: secretFile, issuer = [], audience = [], cookie = null } = jwt;
  const keys = keyPlace(jwks, secretFile, dir);
  return { keys, issuers: [issuer].flat(), audiences: [audience].flat(), cookie };
}

function keyPlace(jwks: string | undefined, secretFile: string | undefined, dir: string): KeyPlace {
  if (jwks === undefined) return { kind: 'secret', path: resolve(dir, secretFile ?? '') };
  return isUrl(jwks) ? { kind: 'url', url: jwks } : { kind: 'file', path: resolve(dir, jwks) };
}

/** Whether a text has a scheme; files are named without one. */
function isUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
}

export function routingProblems(input: RoutingInput): Problem[] {
  return [...sourceProblems(input), ...jwtProblems(input)];
}

function sourceProblems(input: RoutingInput): Problem[] {
  const { sources } = tenantFromOf(input);
  const at = (index: number) => ['routing', 'tenant_from', index];
  const problems = sources.flatMap((source, index): Problem[] => {
    const message = clashOf(source, sources.slice(0, index));
    return message === null ? [] : [{ path: at(index), message }];
  });
  const token = sources.findIndex(({ kind }) => kind === 'jwt');
  if (token === -1 || input.jwt !== undefined) return problems;
  const message =
    'needs [routing.jwt] with the keys that tokens are checked with: jwks = "https://…" or secret_file = "…"';
  return [...problems, { path: at(token), message }];
}

/** Says why a source cannot stand behind those before it. */
function clashOf(source: TenantSource, before: readonly TenantSource[]): string | null {
  const text = sourceText(source);
  if (before.some((other) => sourceText(other) === text)) return `${text} is named twice; take one of them out`;
  if (source.kind === 'jwt' && before.some(({ kind }) => kind === 'jwt'))
    return 'there is another jwt; put all claims into one, in order: "jwt:tenant_id,tenantId"';
  if (source.kind !== 'path') return null;
  const other = before.find((one) => one.kind === 'path' && shadow(one.prefix, source.prefix));
  if (other === undefined) return null;
  return `a path could match both ${sourceText(other)} and ${text}; give them different first segments, like /t/ and /u/`;
}

function jwtProblems({ jwt, tenant_from: texts }: RoutingInput): Problem[] {
  if (jwt === undefined) return [];
  const { jwks, secret_file: secretFile } = jwt;
  const path = ['routing', 'jwt'];
  if (!texts.some((text) => text.startsWith('jwt:')))
    return [{ path, message: 'nothing reads tokens: add "jwt:tenant_id" to tenant_from, or take this table out' }];
  if (jwks !== undefined && secretFile !== undefined)
    return [
      { path: [...path, 'secret_file'], message: 'expected jwks or secret_file, not both: take one of them out' },
    ];
  if (jwks === undefined && secretFile === undefined)
    return [{ path, message: 'expected jwks = "https://…" (or a file), or secret_file = "…"' }];
  const message = jwks !== undefined && isUrl(jwks) ? urlProblem(jwks) : null;
  return message === null ? [] : [{ path: [...path, 'jwks'], message }];
}

function urlProblem(text: string): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    return 'expected a URL like "https://id.example.com/.well-known/jwks.json", or the name of a file';
  if (url.username !== '' || url.password !== '') return 'a user name or password in a URL is not sent; take it out';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (url.protocol === 'https:' || isLoopback(host) || host.endsWith('.localhost')) return null;
  return `whoever is between this machine and ${host} could give it other keys: use https`;
}

/** Reads the secret file, which only a server needs. */
export function jwtSecretProblems(jwt: JwtConfig | null): Problem[] {
  if (jwt?.keys.kind !== 'secret') return [];
  const { path: file } = jwt.keys;
  const read = readSecretFile(file);
  const secrets = read.ok ? hmacSecrets(read.text) : read.problem;
  return typeof secrets === 'string'
    ? [{ path: ['routing', 'jwt', 'secret_file'], message: `${file}: ${secrets}` }]
    : [];
}

export function routingWarnings({ routing, proxy, service }: ConfigInput): string[] {
  const { sources } = tenantFromOf(routing);
  const others = sources.filter(({ kind }) => kind !== 'host').map(sourceText);
  const isUnnamed = proxy.default_service === undefined && Object.keys(service).length > 1;
  return [
    ...(others.length > 0 && isUnnamed ? [noDefault(others)] : []),
    ...(proxy.trusted_proxies.length > 0 ? [] : headers(sources).map(notBelieved)),
    ...(sources.length > 1 && others.includes(ANY_PATH) ? [TAKES_ANY_PATH] : []),
    ...(routing.jwt === undefined ? [] : tokenWarnings(routing.jwt)),
  ];
}

/** Warns of sockets at which no token and no header is looked at. */
export function uncheckedSockets({ sources }: TenantFrom, services: Iterable<ServiceConfig>): string[] {
  const unchecked = sources.filter(({ kind }) => kind === 'jwt' || kind === 'header').map(sourceText);
  const direct = Array.from(services).filter(
    ({ listen, publicSocket }) => listen === 'socket' && publicSocket === 'direct',
  );
  if (unchecked.length === 0 || direct.length === 0) return [];
  const names = direct.map(({ name }) => name).join(', ');
  return [
    `routing.tenant_from: ${unchecked.join(' and ')} ${unchecked.length === 1 ? 'is' : 'are'} not looked at in connections to the public sockets of ${names}, which go to the tenants' processes themselves; set public_socket = "proxied" there if a front server uses these sockets`,
  ];
}

const ANY_PATH = 'path:/{tenant}';
const TAKES_ANY_PATH = `routing.tenant_from: ${ANY_PATH} takes the first segment of every path for a tenant, such as /login; write "path:/t/{tenant}"`;

function noDefault([source = '']: readonly string[]): string {
  return `routing.tenant_from: ${source} names no service, so a request whose host names none either gets 404; set proxy.default_service`;
}

function headers(sources: readonly TenantSource[]): string[] {
  return sources.filter(({ kind }) => kind === 'header').map(sourceText);
}

function notBelieved(source: string): string {
  return `routing.tenant_from: ${source} is believed only from proxy.trusted_proxies, and from peers of proxied public sockets; add the address of your front server there`;
}

function tokenWarnings({ jwks, issuer, audience }: NonNullable<RoutingInput['jwt']>): string[] {
  const missing = [
    ...(issuer === undefined && jwks !== undefined ? ['issuer'] : []),
    ...(audience === undefined ? ['audience'] : []),
  ];
  if (missing.length === 0) return [];
  return [
    `routing.jwt: without ${missing.join(' and ')}, a token that these keys sign for another purpose is believed, too; set ${missing.length === 1 ? 'it' : 'them'}`,
  ];
}
