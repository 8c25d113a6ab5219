import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { startFeeder, startReplica } from '../src/driver.ts';
import { MemoryLog } from '../src/memory-log/memory-log.ts';
import { fast } from './driver.test-helper.ts';
import { commits, data } from './log.test-helper.ts';
import { MemoryNetwork } from './memory-network.test-helper.ts';

describe('a campaign of cuts, damage and new leaders', () => {
  it('never loses a durable commit, nor stops a replica for good', async () => {
    let cuts = 0;
    let changes = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 31 - 1 }), async (seed) => {
        let state = seed;
        const random = (): number => {
          state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
          return state / 2 ** 32;
        };
        // Three nodes; one leads at a time. What two hold is durable, and only a node that holds
        // all of that may lead next.
        const nodes = [new MemoryLog(), new MemoryLog(), new MemoryLog()];
        const durable: string[] = [];
        let counter = 0;
        for (let term = 1n; term <= 7n; term++) {
          const holds = (log: MemoryLog): boolean =>
            durable.every((hash, i) => String(log.entry(BigInt(i + 1))?.fingerprint) === hash);
          const able = nodes.filter(holds);
          expect(able.length).toBeGreaterThanOrEqual(2);
          const leader = able[Math.floor(random() * able.length)]!;
          const network = new MemoryNetwork();
          network.wire.onFrame = (frame, from) => {
            if (random() > 0.02) return frame;
            cuts++;
            // What a network may do to a byte of a handshake, TCP or TLS must notice. Entries are
            // announced with opcode 26; their own frame begins with a type of 0 or 1.
            const entries = from === 'listener' && (frame[0] === 26 || frame[0]! <= 1);
            if (!entries || random() < 0.5) throw new Error('cut');
            const copy = frame.slice();
            copy[Math.floor(random() * copy.length)]! ^= 1 << Math.floor(random() * 8);
            return copy;
          };
          const feeder = startFeeder({
            log: leader,
            listener: network.listener,
            term,
            ...fast,
            stepTimeout: 100,
            idleTimeout: 100,
          });
          const replicas = nodes
            .filter((log) => log !== leader && random() < 0.8)
            .map((log) =>
              startReplica({
                log,
                dial: network.dial,
                name: `node-${nodes.indexOf(log)}`,
                term,
                random,
                ...fast,
                stepTimeout: 100,
                idleTimeout: 100,
              }),
            );
          for (let round = 0; round < 3 && replicas.length > 0; round++) {
            const batch = commits(1 + Math.floor(random() * 30), `t${term}-${counter++}-`);
            await leader.append([...batch, data('open')]);
            const { last } = leader.range;
            // Whatever would end a replica for good fails the campaign.
            await Promise.race([
              feeder.waitForAcks(last, 1),
              ...replicas.map(async (replica) => {
                await replica.finished;
                throw new Error('a replica has ended');
              }),
            ]);
            durable.length = Number(last);
            for (const log of nodes) {
              if (log.entry(last)?.fingerprint === leader.entry(last)!.fingerprint) {
                log.noteDurable(last);
              }
            }
            for (let vlsn = 1; vlsn <= durable.length; vlsn++) {
              durable[vlsn - 1] ??= String(leader.entry(BigInt(vlsn))!.fingerprint);
            }
          }
          // A leader that goes on alone for a while: its tail will have to go.
          await feeder.close();
          for (const replica of replicas) await replica.close();
          await leader.append(commits(Math.floor(random() * 40), `alone${term}-`));
          changes++;
        }
      }),
      { numRuns: 8 },
    );
    expect(cuts).toBeGreaterThan(10);
    expect(changes).toBe(56);
  });
});
