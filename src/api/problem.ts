/** Errors as RFC 9457 problem documents. This is the only place where the API maps codes to HTTP. */
import { STATUS_CODES } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TenementError, toTenementError } from '../errors.ts';
import type { Logger } from '../logger.ts';

interface ProblemDocument {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly hint: string;
  /** Only with `internal`: the id under which the server's log has the details. */
  readonly requestId?: string;
}

/** Converts an error. The message of an `internal` error stays in the log, because it may name paths. */
export function toProblem(error: TenementError, requestId: string, status: number = error.httpStatus): ProblemDocument {
  const internal = error.code === 'internal';
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    code: error.code,
    detail: internal ? 'the server met an unexpected error' : error.message,
    hint: error.hint,
    ...(internal && { requestId }),
  };
}

/**
 * Answers with the problem document of `thrown`, which may be any value.
 * @param status the HTTP status, where it is not that of the code
 */
export function sendProblem(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  logger: Logger,
  status?: number,
): void {
  const error = classify(thrown);
  if (error.code === 'internal') logger.error({ requestId: request.id, err: thrown }, 'API request failed');
  if (error.retryAfterS !== null) reply.header('retry-after', String(error.retryAfterS));
  if (error.code === 'unauthorized') reply.header('www-authenticate', 'Bearer');
  const problem = toProblem(error, request.id, status);
  reply.code(problem.status).type('application/problem+json');
  reply.send(JSON.stringify(problem));
}

/** Fastify's own errors about a request (bad JSON, too large, bad URL) are the client's fault. */
function classify(thrown: unknown): TenementError {
  if (thrown instanceof TenementError) return thrown;
  const status = thrown instanceof Error && 'statusCode' in thrown ? Number(thrown.statusCode) : 500;
  if (thrown instanceof Error && status >= 400 && status < 500) {
    return new TenementError('bad_input', thrown.message, { cause: thrown });
  }
  return toTenementError(thrown);
}

/** Returns a complete HTTP/1.1 response to input that cannot be parsed as a request. */
export function rawBadRequest(): string {
  return rawProblem(new TenementError('bad_request', 'the request is not well-formed HTTP'));
}

/** Returns a complete HTTP/1.1 response to a connection that exceeds the limit. */
export function rawAtCapacity(): string {
  return rawProblem(new TenementError('at_capacity', 'too many connections are open'), ['Retry-After: 1']);
}

function rawProblem(error: TenementError, headers: readonly string[] = []): string {
  const body = JSON.stringify(toProblem(error, ''));
  const status = `${error.httpStatus} ${STATUS_CODES[error.httpStatus]}`;
  const head = [`HTTP/1.1 ${status}`, 'Content-Type: application/problem+json', 'Connection: close', ...headers];
  return `${head.join('\r\n')}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
