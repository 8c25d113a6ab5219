import { compare, heading, report } from './compare.mjs';
import { bareWs, ourWs } from './websocket.mjs';

heading();
for (const [size, count] of [
  [64, 300_000],
  [1024, 150_000],
  [65_536, 5_000],
]) {
  const ours = await ourWs(size, count);
  const bare = await bareWs(size, count);
  report(`WebSocket frames of ${size} B`, size, await compare(ours.run, bare.run), 0.8);
  await Promise.all([ours.close(), bare.close()]);
}
