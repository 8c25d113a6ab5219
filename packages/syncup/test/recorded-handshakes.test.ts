import { readFileSync } from 'node:fs';
import { decodeSyncup, encodeSyncup } from '@shoal/wire';
import { describe, expect, it } from 'vitest';
import { type FeederOutput, FeederSyncup } from '../src/handshake/feeder-syncup.ts';
import { ReplicaSyncup } from '../src/handshake/replica-syncup.ts';

describe('the recorded handshakes of noxu-rep', () => {
  interface Recorded {
    readonly name: string;
    readonly kind: string;
    readonly value: { messages: { from: string; hex: string }[]; replicaOutcome: string };
  }
  const url = new URL('../../wire/vectors/noxu-syncup.json', import.meta.url);
  const { vectors } = JSON.parse(readFileSync(url, 'utf8')) as { vectors: Recorded[] };
  const recorded = vectors.filter((vector) => vector.kind === 'handshake');

  it.each(recorded)('$name: the feeder answers byte for byte', ({ name, value }) => {
    const feeder = new FeederSyncup({ now: 0 });
    const messages = value.messages.map(({ from, hex }) => ({
      from,
      message: decodeSyncup(Buffer.from(hex, 'hex')),
      hex,
    }));
    // What the recorded feeder held is what its answers say.
    for (const [i, { from, message, hex }] of messages.entries()) {
      if (from === 'replica') {
        feeder.receive(message, 0);
        continue;
      }
      const output = feeder.poll() as FeederOutput;
      if (output.type === 'lookup') {
        expect(output.alternate).toBe(i === 1);
        const found = { ...message, isTxnEnd: true } as never;
        feeder.lookedUp(
          {
            entry: message.type === 'entry' ? found : undefined,
            alternate: message.type === 'alternateMatchpoint' ? found : undefined,
          },
          0,
        );
      }
      const sent = output.type === 'send' ? output : (feeder.poll() as FeederOutput);
      if (sent.type !== 'send') throw new Error(sent.type);
      expect(Buffer.from(encodeSyncup(sent.message)).toString('hex')).toBe(hex);
    }
    // The replica of noxu-rep forgets StartStream when its log is empty.
    const outcome = feeder.poll()?.type;
    expect(outcome).toBe(name === 'empty replica' ? undefined : 'done');
  });

  // Two differences are meant: an alternate is compared without asking again, and an empty
  // replica does send StartStream.
  const ours = recorded.filter(({ name }) => !['replica is ahead', 'empty replica'].includes(name));
  it.each(ours)('$name: the replica asks byte for byte', ({ value }) => {
    const messages = value.messages.map(({ from, hex }) => ({
      from,
      message: decodeSyncup(Buffer.from(hex, 'hex')),
      hex,
    }));
    const asked = messages.filter(({ from }) => from === 'replica');
    const first = asked[0]!.message;
    const lastSync = first.type === 'entryRequest' ? first.vlsn : 0n;
    const matched = /matchpoint_vlsn: Vlsn\((\d+)\)/.exec(value.replicaOutcome)?.[1];
    const empty = value.replicaOutcome.includes('failed_vlsn: Vlsn(1)') && lastSync === 1n;
    const head = messages[1]?.message.type === 'alternateMatchpoint' && !matched ? 5n : 1n;
    const range = {
      first: empty ? 0n : head,
      last: empty ? 0n : lastSync,
      lastSync: empty ? 0n : lastSync,
      lastTxnEnd: empty ? 0n : lastSync,
      durable: 0n,
    };
    const replica = new ReplicaSyncup({
      range,
      chained: true,
      now: 0,
      search: 'descending',
      flight: 1,
      compareLsn: false,
    });
    const sent: string[] = [];
    const answers = messages.filter(({ from }) => from === 'feeder').map(({ message }) => message);
    for (;;) {
      const output = replica.poll();
      if (output === undefined) {
        const answer = answers.shift();
        if (answer === undefined) break;
        replica.receive(answer, 0);
      } else if (output.type === 'send') {
        sent.push(Buffer.from(encodeSyncup(output.message)).toString('hex'));
      } else if (output.type === 'lookup') {
        replica.lookedUp(
          output.at.map((vlsn) => {
            if (vlsn < head) return undefined;
            const fingerprint = matched && vlsn <= BigInt(matched) ? vlsn : vlsn + 10_000n;
            return { vlsn, lsn: 0n, fingerprint, isSync: true, isTxnEnd: true };
          }),
          0,
        );
      } else if (output.type === 'passed') {
        replica.passed({ count: 0, durable: 0, vlsns: [] }, 0);
      } else if (output.type === 'plan') replica.proceed();
      else if (output.type === 'failed') throw output.error;
    }
    expect(sent).toEqual(asked.map(({ hex }) => hex));
  });
});
