import { ConsensusError } from '@shoal/consensus';
import type { NewEntry } from '@shoal/syncup';
import type { Lag, ReplicaStatus } from '@shoal/syncup/driver';
import { NodeError } from '../errors.ts';
import type { LeaderChoice } from '../leadership/leadership.ts';
import { namesOf } from '../log/mark-entry.ts';
import { MAX_VOTERS } from '../messages/fields.ts';
import type {
  AppendOptions,
  AppendResult,
  ChangeVotersOptions,
  TransferOptions,
  VoterChange,
} from '../options.ts';
import { acceptAll, type LogListeners } from '../services.ts';
import { ConsensusDriver, type ConsensusDriverOptions } from './consensus-driver.ts';
import type { RoleState } from './published-role.ts';
import type { ReplicationParts } from './replication-parts.ts';

/** What a node does for its users with the replicated log. */
export class Replication {
  readonly #parts: ReplicationParts;
  readonly #options: ConsensusDriverOptions;
  readonly #driver: ConsensusDriver;

  constructor(parts: ReplicationParts, options: ConsensusDriverOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#driver = new ConsensusDriver(parts, options);
  }

  /** What this node does, with its term and leader. */
  get state(): RoleState {
    return this.#driver.role.state;
  }

  /** The highest term in which this node has voted. */
  get votedTerm(): bigint {
    return this.#driver.core.votedTerm;
  }

  /** Everything up to this VLSN is committed, as far as this node knows. */
  get committed(): bigint {
    return this.#driver.core.commit;
  }

  /** Who votes, by the log of this node. */
  get voters(): readonly string[] {
    return namesOf(this.#driver.core.configuration);
  }

  /** The nodes that follow this one. */
  followers(): ReplicaStatus[] {
    return this.#driver.duties.leader?.followers() ?? [];
  }

  /** How many entries wait for acknowledgements. */
  get pending(): number {
    return this.#driver.duties.leader?.pending ?? 0;
  }

  /** How far this node is behind its leader; undefined if it has no stream from one. */
  get lag(): Lag | undefined {
    return this.state.leader === undefined ? undefined : this.#driver.duties.follower?.lag;
  }

  /** How long ago the leader was heard last, in ms; undefined: never, or this node leads. */
  get leaderSilentFor(): number | undefined {
    if (this.state.role === 'leader' || this.#driver.leaderHeardAt === undefined) return undefined;
    return performance.now() - this.#driver.leaderHeardAt;
  }

  /** See `ShoalNode.append`. */
  async append(entries: readonly NewEntry[], options: AppendOptions): Promise<AppendResult> {
    this.#driver.signal.throwIfAborted();
    const { leader } = this.#driver.duties;
    const mayAppend = this.#driver.core.acceptsProposals && this.#driver.isWanted;
    if (leader === undefined || !mayAppend) throw this.#notLeader();
    return leader.append(entries, options);
  }

  /** See `ShoalNode.changeVoters`. */
  async changeVoters(
    change: VoterChange,
    { timeout = 30_000, signal }: ChangeVotersOptions,
  ): Promise<void> {
    signal?.throwIfAborted();
    const added = change.add?.filter((name) => !change.remove?.includes(name)) ?? [];
    if (this.voters.length + added.length > MAX_VOTERS) {
      throw new NodeError('argument', `at most ${MAX_VOTERS} nodes can vote at a time`);
    }
    this.#ask((now) => this.#driver.core.changeVoters({ ...change, timeout }, now));
    await this.#driver.requests.votersChanged.wait({ signal });
  }

  /** See `ShoalNode.transferLeadership`. */
  async transferLeadership(
    to: string | undefined,
    { timeout = 5000, signal }: TransferOptions,
  ): Promise<void> {
    signal?.throwIfAborted();
    if (this.#options.elections !== 'self') {
      throw new NodeError(
        'argument',
        'the leadership decides who leads: choose another node there',
      );
    }
    if (this.#driver.duties.leader === undefined) throw this.#notLeader();
    const target = to ?? this.#furthestVoter();
    if (target === undefined) throw new NodeError('argument', 'no other voter is a member');
    this.#ask((now) => this.#driver.core.transferLeadership({ to: target, timeout }, now));
    await this.#driver.requests.transferred.wait({ signal });
  }

  /** Hands over to another voter, if this node leads and there is one. Never rejects. */
  async handOver(timeout: number): Promise<void> {
    if (this.#driver.duties.leader === undefined) return;
    await this.transferLeadership(undefined, { timeout }).catch(() => undefined);
  }

  /** Takes note of which node is to lead. */
  choose(choice: LeaderChoice | undefined): void {
    this.#driver.choice.latest = choice;
    this.#driver.applyChoice();
  }

  /** Serves the connections to this node's log, and those that carry messages. */
  serve(listeners: LogListeners): void {
    const { duties, links } = this.#driver;
    void acceptAll(listeners.log, (connection) => duties.serveLog(connection));
    void acceptAll(listeners.consensus, (connection) => void links.serve(connection));
    void acceptAll(listeners.source, (connection) => duties.serveSource(connection));
  }

  /** Begins to take part. */
  start(): void {
    this.#driver.start();
  }

  /** Ends everything. Never rejects. */
  close(reason: NodeError): Promise<void> {
    return this.#driver.close(reason);
  }

  /** Asks the machine for something. Throws `argument`, `not-leader` or `busy`. */
  #ask(input: (now: number) => void): void {
    this.#driver.signal.throwIfAborted();
    try {
      input(performance.now());
    } catch (cause) {
      if (!(cause instanceof ConsensusError)) throw cause;
      if (cause.code === 'not-leader') throw this.#notLeader();
      throw new NodeError(cause.code === 'busy' ? 'busy' : 'argument', cause.message, { cause });
    } finally {
      this.#driver.drain();
    }
  }

  /** The other voter that holds most of the log; if none follows yet, one that is a member. */
  #furthestVoter(): string | undefined {
    const { name, members } = this.#parts;
    const voters = this.voters.filter((one) => one !== name);
    const followers = this.followers().filter((one) => voters.includes(one.name));
    followers.sort((a, b) => (a.acked < b.acked ? 1 : -1));
    return followers[0]?.name ?? voters.find((one) => members.peers.named(one) !== undefined);
  }

  #notLeader(): NodeError {
    const { name } = this.#parts;
    const known = this.#driver.core.leader;
    const isHandingOver = known === name && this.#driver.isWanted;
    const remedy = known === undefined ? 'no leader is known' : `append at the leader, ${known}`;
    const text = isHandingOver ? `${name} is handing over` : `${name} is not the leader: ${remedy}`;
    return new NodeError('not-leader', text);
  }
}
