// What the demo and its member processes say to each other, over the IPC channel of `fork`.

/** How a member process is started: its one argument, as JSON. */
export interface MemberOptions {
  readonly name: string;
  /** Where to bind UDP; or undefined for a member that only has WebSocket. */
  readonly bind?: string;
  /** The members that run a gateway, for one without UDP. */
  readonly gateways?: readonly string[];
  /** Whether to run a gateway for such members. */
  readonly isGateway?: boolean;
  /** Where its durable log is, for those who have one. */
  readonly path?: string;
  /** The names of those who have. */
  readonly voters: readonly string[];
  readonly seeds: readonly string[];
  /** The cluster's secret key, 32 bytes in hexadecimal digits. */
  readonly key: string;
}

/** How a member stands now. VLSNs and terms are text, since JSON has no bigint. */
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

/** A member process reports. Members are named by their addresses. */
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
  | { type: 'notAppended'; code: string }
  | {
      type: 'rollback';
      matchpoint: string;
      first: string;
      last: string;
      transactions: number;
      archive: string;
      /** How many entries of it were read back from the archive. */
      archived: number;
      path: string;
    };

/** What a member process is told to do. */
export type Command =
  /** Somebody outside has decided who feeds. */
  | { type: 'choose'; leader: string; epoch: number }
  /** Appends this many transactions of five entries each, and waits for a majority. */
  | { type: 'append'; transactions: number; timeout: number }
  /** Pulls the network cable, or plugs it in again. */
  | { type: 'cut' }
  | { type: 'mend' }
  | { type: 'leave' };
