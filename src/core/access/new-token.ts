/** A token to be made, from what a person or program asks for. Pure. */
import { TenementError } from '../../errors.ts';
import { parseExpiry } from '../tenants/expiry.ts';
import { ABILITIES, type Ability, abilitiesOf } from './ability.ts';
import { RESERVED_NAMES } from './actor.ts';
import type { Grants } from './permission.ts';
import { parseScope, type Scope } from './scope.ts';

/** What a new token is to be. */
export interface TokenInput {
  /** The use of the token; events show it. Default: `unnamed`. */
  readonly name?: string | undefined;
  /** `admin`, `service:api` or `tenant:acme`. Default: `admin`. */
  readonly scope?: string | undefined;
  /** Default: all abilities for the scope `admin`, else `read` alone. */
  readonly can?: readonly string[] | undefined;
  /** A duration from now such as `90d`, a date, or `never`. Default: never. */
  readonly expires?: string | undefined;
}

export interface NewToken extends Grants {
  readonly name: string;
  /** Ms since the epoch; null: never. */
  readonly expiresAtMs: number | null;
}

export interface TokenTerms {
  readonly nowMs: number;
  /** Names of the services that the config has. */
  readonly services: readonly string[];
  /** What the caller may do itself. */
  readonly granter: Grants;
}

/** Ends the names of sessions, which events show like names of tokens. */
export const SESSION_SUFFIX = ' (dashboard)';

const MAX_NAME_LENGTH = 100;
/** Control characters and others that a terminal or a log does not show. */
const UNPRINTABLE = /\p{C}/u;

/** @throws {TenementError} `bad_input`; `forbidden` for abilities that the caller lacks */
export function newToken(input: TokenInput, { nowMs, services, granter }: TokenTerms): NewToken {
  const scope = parseScope(input.scope ?? 'admin');
  assertServiceOf(scope, services);
  const can = input.can === undefined ? defaultAbilities(scope) : abilitiesOf(input.can);
  assertHeld(can, granter);
  return { name: nameOf(input.name ?? 'unnamed'), scope, can, expiresAtMs: expiryOf(input.expires, nowMs) };
}

/** An operator's own token may do everything. One that is given to somebody else may only see, unless it is said. */
function defaultAbilities(scope: Scope): readonly Ability[] {
  return scope.kind === 'admin' ? ABILITIES : ['read'];
}

function assertServiceOf(scope: Scope, services: readonly string[]): void {
  if (scope.kind !== 'service' || services.includes(scope.service)) return;
  throw new TenementError('bad_input', `scope: there is no service ${JSON.stringify(scope.service)}`, {
    hint: `Services in the config: ${services.join(', ')}.`,
  });
}

function assertHeld(can: readonly Ability[], granter: Grants): void {
  const lacking = can.find((ability) => !granter.can.includes(ability));
  if (lacking === undefined) return;
  throw new TenementError('forbidden', `a token that may not ${lacking} itself cannot make one that may`, {
    hint: `Leave ${lacking} out of \`can\`, or use a token that may.`,
  });
}

function nameOf(name: string): string {
  const problem = nameProblem(name);
  if (problem === null) return name;
  throw new TenementError('bad_input', `name: ${JSON.stringify(name.slice(0, 120))} ${problem}`, {
    hint: 'Name what the token is for, for example `ci` or `acme-panel`.',
  });
}

function nameProblem(name: string): string | null {
  if (name.trim() === '') return 'is empty';
  if (name.length > MAX_NAME_LENGTH) return `has more than ${MAX_NAME_LENGTH} characters`;
  if (UNPRINTABLE.test(name)) return 'has characters that are not printable';
  if (name.endsWith(SESSION_SUFFIX)) return 'is what events call sessions of the dashboard';
  return RESERVED_NAMES.includes(name) ? 'is what events call others than tokens' : null;
}

function expiryOf(text: string | undefined, nowMs: number): number | null {
  const atMs = text === undefined ? null : parsed(text, nowMs);
  if (atMs === null || atMs > nowMs) return atMs;
  throw badExpiry('expires: the token would never be valid');
}

/** The hints of `parseExpiry` are about tenants, whose time may end now. */
function parsed(text: string, nowMs: number): number | null {
  try {
    return parseExpiry(text, nowMs);
  } catch (error) {
    throw error instanceof TenementError ? badExpiry(error.message) : error;
  }
}

function badExpiry(message: string): TenementError {
  return new TenementError('bad_input', message, {
    hint: 'Write a duration such as 90d, a date to come such as 2026-12-31 or 2026-12-31T12:00:00Z, or never.',
  });
}
