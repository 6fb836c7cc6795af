/** Schemas of requests and responses, checked at run time and published at /openapi.json. */
import { z } from 'zod';
import { ABILITIES } from '../../core/access/ability.ts';
import { EVENT_TYPES, eventTypeProblem } from '../../core/lifecycle/event-types.ts';
import { EXIT_REASONS, STATES } from '../../core/lifecycle/instance.ts';
import { LIMIT_NAMES, LIMITS } from '../../core/limits/limit-table.ts';
import { changedLimitShape, limitShape, variableName, variableValue } from '../../input-schemas.ts';

const time = z.iso.datetime();
const count = z.int().min(0);

/** `?follow`, `?follow=true`, `?follow=1`, or their opposites. */
const flag = z.enum(['', 'true', '1', 'false', '0']).transform((text) => text !== 'false' && text !== '0');
const wholeNumber = z
  .string()
  .regex(/^\d{1,7}$/, 'expected a whole number')
  .transform(Number);
const since = z.string().min(1).describe('A duration back from now ("10m", "300") or an ISO 8601 time.');

const environment = z
  .record(variableName, variableValue)
  .describe("Variables of this tenant, which override the service's.");

export const instanceParams = z.object({ instance: z.string().describe('SERVICE:ID, for example api:acme') });

const limits = z
  .strictObject(limitShape((name) => name))
  .describe("Limits of this tenant, which override the service's.");

export const spawnBody = z.strictObject({
  service: z.string().min(1),
  id: z.string().describe('A DNS label: 1 to 63 of a-z, 0-9 and -, with no - at either end.'),
  env: environment.optional(),
  limits: limits.optional(),
  start: z.boolean().optional().describe('false: register without starting. Default true.'),
  wait: z.boolean().optional().describe('false: answer at once. Default true.'),
});

const changedLimits = z
  .strictObject(changedLimitShape())
  .describe('null: the limit of its service and plan holds again.');

export const changeInstanceBody = z.strictObject({
  env: z.record(variableName, variableValue.nullable()).optional().describe('null removes a variable.'),
  limits: changedLimits.optional(),
});

export const spawnLineParams = z.object({ service: z.string(), id: z.string() });
export const spawnLineQuery = z.strictObject({ start: flag.optional(), wait: flag.optional() });
export const startBody = z.strictObject({ wait: z.boolean().optional() }).nullish();
const word = z.string().refine((text) => !text.includes('\0'), 'expected text without NUL');
export const execBody = z.strictObject({
  words: z.array(word).min(1),
  term: word.nullable(),
  isProbe: z.boolean().optional(),
});
export const noBody = z.strictObject({}).nullish();
export const removeQuery = z.strictObject({
  purge: flag
    .optional()
    .describe('Also delete the tenant directory, if no other service of that tenant is registered.'),
});

export const logsQuery = z.strictObject({
  follow: flag
    .optional()
    .describe('Keep the answer open for new lines. Default: true for server-sent events, else false.'),
  tail: wholeNumber.optional().describe('Only this many of the newest lines.'),
  since: since.optional(),
  grep: z.string().optional().describe('Only lines that contain this text.'),
  stderr: flag.optional().describe('Only what was printed to stderr.'),
});

export const eventsQuery = z.strictObject({
  follow: flag
    .optional()
    .describe('Keep the answer open for new events. Default: true for server-sent events, else false.'),
  tail: wholeNumber.optional().describe('Only this many of the newest events. Default 1000.'),
  since: since.optional(),
  instance: z.string().optional().describe('Only events of this instance.'),
  tenant: z.string().optional().describe('Only events of this tenant.'),
  type: z
    .enum(EVENT_TYPES, { error: ({ input }) => eventTypeProblem(input) ?? undefined })
    .optional()
    .describe('Only events of this type.'),
});

export const tokenBody = z.strictObject({
  name: z.string().optional().describe('The use of the token; events show it. Default "unnamed".'),
  scope: z.string().optional().describe('"admin", "service:NAME" or "tenant:ID". Default "admin".'),
  can: z
    .array(z.string())
    .optional()
    .describe('Some of "read", "operate", "manage". Default: all with the scope "admin", else "read" alone.'),
  expires: z.string().optional().describe('A duration such as "90d", a date, or "never". Default "never".'),
});
export const tokenParams = z.object({ id: z.string() });

const limitsView = z.object(
  Object.fromEntries(LIMIT_NAMES.map((name) => [name, (LIMITS[name].isWhole ? z.int() : z.number()).nullable()])),
);

export const instanceSchema = z.object({
  instance: z.string(),
  service: z.string(),
  id: z.string(),
  state: z.enum(STATES),
  desired: z.enum(['up', 'asleep', 'stopped']),
  pid: count.nullable(),
  socket: z.string().nullable(),
  port: count.nullable(),
  url: z.string().nullable(),
  createdAt: time,
  startedAt: time.nullable(),
  lastActivityAt: time.nullable(),
  memoryBytes: z.number().nullable(),
  peakMemoryBytes: z.number().nullable(),
  memoryLimitBytes: z.number().nullable(),
  limits: limitsView,
  storageBytes: z.number().nullable(),
  storageMeasuredAt: time.nullable(),
  cpuSeconds: z.number().nullable(),
  restarts: count,
  wakes: count,
  lastWakeMs: z.number().nullable(),
  requests: count,
  inFlight: count,
  openStreams: count,
  openConnections: count,
  sleepsAt: time.nullable(),
  retryAt: time.nullable(),
  reason: z.string(),
  lastExit: z
    .object({
      code: z.int().nullable(),
      signal: z.string().nullable(),
      reason: z.enum(EXIT_REASONS),
      detail: z.string().nullable(),
      lastLines: z.array(z.string()),
      at: time,
    })
    .nullable(),
});

/** Of lists whose rows are small. */
export const listLimit = z
  .string()
  .regex(/^[1-9]\d{0,6}$/, 'expected a whole number from 1')
  .transform(Number)
  .describe('At most this many. Default: all.');

/** The largest page: about a megabyte. */
const MAX_PAGE = 1000;

const pageLimit = z
  .string()
  .regex(/^\d{1,9}$/, 'expected a whole number')
  .transform(Number)
  .refine((limit) => limit >= 1 && limit <= MAX_PAGE, `expected a number from 1 to ${MAX_PAGE}`)
  .describe('At most this many. Default: all.');

export const instancesQuery = z.strictObject({
  limit: pageLimit.optional(),
  after: z.string().optional().describe('Only instances whose name comes after this one: `next` of the page before.'),
});

export const instancesSchema = z.object({
  instances: z.array(instanceSchema),
  next: z.string().nullable().describe('What `after` must be for the next page; null after the last one.'),
});
export const tokenSchema = z.object({
  id: z.string(),
  name: z.string(),
  session: z.boolean().describe('Whether it is a session of the dashboard.'),
  scope: z.string(),
  can: z.array(z.enum(ABILITIES)),
  createdAt: time,
  expiresAt: time.nullable(),
  lastUsedAt: time.nullable(),
});
export const newTokenSchema = tokenSchema.extend({ token: z.string().describe('Shown only once.') });
export const tokensSchema = z.object({ tokens: z.array(tokenSchema) });
export const healthSchema = z.object({ status: z.literal('ok') });
export const noContent = z.null().describe('Done; no body.');

export const notifyTestBody = z
  .strictObject({ url: z.string().min(1).optional().describe('The url of one [[notify]]. Default: all.') })
  .nullish();

const notifyTargetSchema = z.object({
  url: z.string(),
  events: z.array(z.string()),
  isSigned: z.boolean(),
  allowPrivate: z.boolean(),
  pending: count,
  givenUp: count,
  dropped: count,
  lastSuccessAt: time.nullable(),
  lastFailureAt: time.nullable(),
  lastFailure: z.string().nullable(),
  nextTryAt: time.nullable(),
});
export const notifyTargetsSchema = z.object({ targets: z.array(notifyTargetSchema) });

const notifyTestResultSchema = z.object({
  url: z.string(),
  ok: z.boolean().describe('Whether the receiver answered with 2xx.'),
  status: z.int().nullable(),
  answer: z.string().nullable().describe('The first 1024 bytes of its answer.'),
  failure: z.string().nullable(),
  durationMs: count,
});
export const notifyTestSchema = z.object({ results: z.array(notifyTestResultSchema) });

export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  hint: z.string(),
  requestId: z.string().optional(),
});

/** A response in media types other than application/json. */
export interface TypedAnswer {
  readonly description: string;
  readonly content: Readonly<Record<string, { readonly schema: z.ZodType }>>;
}

export const problemAnswer: TypedAnswer = {
  description: 'A problem document (RFC 9457).',
  content: { 'application/problem+json': { schema: problemSchema } },
};

/** Responses to a spawn. 502: the instance is registered, but its start failed. */
export const spawnAnswers = {
  200: instanceSchema,
  201: instanceSchema,
  502: instanceSchema,
  '4xx': problemAnswer,
  '5xx': problemAnswer,
};

export const streamAnswer: TypedAnswer = {
  description: 'One JSON object per line, or a server-sent event.',
  content: { 'application/x-ndjson': { schema: z.string() }, 'text/event-stream': { schema: z.string() } },
};

export const metricsAnswer: TypedAnswer = {
  description: 'Prometheus text.',
  content: { 'text/plain': { schema: z.string() } },
};

export const descriptionAnswer = z.looseObject({ openapi: z.string() });

export const askQuery = z.object({ domain: z.string().min(1).describe('A host name, as a browser requests it.') });
export const askAnswer = z.object({ domain: z.string() });
