/** Iterators over what was and what comes, which release what they hold however their loop ends. */
import type { FollowQueue } from '../core/following/follow-queue.ts';
import { TenementError } from '../errors.ts';

export interface Followed<Item> {
  readonly history: readonly Item[];
  readonly queue: FollowQueue<Item>;
  /** Unsubscribes, and ends the queue. */
  stop(): void;
}

/** What is being followed, ended with the hypervisor. */
export type Followers = Set<() => void>;

interface FollowerOptions {
  readonly followers: Followers;
  readonly signal?: AbortSignal | undefined;
}

/** Iterates over what a promise of a source gives. Nothing is followed before the source is there. */
export function followLater<Item>(
  open: () => Promise<Followed<Item>>,
  options: FollowerOptions,
): AsyncIterableIterator<Item> {
  return new Follower(open, options);
}

/** Iterates over a source that is subscribed already, so that what happens before the first `next` is not missed. */
export function follow<Item>(source: Followed<Item>, options: FollowerOptions): AsyncIterableIterator<Item> {
  const follower = new Follower(() => source, options);
  follower.open(source);
  return follower;
}

class Follower<Item> implements AsyncIterableIterator<Item> {
  private readonly find: () => Followed<Item> | Promise<Followed<Item>>;
  private readonly options: FollowerOptions;
  private readonly items: AsyncGenerator<Item>;
  private source: Followed<Item> | null = null;
  private isOver = false;
  private readonly end = () => this.stop();

  constructor(find: () => Followed<Item> | Promise<Followed<Item>>, options: FollowerOptions) {
    this.find = find;
    this.options = options;
    this.items = this.all();
    options.followers.add(this.end);
    options.signal?.addEventListener('abort', this.end, { once: true });
    if (options.signal?.aborted === true) this.stop();
  }

  open(source: Followed<Item>): void {
    this.source = source;
    source.queue.overflow.addEventListener('abort', () => source.stop(), { once: true });
    if (this.isOver) source.stop();
  }

  next(): Promise<IteratorResult<Item>> {
    return this.items.next();
  }

  async return(): Promise<IteratorResult<Item>> {
    this.stop();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
  }

  private stop(): void {
    this.isOver = true;
    this.options.followers.delete(this.end);
    this.options.signal?.removeEventListener('abort', this.end);
    this.source?.stop();
  }

  private async *all(): AsyncGenerator<Item> {
    try {
      if (this.isOver) return;
      if (this.source === null) this.open(await this.find());
      const { history = [], queue } = this.source ?? {};
      for (const item of history) {
        if (this.isOver) return;
        yield item;
      }
      for await (const batch of queue?.batches() ?? []) {
        for (const item of batch) {
          if (this.isOver) return;
          yield item;
        }
      }
      if (queue?.overflow.aborted === true)
        throw new TenementError('reader_too_slow', 'more was waiting to be read than is kept, and was dropped');
    } finally {
      this.stop();
    }
  }
}
