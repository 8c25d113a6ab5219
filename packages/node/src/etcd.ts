export type { EtcdOptions } from './etcd/client.ts';
export { type EtcdLeaderOptions, etcdLeader } from './etcd/election.ts';
