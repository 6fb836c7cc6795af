/** The examples started by hand, with which wakes are compared. */
import { join } from 'node:path';
import { bareStart } from '../bare.ts';
import { quantile, timed } from '../figures.ts';
import type { AppName } from './peer.ts';
import { notesCommand } from './programs.ts';

const GUNICORN = ['gunicorn', '--bind', 'unix:{socket}', '--workers', '1', '--threads', '4', 'app:app'];

export class BareStarts {
  private readonly dir: string;
  private readonly apps: Readonly<Record<AppName, string>>;
  private readonly takenMs: Readonly<Record<AppName, number[]>> = { notes: [], flask: [] };

  constructor(dir: string, apps: Readonly<Record<AppName, string>>) {
    this.dir = join(dir, 'bare');
    this.apps = apps;
  }

  async round(app: AppName): Promise<void> {
    const command = app === 'notes' ? notesCommand(this.apps) : GUNICORN;
    let end = async () => {};
    const tookMs = await timed(async () => {
      end = await bareStart({ name: app, command, workdir: this.apps[app] }, join(this.dir, app));
    });
    await end();
    this.takenMs[app].push(tookMs);
  }

  medianMs(app: AppName): number {
    return quantile(this.takenMs[app], 0.5);
  }
}
