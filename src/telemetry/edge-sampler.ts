/** Decides which requests are recorded. */
import type { Context } from '@opentelemetry/api';
import {
  ParentBasedSampler,
  type Sampler,
  type SamplingResult,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';

/**
 * A trusted proxy in front has decided already. Anyone else may name a trace, which goes on, but cannot make this server
 * record more than its share.
 */
export class EdgeSampler implements Sampler {
  private readonly behindProxy: Sampler;
  private readonly atEdge: Sampler;
  private readonly trustedKey: symbol;

  /** @param trustedKey set in the context of a request from a trusted proxy */
  constructor(share: number, trustedKey: symbol) {
    const root = new TraceIdRatioBasedSampler(share);
    this.behindProxy = new ParentBasedSampler({ root });
    this.atEdge = new ParentBasedSampler({ root, remoteParentSampled: root });
    this.trustedKey = trustedKey;
  }

  shouldSample(context: Context, ...request: DropFirst<Parameters<Sampler['shouldSample']>>): SamplingResult {
    const sampler = context.getValue(this.trustedKey) === true ? this.behindProxy : this.atEdge;
    return sampler.shouldSample(context, ...request);
  }

  toString(): string {
    return `EdgeSampler{${this.atEdge.toString()}}`;
  }
}

type DropFirst<List extends unknown[]> = List extends [unknown, ...infer Rest] ? Rest : never;
