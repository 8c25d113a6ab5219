import { readFileSync } from 'node:fs';
import { Consensus } from '@shoal/consensus';
import { describe, expect, it } from 'vitest';
import { checkConsensus, replayConsensus, walkConsensus } from '../src/checker/index.ts';
import { MemoryNetwork, VirtualClock } from '../src/index.ts';

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');

/** The lines of this file between the marks, as they must be in the README. */
function example(name: string): string {
  const source = read('./readme.test.ts');
  const [, body] = source.split(`// begin ${name}\n`);
  const lines = body!.split(`// end ${name}`)[0]!.split('\n').slice(0, -1);
  return lines.map((line) => line.replace(/^ {4}/, '')).join('\n');
}

describe('the README', () => {
  it('has the example of a network that runs here', async () => {
    // begin network
    const clock = new VirtualClock();
    const network = new MemoryNetwork({ seed: 42, clock, faults: { delay: [5, 50], loss: 0.1 } });
    const a = network.createDatagramTransport('10.0.0.1:7946');
    const b = network.createDatagramTransport('10.0.0.2:7946');

    let received = 0;
    b.receive(() => received++);
    for (let i = 0; i < 100; i++) a.send('10.0.0.2:7946', Uint8Array.of(i));
    clock.runUntil(1000); // one virtual second, the same in every run with this seed

    network.partition(['10.0.0.1'], ['10.0.0.2']); // or cut({ from, to }) for one direction
    a.send('10.0.0.2:7946', Uint8Array.of(1));
    clock.runUntil(2000);
    network.heal();
    // end network
    const stats = network.stats();
    expect(received).toBe(100 - stats.lost);
    expect(stats.lost).toBeGreaterThan(0);
    expect(stats.blocked).toBe(1);
    expect(read('../README.md')).toContain(example('network'));
  });

  it('has the example of a check that runs here', () => {
    const printed: unknown[] = [];
    const console = { log: (...values: unknown[]) => printed.push(...values) };
    // begin check
    const bounds = { nodes: ['a', 'b', 'c'], maxTerm: 2, maxEntries: 3, crashes: 1 };
    const { states, violation } = checkConsensus(Consensus, bounds, { maxStates: 10_000 });
    console.log(states, violation); // 10000 undefined

    // At random and far deeper; the seed repeats the walk.
    walkConsensus(Consensus, bounds, { seed: '1', steps: 10_000, depth: 200 });
    // A violation has a trace; this runs it again, line by line.
    replayConsensus(Consensus, bounds, ['a: campaign', 'b receives voteRequest 1 of a']);
    // end check
    expect(printed).toEqual([10_000, undefined]);
    expect(read('../README.md')).toContain(example('check'));
  });
});
