// The messages between the demo and its member processes, over the IPC channel of `fork`.

/** The one argument of a member process, as JSON. */
export interface MemberOptions {
  readonly name: string;
  /** The address to bind UDP to; undefined for a member that has only WebSocket. */
  readonly bind?: string;
  /** The addresses of gateways, for a member without UDP. */
  readonly gateways?: readonly string[];
  /** Whether to run a gateway for members without UDP. */
  readonly isGateway?: boolean;
  /** The path of its durable log, if it has one. */
  readonly path?: string;
  /** The names of the members that have a log. */
  readonly voters: readonly string[];
  readonly seeds: readonly string[];
  /** The cluster's secret key, 32 bytes in hexadecimal digits. */
  readonly key: string;
}

/** The present state of a member. VLSNs and terms are text, since JSON has no bigint. */
export interface State {
  readonly type: 'state';
  readonly role: string;
  /** `epoch.round`; empty while it neither leads nor follows. */
  readonly term: string;
  readonly leader: string;
  readonly members: readonly string[];
  /** The last VLSN and its chained fingerprint, which stands for the whole log. */
  readonly last: string;
  readonly digest: string;
}

/** What a member process reports. Addresses identify members. */
export type Report =
  | State
  | { type: 'ready'; address: string; gateway?: string }
  | { type: 'up'; address: string }
  | { type: 'suspected'; address: string }
  | { type: 'refuted'; address: string }
  | { type: 'down'; address: string; reason: string }
  | { type: 'role'; role: string; term: string; leader: string }
  | { type: 'steppedDown'; term: string; reason: string }
  | { type: 'appended'; last: string; term: string }
  | { type: 'notAppended'; code: string; reason: string }
  | { type: 'transferred' }
  | { type: 'votersChanged' }
  | {
      type: 'rollback';
      matchpoint: string;
      first: string;
      last: string;
      transactions: number;
      archive: string;
      /** How many entries were read back from the archive. */
      archived: number;
      path: string;
    };

/** What a member process is told to do. */
export type Command =
  /** Appends this many transactions of five entries each, and waits for a majority. */
  | { type: 'append'; transactions: number }
  /** Pulls the network cable, and appends this many transactions right then. */
  | { type: 'cut'; transactions: number }
  /** Plugs the network cable in again. */
  | { type: 'mend' }
  /** Hands the leadership over. */
  | { type: 'transfer'; to: string }
  /** Makes a voter that has lost its log one with the log that it has now. */
  | { type: 'replace'; voter: string }
  | { type: 'leave' };
