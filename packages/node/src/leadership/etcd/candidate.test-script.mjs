// A candidate in a process of its own, for etcd-leader.test.ts: reports each choice.
import { etcdLeader } from '../../../dist/etcd.js';

const [url, key, name, ttl] = process.argv.slice(2);
const stop = new AbortController();
const leadership = etcdLeader({ endpoints: [url], key, ttl: Number(ttl) });
process.on('disconnect', () => process.exit());
for await (const choice of leadership.choices({ name, canLead: true, signal: stop.signal })) {
  process.send({ leader: choice?.leader, epoch: choice?.epoch.toString() });
}
