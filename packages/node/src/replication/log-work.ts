import type { NodeError } from '../errors.ts';

/** What a node does with its log at a time: lead, follow, copy, or serve a candidate. */
export interface LogWork {
  /** Resolves once the log is at rest; `reason` is what waiting appends get. Never rejects. */
  stop(reason: NodeError): Promise<void>;
}
