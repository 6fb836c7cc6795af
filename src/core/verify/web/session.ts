/** What a probe has of one tenant: its cookies, tokens and ids, and the marks by which its answers are known. Pure. */
import { type Capture, captured, cookiesOf, type WebAnswer } from './capture.ts';
import type { Place } from './place.ts';
import { fillPlaceholders, placeholdersIn } from './placeholders.ts';
import type { Probe, ProbeRequest } from './probe-file.ts';

/** A shorter value could be anybody's. */
const MARK_MIN_LENGTH = 8;

export interface SessionStart {
  readonly tenant: string;
  readonly place: Place;
  readonly canary: string;
  readonly variables: Probe['variables'];
  /** Values of `env.NAME`, by placeholder. */
  readonly env: ReadonlyMap<string, string>;
}

export interface RenderedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

export class Session {
  readonly tenant: string;
  readonly place: Place;
  readonly canary: string;
  private readonly start: SessionStart;
  private readonly cookies = new Map<string, string>();
  private readonly values = new Map<string, { readonly kind: Capture['kind']; readonly value: string }>();

  constructor(start: SessionStart) {
    this.start = start;
    this.tenant = start.tenant;
    this.place = start.place;
    this.canary = start.canary;
  }

  /** Keeps cookies and captured values. @returns names that were to be captured and are not in the answer */
  learn(request: ProbeRequest, answer: WebAnswer): string[] {
    for (const [name, value] of cookiesOf(answer)) {
      if (value === null) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return request.captures.flatMap((capture) => {
      const value = captured(capture, answer);
      if (value === null) return [capture.name];
      this.values.set(capture.name, { kind: capture.kind, value });
      return [];
    });
  }

  /** Values that mark an answer as this tenant's: too long to be there by chance, and none of the other's. */
  marks(other: Session): string[] {
    const others = other.allValues();
    return this.allValues().filter((value) => value.length >= MARK_MIN_LENGTH && !others.includes(value));
  }

  /** @param ids the session whose ids are named. */
  render(request: ProbeRequest, ids: Session = this): RenderedRequest {
    const fill = (text: string) => fillPlaceholders(text, (name) => this.valueOf(name, ids));
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = request.headers.map(([name, value]) => [name, fill(value)] as const);
    return {
      method: request.method,
      path: fill(request.path),
      headers: cookie === '' ? headers : [...headers, ['cookie', cookie]],
      body: fill(request.body),
    };
  }

  /** The request of somebody who has neither cookies nor tokens, but knows the ids. */
  renderAnonymous(request: ProbeRequest): RenderedRequest {
    const fill = (text: string) =>
      fillPlaceholders(text, (name) => (this.isToken(name) ? '' : this.valueOf(name, this)));
    const isOpen = ([, value]: readonly [string, string]) => !placeholdersIn(value).some((name) => this.isToken(name));
    return {
      method: request.method,
      path: fill(request.path),
      headers: request.headers.filter(isOpen).map(([name, value]) => [name, fill(value)] as const),
      body: fill(request.body),
    };
  }

  usesIds(request: ProbeRequest): boolean {
    const names = [request.path, request.body, ...request.headers.map(([, value]) => value)].flatMap(placeholdersIn);
    return names.some((name) => this.values.get(name)?.kind === 'id');
  }

  private isToken(name: string): boolean {
    const variable = this.start.variables.get(name) ?? '';
    return this.values.get(name)?.kind === 'token' || name.startsWith('env.') || variable.includes('{{env.');
  }

  private valueOf(name: string, ids: Session): string | null {
    const known = this.values.get(name);
    if (known?.kind === 'id') return ids.values.get(name)?.value ?? null;
    const variable = this.start.variables.get(name);
    if (known === undefined && variable !== undefined) return fillPlaceholders(variable, (inner) => this.given(inner));
    return known?.value ?? this.given(name);
  }

  /** A variable may use what is given from the start, and no other variable. */
  private given(name: string): string | null {
    const { tenant, place, canary, env } = this.start;
    const { scheme, host, prefix } = place;
    const values: Readonly<Record<string, string>> = { tenant, host, canary, url: `${scheme}://${host}${prefix}` };
    return env.get(name) ?? (Object.hasOwn(values, name) ? (values[name] ?? null) : null);
  }

  private allValues(): string[] {
    return [this.canary, ...this.cookies.values(), ...[...this.values.values()].map(({ value }) => value)];
  }
}
