import type { GoBytes } from '../messages/message.ts';

// A Lamport time is a u64. Names, tags and texts are UTF-8.

/** `node` intends to leave the cluster. */
export interface SerfLeave {
  readonly type: 'leave';
  readonly lTime: bigint;
  readonly node: string;
  /** Whether the others are to forget it at once. */
  readonly prune: boolean;
}

/** `node` has joined the cluster. */
export interface SerfJoin {
  readonly type: 'join';
  readonly lTime: bigint;
  readonly node: string;
}

/** An event among those that a member still remembers. */
export interface SerfPastEvent {
  readonly name: string;
  readonly payload: GoBytes;
}

/** The events of one Lamport time. */
export interface SerfPastEvents {
  readonly events: readonly SerfPastEvent[] | undefined;
  readonly lTime: bigint;
}

/** The user state of a push/pull. */
export interface SerfPushPull {
  readonly type: 'pushPull';
  readonly eventLTime: bigint;
  /** The ring of recent events: by default 512 slots, each undefined if it is empty. */
  readonly events: readonly (SerfPastEvents | undefined)[] | undefined;
  readonly lTime: bigint;
  /** The names of the members that have left. */
  readonly leftMembers: readonly string[] | undefined;
  readonly queryLTime: bigint;
  /** When the status of each member last changed. Go writes it in random order. */
  readonly statusLTimes: ReadonlyMap<string, bigint> | undefined;
}

/** An event that a user of the cluster has sent. */
export interface SerfUserEvent {
  readonly type: 'userEvent';
  /** Whether receivers may replace earlier events of the same name by this one. */
  readonly coalesce: boolean;
  readonly lTime: bigint;
  readonly name: string;
  readonly payload: GoBytes;
}

/** A question to members of the cluster. */
export interface SerfQuery {
  readonly type: 'query';
  /** Where to answer: 4 or 16 bytes. */
  readonly address: GoBytes;
  /** Who is asked: each as `encodeSerfFilter` returns it. All of them must match. */
  readonly filters: readonly GoBytes[] | undefined;
  /** A u32. 1: send an `ack`; 2: do not pass the query on. */
  readonly flags: number;
  /** A u32. */
  readonly id: number;
  readonly lTime: bigint;
  readonly name: string;
  readonly payload: GoBytes;
  /** Where to answer, 0..65535. */
  readonly port: number;
  /** How many other members are to relay each answer, 0..255. */
  readonly relayFactor: number;
  /** The name of the member that asks. */
  readonly sourceNode: string;
  /** How long it waits for answers, in nanoseconds. An i64. */
  readonly timeout: bigint;
}

/** An answer to a query. */
export interface SerfQueryResponse {
  readonly type: 'queryResponse';
  /** A u32. 1: it only acknowledges the query; 0: it answers it. */
  readonly flags: number;
  /** The name of the member that answers. */
  readonly from: string;
  /** That of the query, a u32. */
  readonly id: number;
  /** That of the query. */
  readonly lTime: bigint;
  readonly payload: GoBytes;
}

/** A member as it is known to the one that tells of it. Versions are 0..255. */
export interface SerfMember {
  /** 4 or 16 bytes. */
  readonly address: GoBytes;
  readonly delegateCurrent: number;
  readonly delegateMax: number;
  readonly delegateMin: number;
  readonly name: string;
  /** 0..65535. */
  readonly port: number;
  readonly protocolCurrent: number;
  readonly protocolMax: number;
  readonly protocolMin: number;
  /** 0 none, 1 alive, 2 leaving, 3 left, 4 failed. */
  readonly status: number;
  readonly tags: ReadonlyMap<string, string> | undefined;
}

/** The payload of an answer to the query `_serf_conflict`: who has the name. */
export interface SerfConflictResponse {
  readonly type: 'conflictResponse';
  /** Undefined if nobody is known to have it. */
  readonly member: SerfMember | undefined;
}

/** The payload of a query about keys. */
export interface SerfKeyRequest {
  readonly type: 'keyRequest';
  readonly key: GoBytes;
}

/** The payload of an answer to a query about keys. Keys are in Base64. */
export interface SerfKeyResponse {
  readonly type: 'keyResponse';
  readonly keys: readonly string[] | undefined;
  /** Why it failed, for people. */
  readonly message: string;
  readonly primaryKey: string;
  /** Whether it succeeded. */
  readonly result: boolean;
}

/** A message that the receiver is to pass on to another member. */
export interface SerfRelay {
  readonly type: 'relay';
  readonly address: {
    /** 4 or 16 bytes. */
    readonly ip: GoBytes;
    readonly port: number;
    /** Of an IPv6 address. */
    readonly zone: string;
  };
  /** The name of the member. */
  readonly node: string;
  /** The message to pass on, as it is. A decoded one is a view. */
  readonly message: Uint8Array;
}

/** What Serf sends in the user messages of memberlist, and in its user state. */
export type SerfMessage =
  | SerfLeave
  | SerfJoin
  | SerfPushPull
  | SerfUserEvent
  | SerfQuery
  | SerfQueryResponse
  | SerfConflictResponse
  | SerfKeyRequest
  | SerfKeyResponse
  | SerfRelay;
