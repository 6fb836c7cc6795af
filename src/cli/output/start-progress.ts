/** Tells how far a slow start is: in place on a terminal, in lines of its own elsewhere. */
import type { ApiClient } from '../../api/client/client.ts';
import type { InstanceName } from '../../core/lifecycle/instance.ts';
import type { InstanceView } from '../../core/verbs/verbs.ts';
import type { CliIo } from './io.ts';
import { StatusLine } from './status-line.ts';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
/** A start that is as fast as most of them shows nothing. */
const SHOWN_AFTER_MS = 400;
const FRAME_MS = 100;
const ASK_EVERY_MS = 500;
/** Without a terminal, a line is written after this time, and then each time that the time has doubled. */
const FIRST_LINE_MS = 10_000;

type Looked = Pick<InstanceView, 'instance' | 'state' | 'reason'>;

/** Returns what `work` returns, and meanwhile shows the instance's state. */
export function withStartProgress<Result>(
  instance: InstanceName,
  client: Pick<ApiClient, 'get'>,
  io: CliIo,
  work: Promise<Result>,
): Promise<Result> {
  return withProgress({ name: instance, look: () => client.get(instance) }, io, work);
}

/** @param subject what starts, and how to learn which instance of it is waited for; null: none */
export async function withProgress<Result>(subject: Subject, io: CliIo, work: Promise<Result>): Promise<Result> {
  const progress = new StartProgress(subject, io);
  try {
    return await work;
  } finally {
    progress.end();
  }
}

interface Subject {
  readonly name: string;
  look(): Promise<Looked | null>;
}

class StartProgress {
  private readonly subject: Subject;
  private readonly io: CliIo;
  private readonly line: StatusLine;
  private readonly beganMs = performance.now();
  private readonly timers: NodeJS.Timeout[] = [];
  private nextLineMs = FIRST_LINE_MS;
  private looked: Looked | null = null;
  private frame = 0;

  constructor(subject: Subject, io: CliIo) {
    this.subject = subject;
    this.io = io;
    this.line = new StatusLine(io);
    this.timers.push(setInterval(() => void this.ask(), ASK_EVERY_MS));
    if (this.line.isShown) this.timers.push(setInterval(() => this.draw(), FRAME_MS));
    for (const timer of this.timers) timer.unref();
  }

  end(): void {
    for (const timer of this.timers) clearInterval(timer);
    this.line.clear();
  }

  private async ask(): Promise<void> {
    // An instance that is being registered is not known yet, and the end of the server is told by the call itself.
    this.looked = await this.subject.look().catch(() => this.looked);
    if (this.line.isShown || this.elapsedMs < this.nextLineMs) return;
    this.nextLineMs *= 2;
    this.io.stderr.write(`${this.text}\n`);
  }

  private draw(): void {
    if (this.elapsedMs < SHOWN_AFTER_MS) return;
    this.frame = (this.frame + 1) % FRAMES.length;
    this.line.show(`${FRAMES[this.frame]} ${this.text}`);
  }

  private get text(): string {
    const { instance = this.subject.name, state = 'starting', reason = state } = this.looked ?? {};
    const more = reason === state ? '' : `; ${reason.startsWith(state) ? reason.slice(state.length + 2) : reason}`;
    return `${instance} ${state}, ${(this.elapsedMs / 1000).toFixed(1)} s${more}`;
  }

  private get elapsedMs(): number {
    return performance.now() - this.beganMs;
  }
}
