/** The end of a request whose client does not wait for its answer. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TenementError } from '../../errors.ts';
import type { ApiContext } from '../context.ts';

/** Returns a signal that aborts when the client leaves before its answer, or when its token is revoked. */
export function leavingOf({ access }: FastifyRequest, { raw }: FastifyReply, { tokenWatch }: ApiContext): AbortSignal {
  const controller = new AbortController();
  const leave = () => controller.abort(new TenementError('client_left', 'the client has left'));
  const unwatch = tokenWatch.watch(access.token, () => raw.destroy());
  raw.once('close', () => {
    unwatch();
    if (!raw.writableFinished) leave();
  });
  return controller.signal;
}
