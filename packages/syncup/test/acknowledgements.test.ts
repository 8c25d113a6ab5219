import { decodeShoalStream } from '@shoal/wire';
import { expect, it } from 'vitest';
import { startFeeder, startReplica } from '../src/driver.ts';
import type { EncodedAccess, NewEntry, VlsnRange } from '../src/log/log-store.ts';
import { MemoryLog } from '../src/memory-log/memory-log.ts';
import { commits } from './log.test-helper.ts';
import { MemoryNetwork } from './memory-network.test-helper.ts';

/** A log whose entries can be read at once, and are on stable storage when the test says so. */
class SlowLog extends MemoryLog {
  sync: () => void = () => {};
  readonly #synced = new Promise<void>((resolve) => {
    this.sync = resolve;
  });

  constructor() {
    super();
    const encoded = this.encoded!;
    const append: EncodedAccess['append'] = async (batches) => {
      const range = await encoded.append(batches);
      await this.#synced;
      return range;
    };
    Object.defineProperty(this, 'encoded', { value: { ...encoded, append } });
  }

  override async append(entries: readonly NewEntry[]): Promise<VlsnRange> {
    const range = await super.append(entries);
    await this.#synced;
    return range;
  }
}

it('only entries on stable storage are acknowledged, including by heartbeats', async () => {
  const network = new MemoryNetwork();
  const source = new MemoryLog();
  await source.append(commits(5));
  const acked: bigint[] = [];
  let enough = (): void => {};
  const beats = new Promise<void>((resolve) => {
    enough = resolve;
  });
  network.wire.onFrame = (frame) => {
    if (frame[0] === 19) {
      const message = decodeShoalStream(frame);
      if (message.type === 'ack' && acked.push(message.vlsn) === 5) enough();
    }
    return frame;
  };
  await using feeder = startFeeder({ log: source, listener: network.listener });
  const log = new SlowLog();
  await using _replica = startReplica({ log, dial: network.dial, heartbeatInterval: 5 });
  await beats;
  expect(log.range.last).toBe(5n);
  expect(acked.slice(0, 5)).toEqual([0n, 0n, 0n, 0n, 0n]);
  log.sync();
  await feeder.waitForAcks(5n, 1);
});
