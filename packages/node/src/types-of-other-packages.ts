// The types of other packages in this API. Users who export a value of such a type need a name for
// it, and under pnpm they can import nothing but this package.
export type { EventStream } from '@shoal/async';
export type { ElectionTiming } from '@shoal/consensus';
export type { SwimConfig } from '@shoal/membership';
export type {
  DriverEvent,
  DriverStats,
  JoinRetry,
  Membership,
  Seeds,
} from '@shoal/membership/driver';
export type {
  Archive,
  EntryKinds,
  LogEntry,
  LogNotes,
  LogStore,
  NewEntry,
  Retention,
  RollbackPolicy,
  StoredEntry,
  VlsnRange,
} from '@shoal/syncup';
export type { Lag, ReplicaStatus } from '@shoal/syncup/driver';
export type { DatagramTransport, Listener, StreamTransport } from '@shoal/transport';
export type { Member, NodeIdentity } from '@shoal/wire';
