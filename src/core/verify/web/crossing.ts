/** Requests of one tenant that must not be answered with anything of another's, and what their answers show. Pure. */
import type { Attempted, Finding } from '../finding.ts';
import type { WebAnswer } from './capture.ts';
import { type ProbeRequest, textOf } from './probe-file.ts';
import type { RenderedRequest, Session } from './session.ts';

export interface Crossing {
  readonly attempted: Attempted;
  /** Whose host it goes to. */
  readonly at: Session;
  readonly request: RenderedRequest;
  /** Whether it goes to the other's host, where the other's public pages are no leak. */
  readonly isAtOther: boolean;
}

/** Lists what `from` tries on `to` with one request of the probe. */
export function crossingsOf(request: ProbeRequest, from: Session, to: Session): Crossing[] {
  const attempted = (what: string): Attempted => ({
    kind: 'requests',
    what: `${request.method} ${request.path} ${what}`,
    from: from.tenant,
    to: to.tenant,
  });
  const own = from.render(request);
  const names = forged(own, to);
  return [
    { attempted: attempted("at its host with one's own cookies and tokens"), at: to, request: own, isAtOther: true },
    ...(from.usesIds(request)
      ? [
          { attempted: attempted('there, and its ids'), at: to, request: from.render(request, to), isAtOther: true },
          {
            attempted: attempted("at one's own host with its ids"),
            at: from,
            request: from.render(request, to),
            isAtOther: false,
          },
        ]
      : []),
    { attempted: attempted("at one's own host in its name (X-Tenant-Id)"), at: from, request: names, isAtOther: false },
  ];
}

function forged(own: RenderedRequest, to: Session): RenderedRequest {
  return {
    ...own,
    headers: [...own.headers, ['X-Tenant-Id', to.tenant], ['X-Forwarded-Host', to.host]],
  };
}

export interface Answers {
  readonly crossing: WebAnswer;
  /** What the one gets at its own host. */
  readonly own: WebAnswer;
  /** What somebody without cookies and tokens gets at the other's host. */
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
