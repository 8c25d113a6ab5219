export { startFeeder } from './driver/feeder.ts';
export type {
  Feeder,
  FeederEvents,
  FeederOptions,
  ReplicaStatus,
} from './driver/feeder-options.ts';
export { startReplica } from './driver/replica.ts';
export type {
  Lag,
  Replica,
  ReplicaEvents,
  ReplicaOptions,
  Rollback,
} from './driver/replica-options.ts';
