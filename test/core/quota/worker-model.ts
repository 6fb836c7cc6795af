/** A server with proxy workers that share one allowance. Messages between them take as long as the test wants. */
import type { Allowance } from '../../../src/core/quota/allowance.ts';
import { Borrowed } from '../../../src/core/quota/borrowed.ts';
import type { Loan, LoanAccount, LoanGrant } from '../../../src/core/quota/loan.ts';

type ToServer =
  | { readonly type: 'claim' }
  | { readonly type: 'release'; readonly epoch: number }
  | { readonly type: 'account'; readonly account: LoanAccount; readonly isAnswer: boolean };
type ToWorker =
  | { readonly type: 'forwarded'; readonly grant: LoanGrant | null; readonly epoch: number }
  | { readonly type: 'refused' }
  | { readonly type: 'recall' };

class Worker {
  readonly toServer: ToServer[] = [];
  readonly toWorker: ToWorker[] = [];
  readonly borrowed = new Borrowed('acme');
  /** Open requests that the worker counts, and those that the server counts. */
  own = 0;
  remote: number[] = [];
  isGone = false;
  readonly loan: Loan;

  constructor(allowance: Allowance) {
    this.loan = allowance.openLoan(() => this.toWorker.push({ type: 'recall' }));
  }
}

export interface WorkerModelOptions {
  readonly allowance: Allowance;
  readonly workers: number;
  readonly nowMs: () => number;
  /** A request is forwarded now. */
  onForwarded(): void;
}

export class WorkerModel {
  private readonly options: WorkerModelOptions;
  private readonly workers: Worker[];
  refused = 0;

  constructor(options: WorkerModelOptions) {
    this.options = options;
    this.workers = Array.from({ length: options.workers }, () => new Worker(options.allowance));
  }

  /** Requests that are open now. */
  get open(): number {
    return this.workers.reduce((sum, { own, remote }) => sum + own + remote.length, 0);
  }

  private at(index: number): Worker {
    return this.workers[index % this.workers.length] as Worker;
  }

  /** A client sends a request to a worker. */
  request(index: number): void {
    const worker = this.at(index);
    if (!worker.borrowed.take(this.options.nowMs())) return void worker.toServer.push({ type: 'claim' });
    worker.own += 1;
    this.options.onForwarded();
  }

  /** A request of a worker ends. */
  end(index: number): void {
    const worker = this.at(index);
    const epoch = worker.remote.pop();
    if (epoch !== undefined) return void worker.toServer.push({ type: 'release', epoch });
    if (worker.own === 0) return;
    worker.own -= 1;
    if (worker.borrowed.release(null)) this.report(index);
  }

  /** A worker gives back what it does not use. */
  giveBack(index: number): void {
    const worker = this.at(index);
    worker.toServer.push({ type: 'account', account: worker.borrowed.settle(), isAnswer: false });
  }

  report(index: number): void {
    const worker = this.at(index);
    worker.toServer.push({ type: 'account', account: worker.borrowed.account(), isAnswer: false });
  }

  /** A worker is killed, and replaced. */
  kill(index: number): void {
    const worker = this.at(index);
    worker.isGone = true;
    worker.loan.lost();
    const ended = worker.toServer.flatMap((message) => (message.type === 'release' ? [message.epoch] : []));
    for (const epoch of [...worker.remote, ...ended]) this.options.allowance.release(undefined, epoch);
    this.workers[index % this.workers.length] = new Worker(this.options.allowance);
  }

  /** The server reads one message of a worker. */
  async readByServer(index: number): Promise<void> {
    const worker = this.at(index);
    const message = worker.toServer.shift();
    if (message?.type === 'account') worker.loan.account(message.account, message.isAnswer);
    if (message?.type === 'release') this.options.allowance.release('answered', message.epoch);
    if (message?.type === 'claim') this.claim(worker);
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  }

  private claim(worker: Worker): void {
    if (worker.isGone) return;
    const { allowance } = this.options;
    if (allowance.take() === null) {
      const { epoch } = allowance;
      worker.toWorker.push({ type: 'forwarded', grant: worker.loan.extend(), epoch });
      worker.remote.push(epoch);
      return this.options.onForwarded();
    }
    const recall = allowance.recall();
    if (recall === null) return void worker.toWorker.push({ type: 'refused' });
    void recall.then(() => this.claim(worker));
  }

  /** A worker reads one message of the server. */
  readByWorker(index: number): void {
    const worker = this.at(index);
    const message = worker.toWorker.shift();
    if (message?.type === 'refused') this.refused += 1;
    if (message?.type === 'forwarded' && message.grant !== null) worker.borrowed.add(message.grant);
    if (message?.type === 'recall')
      worker.toServer.push({ type: 'account', account: worker.borrowed.settle(), isAnswer: true });
  }

  /** Delivers all messages. */
  async quiesce(): Promise<void> {
    while (this.workers.some(({ toServer, toWorker }) => toServer.length + toWorker.length > 0)) {
      for (let index = 0; index < this.workers.length; index += 1) {
        await this.readByServer(index);
        this.readByWorker(index);
      }
    }
  }
}
