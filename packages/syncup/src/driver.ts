export type {
  Dialect,
  Feeder,
  FeederEvent,
  FeederOptions,
  ReplicaIntroduction,
  ReplicaStatus,
} from './driver/feeder/feeder-options.ts';
export { startFeeder } from './driver/feeder/start-feeder.ts';
export type {
  Lag,
  Replica,
  ReplicaEvent,
  ReplicaOptions,
  Rollback,
} from './driver/replica/replica-options.ts';
export { startReplica } from './driver/replica/start-replica.ts';
