/**
 * Takes one order from where it is to its certificate. Each step is either on disk or known to the certificate authority, so
 * an order that a killed server began goes on.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { crypto } from 'acme-client';
import { type ChallengeType, challengeFailure, problemOf, refusal } from '../core/acme/failure-text.ts';
import type { KeyAndChain } from '../core/acme/key-and-chain.ts';
import type { AcmeFiles, OrderFile } from './acme-files.ts';
import { CaError } from './ca-error.ts';
import type { CaAuthorization, CaChallenge, CaOrder, CertificateAuthority } from './certificate-authority.ts';
import { type ProofDeps, prove, waited } from './proofs.ts';

/** Pauses between two looks at what the authority does, each twice the one before. */
const FIRST_LOOK_MS = 250;
const LONGEST_LOOK_MS = 5000;
/** How long the authority may take for one step. */
const STEP_TIMEOUT_MS = 120_000;

export interface OrderRunDeps extends ProofDeps {
  readonly authority: CertificateAuthority;
  readonly files: AcmeFiles;
  readonly directory: string;
}

export interface OrderSubject {
  readonly name: string;
  /** Kinds of proof that this server can give for the name, the best first. */
  readonly types: readonly ChallengeType[];
  /** Id of the certificate that it renews; null: none. */
  readonly replaces: string | null;
  /** Called before an order is begun at the authority. */
  onBegin(): void;
  /** Whether an order that came to nothing may be followed by another one. */
  mayBeginAnew(): boolean;
}

/** A challenge was not met. Another kind of proof may be. */
export class ChallengeFailed extends CaError {
  readonly type: ChallengeType;

  constructor(type: ChallengeType, message: string) {
    super(message, { status: 403, problem: null, retryAfterMs: null });
    this.type = type;
  }
}

/** Returns the certificate of a name, which is on disk by then. @throws {CaError} */
export async function runOrder(subject: OrderSubject, deps: OrderRunDeps): Promise<KeyAndChain> {
  const { name } = subject;
  const before = await deps.files.order(name);
  const isResumed = before !== null && before.directory === deps.directory && before.url !== null;
  if (before !== null && !isResumed) await deps.files.removeOrder(name);
  try {
    return await completed(isResumed ? before : await begun(subject, deps), subject, deps);
  } catch (error) {
    if (!isOver(error, deps)) throw error;
    await deps.files.removeOrder(name);
    // The authority may have looked while no server answered, or has forgotten the order.
    if (!isResumed || error.problem?.type === 'rateLimited' || !subject.mayBeginAnew()) throw error;
    return freshly(subject, deps);
  }
}

async function freshly(subject: OrderSubject, deps: OrderRunDeps): Promise<KeyAndChain> {
  try {
    return await completed(await begun(subject, deps), subject, deps);
  } catch (error) {
    if (isOver(error, deps)) await deps.files.removeOrder(subject.name);
    throw error;
  }
}

/** Whether nothing comes of the order any more. After an outage, or the server's end, it goes on. */
function isOver(error: unknown, { signal }: OrderRunDeps): error is CaError {
  return !signal.aborted && error instanceof CaError && !error.isOutage;
}

async function begun({ name, replaces, onBegin }: OrderSubject, deps: OrderRunDeps): Promise<OrderFile> {
  const { authority, files, directory } = deps;
  const key = String(await crypto.createPrivateEcdsaKey());
  const draft = { name, directory, key, url: null };
  await files.saveOrder(draft);
  onBegin();
  const { url } = await replacing(replaces, (id) => authority.order(name, id));
  const order = { ...draft, url };
  await files.saveOrder(order);
  return order;
}

/** An authority refuses to replace a certificate that was replaced already, or that it does not know. */
async function replacing(replaces: string | null, order: (replaces: string | null) => Promise<CaOrder>) {
  try {
    return await order(replaces);
  } catch (error) {
    if (replaces === null || !(error instanceof CaError) || error.isOutage) throw error;
    if (['rateLimited', 'accountDoesNotExist'].includes(error.problem?.type ?? '')) throw error;
    return order(null);
  }
}

async function completed(file: OrderFile, subject: OrderSubject, deps: OrderRunDeps): Promise<KeyAndChain> {
  const { authority, files } = deps;
  const url = file.url ?? '';
  let order = await authority.orderAt(url);
  if (order.status === 'pending') {
    for (const one of order.authorizations) await authorized(one, subject, deps);
    order = await settledOrder(url, ['pending'], deps);
  }
  if (order.status === 'ready') order = await authority.finalize({ ...order, url }, file.name, file.key);
  if (order.status === 'processing' || order.status === 'ready')
    order = await settledOrder(url, ['processing', 'ready'], deps);
  if (order.status !== 'valid') throw invalidOrder(order);
  const certificate = { key: file.key, chain: await authority.chainOf(order) };
  assertUsable(certificate, file.name);
  await files.saveCertificate(file.name, certificate);
  await files.removeOrder(file.name);
  return certificate;
}

function settledOrder(url: string, statuses: readonly string[], { authority, signal }: OrderRunDeps): Promise<CaOrder> {
  return settled(
    () => authority.orderAt(url),
    ({ status }) => !statuses.includes(status),
    signal,
  );
}

async function authorized(url: string, subject: OrderSubject, deps: OrderRunDeps): Promise<void> {
  const { authority, signal } = deps;
  const authorization = await authority.authorizationAt(url);
  if (authorization.status === 'valid') return;
  const { challenge, type } = chosen(authorization, subject);
  if (authorization.status !== 'pending') throw notMet(type, authorization, challenge);
  const domain = authorization.identifier.value;
  const keyAuthorization = await authority.keyAuthorization(challenge.token);
  const remove = await prove({ type, domain, token: challenge.token, keyAuthorization }, deps);
  try {
    if (challenge.status === 'pending') await authority.answered(challenge);
    const after = await settled(
      () => authority.authorizationAt(url),
      ({ status }) => status !== 'pending',
      signal,
    );
    if (after.status !== 'valid') throw notMet(type, after, challenge);
  } finally {
    await remove().catch(() => {});
  }
}

/** Returns the first challenge that this server can answer, or the one that it has begun to answer. @throws {CaError} */
function chosen({ challenges }: CaAuthorization, { types, name }: OrderSubject) {
  const begun = challenges.find(({ status }) => status !== 'pending');
  const wanted = begun === undefined ? types : [begun.type, ...types];
  for (const type of wanted) {
    const challenge = challenges.find((one) => one.type === type);
    if (challenge !== undefined) return { challenge, type: challenge.type as ChallengeType };
  }
  const offered = challenges.map(({ type }) => type).join(', ');
  const why = `for ${name} the CA offers only ${offered || 'no challenge'}, and this server can answer ${types.join(', ') || 'none'}`;
  throw new CaError(why, { status: 400, problem: null, retryAfterMs: null });
}

function notMet(type: ChallengeType, { identifier, challenges, status }: CaAuthorization, asked: CaChallenge): CaError {
  const failed = challenges.find(({ url }) => url === asked.url)?.error ?? challenges.find(({ error }) => error)?.error;
  const problem = problemOf(failed) ?? { type: null, detail: `the authorization is ${status}` };
  return new ChallengeFailed(type, challengeFailure(type, identifier.value, problem));
}

function invalidOrder({ error, status }: CaOrder): CaError {
  const problem = problemOf(error) ?? { type: null, detail: `the order is ${status}` };
  return new CaError(refusal(problem, 403), { status: 403, problem, retryAfterMs: null });
}

/** Looks until `isSettled`. @throws {CaError} */
async function settled<Value>(
  look: () => Promise<Value>,
  isSettled: (value: Value) => boolean,
  signal: AbortSignal,
): Promise<Value> {
  let leftMs = STEP_TIMEOUT_MS;
  for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(LONGEST_LOOK_MS, pauseMs * 2)) {
    const value = await look();
    if (isSettled(value)) return value;
    if (leftMs <= 0) throw new CaError('the CA has not decided for 2 minutes', NO_ANSWER);
    await waited(pauseMs, signal);
    signal.throwIfAborted();
    leftMs -= pauseMs;
  }
}

const NO_ANSWER = { status: null, problem: null, retryAfterMs: null } as const;

/** @throws {CaError} when the chain is not that of the key, or not for the name */
function assertUsable({ key, chain }: KeyAndChain, name: string): void {
  const problem = problemWith(key, chain, name);
  if (problem === null) return;
  throw new CaError(`the CA gave a certificate that cannot be used: ${problem}`, { ...NO_ANSWER, status: 400 });
}

function problemWith(key: string, chain: string, name: string): string | null {
  try {
    const leaf = new X509Certificate(chain);
    if (!leaf.checkPrivateKey(createPrivateKey(key))) return 'it is for another key';
    if (leaf.checkHost(name.replace(/^\*\./, 'x.')) === undefined) return `it is not for ${name}`;
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
