/**
 * Decides which header fields a proxy passes on. tenement's own proxy and the configurations of nginx and Caddy share
 * this table. Pure. |
 * CGI, WSGI, PHP and Rack map `-`, `_` and `.` in a name to one character, so `X_Tenant_Id` and `X.Tenant.Id` reach an
 * application as X-Tenant-Id. Names in requests are therefore compared by their key: lower case, with `-` for the other
 * two.
 */

/** Fields that concern one connection (RFC 9110 §7.6.1). */
export const HOP_BY_HOP: readonly string[] = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/**
 * Fields that are never passed on, whoever sends them. The proxy itself answers `expect`; `proxy` becomes HTTP_PROXY in
 * a CGI program (CVE-2016-5385); only the proxy sets `x-tenant-id` and `x-request-id`.
 */
export const NEVER_FORWARDED: readonly string[] = ['expect', 'proxy', 'x-tenant-id', 'x-request-id'];

/**
 * Prefixes of fields by which a proxy or a sign-on server in front tells an application who sends a request, from
 * where, and for which URL. Only trusted proxies are believed. By prefix: oauth2-proxy, Traefik (X-Forwarded-,
 * X-Auth-Request-), IIS and ingress-nginx (X-Original-), Authelia (Remote-), authentik, Kong (X-Consumer-,
 * X-Authenticated-), Grafana and others (X-WebAuth-), Vouch, Pomerium, Kubernetes (X-Remote-), Google's and Microsoft's
 * identity-aware proxies, AWS load balancers (X-Amzn-Oidc-, X-Amzn-Mtls-), Tailscale, Envoy, nginx with client
 * certificates (X-SSL-).
 */
export const CLAIM_PREFIXES: readonly string[] = [
  'x-forwarded-',
  'x-real-',
  'x-remote-',
  'x-original-',
  'x-auth-request-',
  'x-authenticated-',
  'x-authentik-',
  'x-webauth-',
  'x-consumer-',
  'x-credential-',
  'x-vouch-',
  'x-pomerium-',
  'x-ssl-',
  'x-envoy-',
  'x-arr-',
  'x-goog-authenticated-',
  'x-goog-iap-',
  'x-ms-client-principal',
  'x-ms-token-',
  'x-amzn-oidc-',
  'x-amzn-mtls-',
  'remote-',
  'tailscale-user-',
];

/**
 * Further fields of this kind, and known members of the families above. nginx cannot drop by prefix, and drops these.
 */
export const CLAIMS: readonly string[] = [
  // The client's address.
  ...['forwarded', 'forwarded-for', 'x-forwarded', 'x-forwarded-for', 'x-forwarded-by', 'x-original-forwarded-for'],
  ...['x-real-ip', 'x-real-port', 'x-client-ip', 'x-clientip', 'client-ip', 'true-client-ip', 'x-true-client-ip'],
  ...['x-cluster-client-ip', 'x-remote-ip', 'x-remote-addr', 'x-remote-host', 'x-remote-port', 'x-originating-ip'],
  ...['remote-addr', 'remote-host', 'x-original-for', 'x-original-remote-addr', 'x-envoy-external-address'],
  ...['cf-connecting-ip', 'cf-connecting-ipv6', 'cf-pseudo-ipv4', 'fastly-client-ip', 'fly-client-ip'],
  ...['do-connecting-ip', 'x-azure-clientip', 'x-azure-socketip', 'x-appengine-user-ip', 'x-proxyuser-ip'],
  ...['proxy-client-ip', 'wl-proxy-client-ip', 'x-nf-client-connection-ip', 'cloudfront-viewer-address'],
  // The URL that the client asked for.
  ...['x-forwarded-proto', 'x-forwarded-protocol', 'x-forwarded-scheme', 'x-forwarded-ssl', 'x-forwarded-host'],
  ...['x-forwarded-port', 'x-forwarded-server', 'x-forwarded-prefix', 'x-forwarded-path', 'x-forwarded-uri'],
  ...['x-forwarded-url', 'x-forwarded-method', 'x-forwarded-context', 'x-forwarded-pathbase', 'x-forwarded-base'],
  ...['x-scheme', 'x-url-scheme', 'x-host', 'x-script-name', 'x-rewrite-url', 'front-end-https', 'x-arr-ssl'],
  ...['x-original-url', 'x-original-uri', 'x-original-host', 'x-original-proto', 'x-original-method'],
  ...[
    'x-original-path',
    'x-original-prefix',
    'x-envoy-original-path',
    'x-envoy-original-host',
    'cloudfront-forwarded-proto',
  ],
  // The client's identity.
  ...['x-forwarded-user', 'x-forwarded-email', 'x-forwarded-groups', 'x-forwarded-preferred-username'],
  ...['x-forwarded-access-token', 'x-forwarded-name', 'x-forwarded-roles', 'x-forwarded-id-token'],
  ...['x-auth-request-user', 'x-auth-request-email', 'x-auth-request-groups', 'x-auth-request-preferred-username'],
  ...['x-auth-request-access-token', 'x-auth-request-redirect', 'x-auth-user', 'x-auth-username', 'x-auth-email'],
  ...['remote-user', 'remote-name', 'remote-email', 'remote-group', 'remote-groups', 'auth-user', 'x-remote-user'],
  ...['x-remote-name', 'x-remote-email', 'x-remote-group', 'x-remote-groups', 'x-webauth-user', 'x-webauth-email'],
  ...['x-webauth-name', 'x-webauth-groups', 'x-webauth-role', 'x-webauth-orgs', 'x-proxy-user', 'x-user-dn'],
  ...['x-authenticated-user', 'x-authenticated-userid', 'x-authenticated-email', 'x-authenticated-groups'],
  ...['x-authenticated-scope', 'x-authentik-username', 'x-authentik-email', 'x-authentik-groups', 'x-authentik-uid'],
  ...['x-authentik-name', 'x-authentik-jwt', 'x-consumer-id', 'x-consumer-custom-id', 'x-consumer-username'],
  ...['x-consumer-groups', 'x-anonymous-consumer', 'x-credential-identifier', 'x-credential-username'],
  ...['x-vouch-user', 'x-vouch-idp-claims', 'x-vouch-idp-accesstoken', 'x-vouch-idp-idtoken'],
  ...['x-pomerium-jwt-assertion', 'x-pomerium-claim-email', 'x-pomerium-claim-user', 'x-pomerium-claim-groups'],
  ...['x-goog-authenticated-user-email', 'x-goog-authenticated-user-id', 'x-goog-iap-jwt-assertion'],
  ...['cf-access-authenticated-user-email', 'cf-access-jwt-assertion', 'x-ms-client-principal'],
  ...['x-ms-client-principal-id', 'x-ms-client-principal-name', 'x-ms-client-principal-idp'],
  ...['x-ms-token-aad-access-token', 'x-ms-token-aad-id-token', 'x-amzn-oidc-identity', 'x-amzn-oidc-data'],
  ...['x-amzn-oidc-accesstoken', 'tailscale-user-login', 'tailscale-user-name', 'tailscale-user-profile-pic'],
  // The client's certificate.
  ...[
    'client-cert',
    'client-cert-chain',
    'ssl-client-cert',
    'ssl-client-verify',
    'ssl-client-s-dn',
    'ssl-client-subject-dn',
  ],
  ...['ssl-client-issuer-dn', 'x-ssl-client-cert', 'x-ssl-client-verify', 'x-ssl-client-s-dn', 'x-ssl-client-dn'],
  ...['x-ssl-client-serial', 'x-ssl-cert', 'x-client-cert', 'x-client-verify', 'x-client-dn', 'x-client-s-dn'],
  ...['x-forwarded-client-cert', 'x-forwarded-tls-client-cert', 'x-forwarded-tls-client-cert-info'],
  ...['x-arr-clientcert', 'x-amzn-mtls-clientcert', 'x-amzn-mtls-clientcert-leaf'],
];

/**
 * Fields of a response by which an application makes a front server send another file, or request another URL. Not
 * `x-accel-buffering`, which concerns only that response and which event streams need.
 */
export const ORDERS_TO_SERVERS: readonly string[] = [
  'x-accel-redirect',
  'x-accel-expires',
  'x-accel-limit-rate',
  'x-accel-charset',
  'x-sendfile',
  'x-sendfile2',
  'x-lighttpd-send-file',
  'x-lighttpd-send-tempfile',
  'x-litespeed-location',
  'x-reproxy-url',
  'x-reproxy-file',
];

/** Frames a request. Another spelling means nothing to the proxy, but may mean something to the application. */
const FRAMING = 'content-length';

/** `never`: dropped; `claim`: dropped unless a trusted proxy sent it; null: passed on. */
export type RequestRule = 'never' | 'claim' | null;

const RULES = new Map<string, RequestRule>([
  ...CLAIMS.map((name) => [name, 'claim'] as const),
  ...[...HOP_BY_HOP, ...NEVER_FORWARDED].map((name) => [name, 'never'] as const),
]);
const FAMILIES = new RegExp(`^(?:${CLAIM_PREFIXES.join('|')}).`);
const DROPPED_OF_RESPONSES = new Set([...HOP_BY_HOP, ...ORDERS_TO_SERVERS]);
const OTHER_SEPARATORS = /[_.]/;

/** Returns the name as an application may see it; see above. */
export function headerKey(name: string): string {
  const lower = name.toLowerCase();
  return OTHER_SEPARATORS.test(lower) ? lower.replaceAll(/[_.]/g, '-') : lower;
}

export function requestRule(name: string): RequestRule {
  const key = headerKey(name);
  const rule = RULES.get(key) ?? (FAMILIES.test(key) ? 'claim' : null);
  if (rule === null && key !== FRAMING) return null;
  // Proxies write these names with hyphens.
  return OTHER_SEPARATORS.test(name) ? 'never' : rule;
}

/** Whether a field is removed from a tenant's response. */
export function isDroppedOfResponses(name: string): boolean {
  const lower = name.toLowerCase();
  // Nearly every response has this field, and a comparison is cheaper than a hash.
  return lower === 'connection' || DROPPED_OF_RESPONSES.has(lower);
}

// ---- A cheap check that excludes most names without a rule ---------------------------------

const LETTER = 0x1f;
const LONGEST = 31;

/** By initial, the lengths of all names with rules, one bit each; bit 31 stands for this and all greater lengths. */
const RULED_OF_REQUESTS = lengthsByInitial([...RULES.keys(), FRAMING], CLAIM_PREFIXES);
const RULED_OF_RESPONSES = lengthsByInitial([...DROPPED_OF_RESPONSES], []);

function lengthsByInitial(names: readonly string[], prefixes: readonly string[]): Int32Array {
  const lengths = new Int32Array(LETTER + 1);
  const add = (name: string, bits: number) => {
    lengths[name.charCodeAt(0) & LETTER] = (lengths[name.charCodeAt(0) & LETTER] ?? 0) | bits;
  };
  for (const name of names) add(name, 1 << Math.min(name.length, LONGEST));
  for (const prefix of prefixes) add(prefix, -1 << (prefix.length + 1));
  return lengths;
}

function mayBeOneOf(lengths: Int32Array, name: string): boolean {
  const length = name.length > LONGEST ? LONGEST : name.length;
  return (((lengths[name.charCodeAt(0) & LETTER] ?? 0) >> length) & 1) === 1;
}

/** Returns false when there is certainly no rule for the field. */
export function mayHaveRequestRule(name: string): boolean {
  return mayBeOneOf(RULED_OF_REQUESTS, name);
}

/** Returns false when a response certainly keeps the field. */
export function mayBeDroppedOfResponses(name: string): boolean {
  return mayBeOneOf(RULED_OF_RESPONSES, name);
}
