/**
 * What went wrong. A {@link ConsensusError} is thrown at the local caller, and the state is
 * unchanged:
 *
 * - `argument`: an option or an argument is outside its range.
 * - `not-leader`: this node does not lead, or has not marked its term yet.
 * - `busy`: another change of the voters, or a transfer, is under way.
 * - `log`: the log contradicts what this node was told of it before.
 */
export type ConsensusErrorCode = 'argument' | 'not-leader' | 'busy' | 'log';

/** The error of this package. */
export class ConsensusError extends Error {
  override readonly name = 'ConsensusError';
  readonly code: ConsensusErrorCode;

  constructor(code: ConsensusErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
