/** Requests of one tenant that must not be answered with anything of another's, and what their answers show. Pure. */
import type { Attempted, Finding } from '../finding.ts';
import type { WebAnswer } from './capture.ts';
import type { Place } from './place.ts';
import { type ProbeRequest, textOf } from './probe-file.ts';
import type { RenderedRequest, Session } from './session.ts';

export interface Crossing {
  readonly attempted: Attempted;
  /** To whose place it goes. */
  readonly at: Session;
  readonly request: RenderedRequest;
  /** Whether it goes to the other's place, where the other's public pages are no leak. */
  readonly isAtOther: boolean;
}

/** What a place is called in the table. */
const WORDS: Readonly<Record<Place['kind'], string>> = {
  host: 'host',
  path: 'path',
  header: 'header',
  socket: 'socket',
  jwt: 'token',
};

/**
 * Lists what `from` tries on `to` with one request of the probe. Where a token names the tenant, nothing goes to the
 * other's place: only the other's own token leads there.
 */
export function crossingsOf(request: ProbeRequest, from: Session, to: Session): Crossing[] {
  const attempted = (what: string): Attempted => ({
    kind: 'requests',
    what: `${request.method} ${request.path} ${what}`,
    from: from.tenant,
    to: to.tenant,
  });
  const own = from.render(request);
  const word = WORDS[to.place.kind];
  const crossings: Crossing[] = [];
  const tryAt = (at: Session, what: string, sent: RenderedRequest) => {
    if (at !== to || to.place.kind !== 'jwt')
      crossings.push({ attempted: attempted(what), at, request: sent, isAtOther: at === to });
  };
  tryAt(to, `at its ${word} with one's own cookies and tokens`, own);
  if (from.usesIds(request)) {
    tryAt(to, 'there, and its ids', from.render(request, to));
    tryAt(from, `at one's own ${word} with its ids`, from.render(request, to));
  }
  tryAt(from, `at one's own ${word} in its name (X-Tenant-Id)`, forged(own, to));
  return crossings;
}

function forged(own: RenderedRequest, to: Session): RenderedRequest {
  return {
    ...own,
    headers: [...own.headers, ['X-Tenant-Id', to.tenant], ['X-Forwarded-Host', to.place.host]],
  };
}

export interface Answers {
  readonly crossing: WebAnswer;
  /** What the one gets at its own place. */
  readonly own: WebAnswer;
  /** What somebody without cookies and tokens gets at the other's place. */
  readonly anonymous: WebAnswer;
}

export function judgeCrossing(crossing: Crossing, from: Session, to: Session, answers: Answers): Finding {
  const { attempted, isAtOther, request } = crossing;
  const finding = (result: Finding['result'], detail: string): Finding => ({ ...attempted, result, detail });
  const { status } = answers.crossing;
  const theirs = shown(to.marks(from), answers.crossing, request);
  const isPublic = isAtOther && shown(to.marks(from), answers.anonymous, null).length > 0;
  if (isPublic) return finding('not_tried', `${to.tenant} shows it to everybody`);
  if (theirs.length > 0) return finding('leak', `answered ${status} with ${markText(theirs, to)} of ${to.tenant}`);
  if (!isAtOther) return finding('refused', `answered ${status} with nothing of ${to.tenant}`);
  const ones = shown([from.canary], answers.crossing, request);
  if (ones.length > 0) return finding('leak', `answered ${status} with the canary of ${from.tenant}`);
  if (isOk(answers.own) && isOk(answers.crossing) && !isOk(answers.anonymous))
    return finding('leak', `accepted (${status}), where without them it is refused (${answers.anonymous.status})`);
  return finding('refused', `answered ${status} with nothing of ${to.tenant}`);
}

/** Lists marks that an answer has and the request had not: an error page may repeat what was asked for. */
export function shown(marks: readonly string[], answer: WebAnswer, request: RenderedRequest | null): string[] {
  const text = [...answer.headers.map(([, value]) => value), answer.body].join('\n');
  const asked = request === null ? '' : textOf(request);
  return marks.filter((mark) => text.includes(mark) && !asked.includes(mark));
}

function markText(marks: readonly string[], { canary }: Session): string {
  return marks.includes(canary) ? 'the canary' : 'a cookie, token or id';
}

function isOk({ status }: WebAnswer): boolean {
  return status >= 200 && status < 300;
}
