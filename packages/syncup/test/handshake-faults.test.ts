import type { SyncupMessage } from '@shoal/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SyncupError } from '../src/errors.ts';
import { type FeederOutput, FeederSyncup } from '../src/handshake/feeder-syncup.ts';
import { ReplicaSyncup } from '../src/handshake/replica-syncup.ts';

describe('a peer that hangs or sends a wrong message at each step', () => {
  const range = { first: 1n, last: 9n, lastSync: 9n, lastTxnEnd: 9n, durable: 0n };
  const entry = { vlsn: 9n, lsn: 0n, fingerprint: 1n, isSync: true, isTxnEnd: true };
  const steps: [string, () => ReplicaSyncup, RegExp][] = [
    [
      'the answer to a request',
      () => {
        const replica = new ReplicaSyncup({ range, chained: true, now: 100 });
        replica.lookedUp([entry], 100);
        return replica;
      },
      /an answer to the request for VLSN 9/,
    ],
    [
      'VLSN 1',
      () => {
        const empty = { first: 0n, last: 0n, lastSync: 0n, lastTxnEnd: 0n, durable: 0n };
        return new ReplicaSyncup({ range: empty, chained: true, now: 100 });
      },
      /the entry at VLSN 1 or entryNotFound/,
    ],
    [
      'restoreResponse',
      () => {
        const replica = new ReplicaSyncup({ range, chained: true, now: 100 });
        replica.lookedUp([entry], 100);
        replica.receive({ type: 'entryNotFound' }, 100);
        return replica;
      },
      /restoreResponse/,
    ],
  ];

  it.each(steps)('the replica waits for %s', (_, make, expected) => {
    const last = (machine: ReplicaSyncup): unknown => {
      let output: unknown;
      for (let next = machine.poll(); next; next = machine.poll()) output = next;
      return output;
    };
    const hung = make();
    last(hung);
    expect(hung.deadline).toBe(30_100);
    hung.tick(30_099);
    expect(hung.poll()).toBeUndefined();
    hung.tick(30_100);
    expect(last(hung)).toMatchObject({ type: 'failed', error: { code: 'timeout' } });
    expect(hung.deadline).toBe(Number.POSITIVE_INFINITY);

    const confused = make();
    confused.receive({ type: 'startStream', startVlsn: 4n }, 100);
    const failed = last(confused) as { error: SyncupError };
    expect(failed.error).toMatchObject({ code: 'protocol' });
    expect(failed.error.message).toMatch(expected);
    expect(failed.error.message).toMatch('startStream');
  });

  it('the feeder waits for a request, but not while its own log answers', () => {
    const feeder = new FeederSyncup({ now: 0, stepTimeout: 50 });
    expect(feeder.deadline).toBe(50);
    feeder.receive({ type: 'entryRequest', vlsn: 4n }, 20);
    expect(feeder.deadline).toBe(Number.POSITIVE_INFINITY);
    expect(feeder.poll()?.type).toBe('lookup');
    feeder.lookedUp({ entry: undefined, alternate: undefined }, 90);
    expect(feeder.deadline).toBe(140);
    expect(feeder.poll()?.type).toBe('send');
    feeder.tick(140);
    expect(feeder.poll()).toMatchObject({ type: 'failed', error: { code: 'timeout' } });
  });

  it('the feeder refuses answers, VLSNs below 1, too many requests, and messages after the end', () => {
    const after = (...messages: SyncupMessage[]): FeederOutput => {
      const feeder = new FeederSyncup({ now: 0, maxPending: 8 });
      for (const message of messages) feeder.receive(message, 0);
      let output: FeederOutput | undefined;
      for (let next = feeder.poll(); next; next = feeder.poll()) {
        output = next;
        if (next.type === 'lookup') feeder.lookedUp({ entry: undefined, alternate: undefined }, 0);
      }
      return output!;
    };
    const refused = { type: 'failed', error: { code: 'protocol' } };
    expect(after({ type: 'entryNotFound' })).toMatchObject(refused);
    expect(after({ type: 'entryRequest', vlsn: 0n })).toMatchObject(refused);
    expect(after({ type: 'entryRequest', vlsn: -(2n ** 63n) })).toMatchObject(refused);
    expect(after({ type: 'startStream', startVlsn: -1n })).toMatchObject(refused);
    const request: SyncupMessage = { type: 'entryRequest', vlsn: 2n ** 63n - 1n };
    expect(after(request)).toMatchObject({ type: 'send', message: { type: 'entryNotFound' } });
    expect(after(...Array<SyncupMessage>(9).fill(request)).type).toBe('send');
    expect(after(...Array<SyncupMessage>(10).fill(request))).toMatchObject(refused);
    const start: SyncupMessage = { type: 'startStream', startVlsn: 3n };
    expect(after(request, start, request)).toMatchObject(refused);
    expect(after(request, start)).toMatchObject({ type: 'done' });
  });

  it('no sequence of messages makes either machine throw', () => {
    const vlsn = fc.oneof(fc.bigInt(-3n, 12n), fc.constant(2n ** 63n - 1n));
    const body = {
      vlsn,
      lsn: fc.bigInt(0n, 9n),
      fingerprint: fc.bigInt(0n, 3n),
      isSync: fc.boolean(),
    };
    const message: fc.Arbitrary<SyncupMessage> = fc.oneof(
      fc.record({ type: fc.constant('entry' as const), ...body }),
      fc.record({ type: fc.constant('alternateMatchpoint' as const), ...body }),
      fc.constant({ type: 'entryNotFound' as const }),
      fc.record({ type: fc.constant('entryRequest' as const), vlsn }),
      fc.record({ type: fc.constant('startStream' as const), startVlsn: vlsn }),
      fc.constant({ type: 'restoreResponse' as const }),
      fc.record({ type: fc.constant('restoreRequest' as const), failedVlsn: vlsn }),
    );
    fc.assert(
      fc.property(fc.array(message, { maxLength: 20 }), fc.constantFrom(1, 4), (sent, flight) => {
        const replica = new ReplicaSyncup({ range, chained: false, now: 0, flight });
        const feeder = new FeederSyncup({ now: 0 });
        const drain = (): void => {
          for (let next = replica.poll(); next; next = replica.poll()) {
            if (next.type === 'lookup') {
              replica.lookedUp(
                next.at.map((at) => (at < 1n ? undefined : { ...entry, vlsn: at < 9n ? at : 9n })),
                0,
              );
            } else if (next.type === 'passed') {
              replica.passed({ count: 0, durable: 0, vlsns: [] }, 0);
            } else if (next.type === 'plan') replica.proceed();
            else if (next.type === 'failed') expect(next.error).toBeInstanceOf(SyncupError);
          }
          for (let next = feeder.poll(); next; next = feeder.poll()) {
            if (next.type === 'lookup') feeder.lookedUp({ entry, alternate: undefined }, 0);
          }
        };
        drain();
        for (const one of sent) {
          replica.receive(one, 0);
          feeder.receive(one, 0);
          drain();
        }
      }),
      { numRuns: 1000 },
    );
  });
});
