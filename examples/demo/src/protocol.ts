// What the demo and its member processes say to each other, over the IPC channel of `fork`.

/** A member process reports. Members are named by their addresses. */
export type Report =
  | { type: 'ready'; address: string }
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
