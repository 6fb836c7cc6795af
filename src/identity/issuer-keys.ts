/**
 * The keys of tokens' issuer. They are loaded ahead, so that no request waits for the issuer while its keys are known, and
 * replaced only by keys that were loaded: while the issuer cannot be reached, the last ones stay valid.
 */
import type { KeyHealth } from '../core/identity/identity-reading.ts';
import type { JwtConfig, KeyPlace } from '../core/identity/jwt-config.ts';
import { type KeyFeed, KeyPublisher, NO_KEYS } from '../core/identity/key-feed.ts';
import type { Clock } from '../core/ports.ts';
import { detached } from '../faults.ts';
import type { Logger } from '../logger.ts';
import { type LoadedKeys, loadKeys } from './load-keys.ts';

/** Time between two loads while nothing asks for one. A key that its issuer has taken back is refused after that. */
const REFRESH_MS = 300_000;
/** Least time between the begins of two loads that requests with unknown keys ask for. */
const COOLDOWN_MS = 5000;
/** First and longest pause after a load that failed. */
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 60_000;

export interface IssuerKeysDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Steady clock. */
  steadyMs(): number;
  readonly load?: typeof loadKeys;
}

export class IssuerKeys implements KeyFeed {
  private readonly deps: IssuerKeysDeps;
  private readonly publisher = new KeyPublisher();
  private place: KeyPlace | null = null;
  private loading: Promise<void> | null = null;
  private ending = new AbortController();
  private beganAtMs = Number.NEGATIVE_INFINITY;
  private loadedAtMs: number | null = null;
  private failures = 0;
  private failuresInRow = 0;
  private cancel = () => {};

  constructor(deps: IssuerKeysDeps) {
    this.deps = deps;
  }

  get current() {
    return this.publisher.current;
  }

  follow(...args: Parameters<KeyFeed['follow']>): void {
    this.publisher.follow(...args);
  }

  /** null: no tokens are read. */
  health(): KeyHealth | null {
    if (this.place === null) return null;
    const { publicKeys, secrets } = this.current;
    return { keys: publicKeys.length + secrets.length, loadedAtMs: this.loadedAtMs, failures: this.failures };
  }

  /** Follows the config. Keys of another place are dropped at once. */
  apply(jwt: JwtConfig | null): void {
    const place = jwt?.keys ?? null;
    const isSame = JSON.stringify(place) === JSON.stringify(this.place);
    if (!isSame) this.forget();
    this.place = place;
    if (place !== null) this.begin();
  }

  async refresh(): Promise<void> {
    if (this.loading === null && this.deps.steadyMs() - this.beganAtMs >= COOLDOWN_MS) this.begin();
    await this.loading;
  }

  close(): void {
    this.forget();
    this.place = null;
  }

  private forget(): void {
    this.cancel();
    this.ending.abort();
    this.ending = new AbortController();
    this.loading = null;
    this.loadedAtMs = null;
    this.failuresInRow = 0;
    if (this.current.version > 0) this.publisher.publish({ ...NO_KEYS, version: this.current.version + 1 });
  }

  private begin(): void {
    const { place, ending, deps } = this;
    if (place === null || this.loading !== null) return;
    this.cancel();
    this.beganAtMs = deps.steadyMs();
    const { load = loadKeys } = deps;
    const done = load(place, ending.signal).then(
      (keys) => void (ending.signal.aborted || this.loaded(place, keys)),
      (error: Error) => void (ending.signal.aborted || this.failed(place, error)),
    );
    const loading = done.finally(() => {
      if (this.loading === loading) this.loading = null;
    });
    this.loading = loading;
    detached(deps.logger, { part: 'identity' }, loading);
  }

  private loaded(place: KeyPlace, { refused, ...keys }: LoadedKeys): void {
    const { logger, clock } = this.deps;
    const { version, ...before } = this.current;
    const isFirst = this.loadedAtMs === null;
    this.loadedAtMs = clock.nowMs();
    const hadFailed = this.failuresInRow > 0;
    this.failuresInRow = 0;
    this.cancel = clock.after(REFRESH_MS, () => this.begin());
    const isNew = JSON.stringify(before) !== JSON.stringify(keys);
    if (isNew) this.publisher.publish({ ...keys, version: version + 1 });
    if (!isNew && !hadFailed) return;
    const about = { from: placeText(place), keys: keys.publicKeys.length + keys.secrets.length };
    logger.info(
      refused.length === 0 ? about : { ...about, refused },
      isFirst ? 'keys of tokens loaded' : 'keys of tokens loaded again',
    );
  }

  private failed(place: KeyPlace, error: Error): void {
    const { logger, clock } = this.deps;
    this.failures += 1;
    const pauseMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.failuresInRow);
    this.failuresInRow += 1;
    this.cancel = clock.after(pauseMs, () => this.begin());
    const then =
      this.loadedAtMs === null ? 'every token is refused until then' : 'tokens signed with known keys stay valid';
    const about = { from: placeText(place), reason: error.message, retryInS: pauseMs / 1000 };
    logger.error(about, `the keys of tokens cannot be loaded; ${then}`);
  }
}

function placeText(place: KeyPlace): string {
  return place.kind === 'url' ? place.url : place.path;
}
