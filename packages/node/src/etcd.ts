export type { EtcdOptions } from './leadership/etcd/etcd-client.ts';
export { type EtcdLeaderOptions, etcdLeader } from './leadership/etcd/etcd-leader.ts';
