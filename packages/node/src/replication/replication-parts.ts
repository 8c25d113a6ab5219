import type { Emitter } from '@shoal/async';
import type { EntryKinds, LogStore } from '@shoal/syncup';
import type { NodeEvent } from '../events.ts';
import type { Members } from '../members/members.ts';
import type { PeerDialer } from '../members/peer-dialer.ts';
import type { ProvedNames } from '../members/proved-name.ts';
import type { PortableNodeOptions, ReplicationOptions } from '../options.ts';
import type { VoteRecord } from '../votes/vote-record.ts';
import type { TermMarks } from './term-marks.ts';

/** What the application does when the log changes. */
type LogCallbacks = Pick<PortableNodeOptions, 'onEntries' | 'onRollback' | 'onRestore'>;

/** The default of `stepTimeout` for requests for a vote, in ms. */
export const DEFAULT_STEP_TIMEOUT = 30_000;

/** What the parts of replication share. */
export interface ReplicationParts {
  readonly name: string;
  readonly label: string;
  /** The names of all voters. */
  readonly voters: readonly string[];
  readonly log: LogStore;
  readonly kinds: EntryKinds;
  readonly marks: TermMarks;
  readonly votes: VoteRecord;
  readonly members: Members;
  readonly dialer: PeerDialer;
  readonly names: ProvedNames;
  readonly callbacks: LogCallbacks;
  readonly options: ReplicationOptions;
  readonly events: Emitter<NodeEvent>;
  readonly random: () => number;
}
