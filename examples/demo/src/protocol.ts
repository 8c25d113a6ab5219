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
  readonly seeds: readonly string[];
  /** The cluster's secret key, 32 bytes in hexadecimal digits. */
  readonly key: string;
}

/** A member process reports. Members are named by their addresses. */
export type Report =
  | { type: 'ready'; address: string; gateway?: string }
  | { type: 'members'; addresses: string[] }
  | { type: 'up'; address: string }
  | { type: 'suspected'; address: string }
  | { type: 'refuted'; address: string }
  | { type: 'down'; address: string; reason: string }
  | { type: 'log'; entries: string; digest: string }
  | { type: 'streaming'; startVlsn: string; feeder: string }
  | {
      type: 'rollback';
      matchpoint: string;
      first: string;
      last: string;
      transactions: number;
      archive: string;
    };

/** What a member process is told to do. */
export type Command =
  | { type: 'feed'; entries: number; diverged: number }
  | { type: 'replicate'; entries: number; diverged: number }
  | { type: 'digest'; vlsn: string }
  | { type: 'leave' };

/** What a feeder tells of itself by its metadata. */
export interface Metadata {
  readonly role: 'feeder';
  readonly log: string;
}
