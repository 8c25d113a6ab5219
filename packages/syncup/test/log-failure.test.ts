import { describe, expect, it } from 'vitest';
import { startFeeder, startReplica } from '../src/driver.ts';
import { SyncupError } from '../src/errors.ts';
import { MemoryLog } from '../src/memory-log/memory-log.ts';
import { commits } from './log.test-helper.ts';
import { MemoryNetwork } from './memory-network.test-helper.ts';

describe('a log that fails', () => {
  it.each([
    ['storage', 'entries'],
    ['corrupt', 'entries'],
    ['storage', 'encoded entries'],
  ] as const)('with %s when it appends %s ends its replica', async (code, what) => {
    const network = new MemoryNetwork();
    const source = new MemoryLog();
    await source.append(commits(3));
    await using _feeder = startFeeder({ log: source, listener: network.listener });
    const log = new MemoryLog();
    let attempts = 0;
    const append = async (): Promise<never> => {
      attempts++;
      throw new SyncupError(code, 'the disk is full');
    };
    const encoded = { ...log.encoded!, append };
    Object.assign(log, what === 'entries' ? { append, encoded: undefined } : { encoded });
    await using replica = startReplica({ log, dial: network.dial, reconnect: { minDelay: 1 } });
    await expect(replica.finished).rejects.toMatchObject({ code, message: 'the disk is full' });
    expect(attempts).toBe(1);
    expect(log.range.last).toBe(0n);
  });
});
