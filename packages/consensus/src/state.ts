import type { OwnLog } from './log/log-view.ts';
import type { Grant } from './messages.ts';

/** What a node does at a time. All of it is plain data. */
export type Phase =
  | Idle
  | Granting
  | Granted
  | Adopting
  | Following
  | Asking
  | Campaigning
  | Leading;

/** It waits. */
interface Idle {
  readonly type: 'idle';
}

/** A node that has voted for a candidate, and has yet to store the vote and to bring its log to rest. */
interface Granting {
  readonly type: 'granting';
  readonly term: bigint;
  readonly candidate: string;
  readonly life: string;
}

/** A node whose vote is stored. It serves its log, which does not change, to the candidate. */
interface Granted {
  readonly type: 'granted';
  readonly term: bigint;
  readonly candidate: string;
  readonly life: string;
}

/** A node that has heard of a leader, and has yet to store the term and to bring its log to rest. */
interface Adopting {
  readonly type: 'adopting';
  readonly term: bigint;
  readonly leader: string;
  leaderCommit: bigint;
}

/** A node that takes entries from a leader. */
interface Following {
  readonly type: 'following';
  readonly term: bigint;
  readonly leader: string;
  leaderCommit: bigint;
  /** Whether the log ends with what it shares with this leader: nothing in it is of another's. */
  matched: boolean;
}

/** A node that asks whether it would be elected. */
interface Asking {
  readonly type: 'asking';
  readonly term: bigint;
  /** Who has answered, and how. */
  readonly answers: Record<string, boolean>;
}

/** A node that campaigns in a term. */
interface Campaigning {
  readonly type: 'campaigning';
  readonly term: bigint;
  /** Who was asked. */
  readonly asked: string[];
  /** Whether its own vote is stored and its log is at rest. */
  begun: boolean;
  readonly grants: Record<string, Grant>;
  /** Whose log is being copied. */
  copying: string | undefined;
  /** Whose logs could not be copied. */
  readonly failed: string[];
}

/** What a node has acknowledged to this leader. */
export interface Progress {
  readonly storeId: string;
  index: bigint;
  /** When it was last heard. */
  heard: number;
}

/** A change of the voters that a leader is carrying out. */
interface PendingChange {
  /** One at a time, each committed before the next. Empty: the last one has yet to be committed. */
  readonly steps: PendingStep[];
  /** When to give up. */
  readonly deadline: number;
  /** Whether a configuration was handed out to be appended, and is not in the log yet. */
  appending: boolean;
}

/** The store of a new voter is known once it has acknowledged something. */
export type PendingStep = { readonly add: string } | { readonly remove: string };

/** A leader that hands over to another node. */
interface PendingTransfer {
  readonly to: string;
  readonly deadline: number;
  /** Whether the target was told to campaign. */
  told: boolean;
}

/** A node that leads. */
interface Leading {
  readonly type: 'leading';
  readonly term: bigint;
  /** When it began, in ms: the others need time to answer. */
  readonly since: number;
  /** The index of the mark with which the term began; undefined until it is in the log. */
  mark: bigint | undefined;
  readonly progress: Record<string, Progress>;
  change: PendingChange | undefined;
  transfer: PendingTransfer | undefined;
}

/** The terms in which an outside choice lets this node lead. */
export interface TermRange {
  readonly first: bigint;
  readonly last: bigint;
}

/** When something is due, in ms; undefined: never. */
interface Deadlines {
  /** To campaign, or to give up a campaign. */
  election: number | undefined;
  heartbeat: number | undefined;
  /** When the leader counts as silent unless it is heard before. */
  silence: number | undefined;
}

/** Everything that a machine knows. It is plain data: it can be copied, compared and stored. */
export interface State {
  /** The highest term that this node has voted in. In effect at once. */
  votedTerm: bigint;
  /** The highest voted term that is on stable storage. */
  storedTerm: bigint;
  /** The highest term that others have named. */
  seenTerm: bigint;
  /** Whether the driver was asked to bring the log to rest, and has not answered yet. */
  resting: boolean;
  log: OwnLog;
  /** All entries up to this index are committed, as far as this node knows. */
  commit: bigint;
  phase: Phase;
  /** With elections that are decided outside: where this node may lead. */
  chosen: TermRange | undefined;
  /** When a leader was last heard; undefined: never, or it is silent, or its stream has broken since. */
  leaderHeard: number | undefined;
  deadlines: Deadlines;
}
