import { compare, heading, report } from './compare.mjs';
import { bareTcp, ourTcp } from './tcp.mjs';
import { bareUdp, ourUdp } from './udp.mjs';

async function versus(what, goal, ours, bare) {
  const a = await ours;
  const b = await bare;
  report(what, await compare(a.run, b.run), goal);
  await Promise.all([a.close(), b.close()]);
}

heading();
for (const size of [64, 1400]) {
  const count = 51_200;
  await versus(`UDP datagrams of ${size} B`, 0.8, ourUdp(size, count), bareUdp(size, count));
}
for (const [size, count, goal] of [
  [64, 1_000_000, 0.5],
  [1024, 500_000, 0.6],
  [65_536, 10_000, 0.8],
]) {
  await versus(`TCP frames of ${size} B`, goal, ourTcp(size, count), bareTcp(size, count));
}
