import type { Emitter } from '@shoal/async';
import type { EntryKinds, LogStore } from '@shoal/syncup';
import type { NodeEvent, NodeRollback } from '../events.ts';
import type { LogMarks } from '../log/log-marks.ts';
import type { Members } from '../members/members.ts';
import type { PeerDialer } from '../members/peer-dialer.ts';
import type { ProvedNames } from '../members/proved-name.ts';
import type { PortableNodeOptions, ReplicationOptions } from '../options.ts';
import type { VoteRecord } from '../votes/vote-record.ts';
import type { Delivery } from './delivery.ts';

/** What the application does when the log changes. */
type LogCallbacks = Pick<PortableNodeOptions, 'onEntries' | 'onRollback' | 'onRestore'>;

/** What the parts of replication share. */
export interface ReplicationParts {
  readonly name: string;
  readonly label: string;
  readonly log: LogStore;
  readonly kinds: EntryKinds;
  readonly marks: LogMarks;
  readonly votes: VoteRecord;
  readonly members: Members;
  readonly dialer: PeerDialer;
  readonly names: ProvedNames;
  readonly callbacks: LogCallbacks;
  readonly delivery: Delivery;
  /** Tells the application, then everybody who listens, about a rollback. */
  readonly tellRollback: (rollback: NodeRollback) => void;
  readonly options: ReplicationOptions;
  readonly events: Emitter<NodeEvent>;
  readonly random: () => number;
}
