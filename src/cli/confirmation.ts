/** Asks a person at a terminal before a command deletes something. Scripts are not asked. */
import type { Command } from 'commander';
import { TenementError } from '../errors.ts';
import type { CliIo } from './output/io.ts';

export interface Confirmable {
  readonly yes?: boolean;
}

export interface Deletion {
  /** What is lost, as a question without its answers: `Revoke token t1 (deploy)?` */
  readonly question: string;
  /** The subject of the message when the answer is no: `token t1`. */
  readonly subject: string;
  /** A milder way, as a clause of a hint. */
  readonly instead?: string;
}

/** Adds the option that answers the question. */
export function takesYes(command: Command): Command {
  return command.option('-y, --yes', 'do not ask first');
}

/** @param look finds out what is lost; only called when somebody is asked @throws {TenementError} `usage` if the answer is no */
export async function assertMeant({ yes }: Confirmable, io: CliIo, look: () => Promise<Deletion>): Promise<void> {
  if (yes === true || io.ask === null) return;
  const { question, subject, instead } = await look();
  const answer = await io.ask(`${question} [y/N] `);
  if (/^y(es)?$/i.test(answer.trim())) return;
  throw new TenementError('usage', `${subject} is left as it is`, {
    hint: `Answer y, or give --yes${instead === undefined ? '' : `; ${instead}`}.`,
  });
}
