import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LogEntry } from '../log/log-store.ts';
import { MatchpointSearch } from './matchpoint-search.ts';
import type { MatchpointSearchOptions, SearchReply, SearchStep } from './search-step.ts';

/** A log as far as a search sees it: fingerprints by VLSN, and which are sync points. */
interface Side {
  readonly first: number;
  readonly last: number;
  fingerprint(vlsn: number): bigint;
  isSync(vlsn: number): boolean;
}

type Done = Extract<SearchStep, { type: 'done' }>;

const entryOf = (side: Side, vlsn: number): LogEntry => ({
  vlsn: BigInt(vlsn),
  lsn: BigInt(vlsn) * 10n,
  fingerprint: side.fingerprint(vlsn),
  isSync: side.isSync(vlsn),
  isTxnEnd: side.isSync(vlsn),
});

function syncAtOrBefore(side: Side, vlsn: number): LogEntry | undefined {
  for (let at = Math.min(vlsn, side.last); at >= side.first; at--) {
    if (side.isSync(at)) return entryOf(side, at);
  }
  return undefined;
}

function answer(feeder: Side, vlsn: number, first: boolean): SearchReply {
  if (vlsn >= feeder.first && vlsn <= feeder.last) {
    return { type: 'entry', entry: entryOf(feeder, vlsn) };
  }
  const lastSync = syncAtOrBefore(feeder, feeder.last);
  if (vlsn < feeder.first || !first || !lastSync) return { type: 'notFound' };
  return { type: 'alternate', entry: lastSync };
}

function search(
  replica: Side,
  feeder: Side,
  options: Partial<MatchpointSearchOptions> = {},
): Done & { asked: number[] } {
  const lastSync = syncAtOrBefore(replica, replica.last)!.vlsn;
  const machine = new MatchpointSearch({ first: BigInt(replica.first), lastSync, ...options });
  const asked: number[] = [];
  for (let guard = 0; guard < 100_000; guard++) {
    const { step } = machine;
    if (step.type === 'done') return { ...step, asked };
    if (step.type === 'lookup') {
      machine.lookedUp(step.at.map((vlsn) => syncAtOrBefore(replica, Number(vlsn))));
    } else {
      expect(step.entries.length).toBeLessThanOrEqual(options.flight ?? 64);
      const before = asked.length;
      asked.push(...step.entries.map((entry) => Number(entry.vlsn)));
      machine.answered(
        step.entries.map((entry, i) => answer(feeder, Number(entry.vlsn), before + i === 0)),
      );
    }
  }
  throw new Error('the search does not end');
}

/** Walks down one sync point at a time. */
function oracle(replica: Side, feeder: Side): bigint | undefined {
  let at = syncAtOrBefore(replica, replica.last);
  const top = syncAtOrBefore(feeder, feeder.last);
  if (at && at.vlsn > feeder.last) {
    at = top && at.vlsn >= feeder.first ? syncAtOrBefore(replica, Number(top.vlsn)) : undefined;
  }
  while (at) {
    const reply = answer(feeder, Number(at.vlsn), false);
    if (reply.type !== 'entry') return undefined;
    if (reply.entry.fingerprint === at.fingerprint) return at.vlsn;
    at = syncAtOrBefore(replica, Number(at.vlsn) - 1);
  }
  return undefined;
}

const everywhere = (): boolean => true;

/** Two logs that agree up to `common` and differ from there on. */
function diverged(
  common: number,
  replicaLast: number,
  feederLast: number,
  isSync: (vlsn: number) => boolean = everywhere,
  firsts = { replica: 1, feeder: 1 },
): [Side, Side] {
  return [
    {
      first: firsts.replica,
      last: replicaLast,
      isSync,
      fingerprint: (vlsn) => BigInt(vlsn <= common ? vlsn : -vlsn),
    },
    {
      first: firsts.feeder,
      last: feederLast,
      isSync: (vlsn) => (vlsn <= common ? isSync(vlsn) : vlsn % 2 === 0 || isSync(vlsn)),
      fingerprint: (vlsn) => BigInt(vlsn),
    },
  ];
}

describe('MatchpointSearch', () => {
  const spacing = fc.constantFrom(1, 2, 5, 13);
  const scenario = fc.record({
    common: fc.nat(400),
    replicaExtra: fc.nat(300),
    feederExtra: fc.nat(300),
    replicaFirst: fc.integer({ min: 1, max: 60 }),
    feederFirst: fc.integer({ min: 1, max: 200 }),
    spacing,
    offset: fc.nat(12),
    seed: fc.nat(),
  });
  const anyOptions = fc.record({
    strategy: fc.constantFrom('gallop' as const, 'descending' as const),
    flight: fc.constantFrom(1, 2, 3, 7, 64),
    chained: fc.boolean(),
  });

  it('finds what a linear walk finds, on any ordered logs, with any options', () => {
    fc.assert(
      fc.property(scenario, anyOptions, (s, options) => {
        const [replica, feeder] = diverged(
          s.common,
          Math.max(s.replicaFirst, s.common + s.replicaExtra),
          Math.max(s.feederFirst, s.common + s.feederExtra),
          (vlsn) => (vlsn + s.offset) % s.spacing === 0,
          { replica: s.replicaFirst, feeder: s.feederFirst },
        );
        fc.pre(syncAtOrBefore(replica, replica.last) !== undefined);
        let state = s.seed;
        const random = (): number => {
          state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
          return state / 2 ** 32;
        };
        const result = search(replica, feeder, { ...options, random });
        expect(result.matchpoint?.vlsn).toBe(oracle(replica, feeder));
        expect(result.ordered).toBe(true);
        if (options.strategy === 'descending') {
          expect(result.asked).toEqual([...new Set(result.asked)].sort((a, b) => b - a));
        }
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    [0, 1, 1],
    [10, 9, 3],
    [1_000, 21, 4],
    [1_000_000, 41, 6],
  ])(
    'at D = %i takes at most %i round trips one by one, %i in flights of 64',
    (d, single, flights) => {
      const last = 20_000_000;
      const [replica, feeder] = diverged(last - d, last, last);
      const one = search(replica, feeder, { flight: 1, chained: true });
      expect(one.matchpoint?.vlsn).toBe(BigInt(last - d));
      expect(one.flights).toBeLessThanOrEqual(single);
      expect(search(replica, feeder, { chained: true }).flights).toBe(flights);
      expect(search(replica, feeder, { chained: false }).flights).toBeLessThanOrEqual(flights);
    },
  );

  it('never takes more than 2 + ceil(log64 D) round trips in flights of 64', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4_000_000 }), (d) => {
        const last = 20_000_000;
        const [replica, feeder] = diverged(last - d, last, last);
        const result = search(replica, feeder, { chained: true });
        expect(result.matchpoint?.vlsn).toBe(BigInt(last - d));
        let bound = 2;
        for (let reach = 1; reach < d; reach *= 64) bound++;
        expect(result.flights).toBeLessThanOrEqual(bound);
      }),
      { numRuns: 200 },
    );
  });

  it('takes the alternate if the replica is ahead, without another round trip', () => {
    const [replica, feeder] = diverged(50, 70, 50);
    expect(search(replica, feeder)).toMatchObject({ flights: 1, matchpoint: { vlsn: 50n } });
  });

  it('searches below an alternate that does not match or is not a sync point here', () => {
    const [replica, feeder] = diverged(40, 70, 60);
    expect(search(replica, feeder).matchpoint?.vlsn).toBe(40n);
    const [sparse, other] = diverged(40, 70, 61, (vlsn) => vlsn % 7 === 0);
    expect(search(sparse, other).matchpoint?.vlsn).toBe(35n);
  });

  it('ends without a matchpoint: alternate below the first, trimmed, nothing in common', () => {
    const below = diverged(5, 70, 8, everywhere, { replica: 20, feeder: 1 });
    expect(search(...below)).toMatchObject({ matchpoint: undefined, flights: 1, lastTried: 8n });
    const trimmed = diverged(50, 70, 90, everywhere, { replica: 1, feeder: 80 });
    expect(search(...trimmed)).toMatchObject({ matchpoint: undefined, flights: 1 });
    const nothing = diverged(0, 70, 90);
    expect(search(...nothing)).toMatchObject({ matchpoint: undefined, lastTried: 1n });
  });

  it('finds no matchpoint below a hole in the feeder', () => {
    const [replica, feeder] = diverged(40, 70, 90);
    const held = (vlsn: number): boolean => vlsn < 45 || vlsn > 55;
    const lastSync = 70n;
    const run = (strategy: 'gallop' | 'descending'): Done => {
      const machine = new MatchpointSearch({ first: 1n, lastSync, strategy, flight: 8 });
      for (;;) {
        const { step } = machine;
        if (step.type === 'done') return step;
        if (step.type === 'lookup') {
          machine.lookedUp(step.at.map((vlsn) => syncAtOrBefore(replica, Number(vlsn))));
        } else {
          machine.answered(
            step.entries.map(({ vlsn }) =>
              held(Number(vlsn)) ? answer(feeder, Number(vlsn), false) : { type: 'notFound' },
            ),
          );
        }
      }
    };
    expect(run('descending').matchpoint).toBeUndefined();
    expect(run('gallop').matchpoint).toBeUndefined();
  });

  it('notices logs out of order, and then finds what a linear walk finds', () => {
    // Below 300 everything matches but for 60..250; above, only 777 does.
    const replica: Side = {
      first: 1,
      last: 1000,
      isSync: everywhere,
      fingerprint: (vlsn) => BigInt(vlsn),
    };
    const feeder: Side = {
      ...replica,
      last: 1100,
      fingerprint: (vlsn) =>
        BigInt((vlsn > 300 && vlsn !== 777) || (vlsn > 60 && vlsn < 250) ? -vlsn : vlsn),
    };
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(1, 8, 64), (seed, flight) => {
        let state = seed;
        const random = (): number => {
          state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
          return state / 2 ** 32;
        };
        const result = search(replica, feeder, { random, flight });
        if (result.ordered) {
          // Not noticed is possible only as long as nothing that was asked contradicts.
          const matched = result.asked.filter(
            (vlsn) => replica.fingerprint(vlsn) === feeder.fingerprint(vlsn),
          );
          const missed = result.asked.filter((vlsn) => !matched.includes(vlsn));
          expect(Math.max(...matched)).toBeLessThan(Math.min(...missed));
        } else {
          expect(result.matchpoint?.vlsn).toBe(777n);
        }
      }),
    );
    const noticed = search(replica, feeder, { random: () => 0.5 });
    expect(noticed).toMatchObject({ ordered: false, matchpoint: { vlsn: 777n } });
  });

  it('compares LSNs unless compareLsn is false', () => {
    const [replica, feeder] = diverged(50, 50, 60);
    const shifted: SearchReply = {
      type: 'entry',
      entry: { ...entryOf(feeder, 50), lsn: 999n },
    };
    for (const compareLsn of [true, false]) {
      const machine = new MatchpointSearch({ first: 1n, lastSync: 50n, compareLsn });
      machine.lookedUp([entryOf(replica, 50)]);
      machine.answered([shifted]);
      expect(machine.step.type).toBe(compareLsn ? 'lookup' : 'done');
    }
  });

  it('takes no entry for a matchpoint that the feeder does not hold as a sync point', () => {
    const [replica, feeder] = diverged(50, 50, 60);
    const machine = new MatchpointSearch({ first: 1n, lastSync: 50n });
    machine.lookedUp([entryOf(replica, 50)]);
    machine.answered([{ type: 'entry', entry: { ...entryOf(feeder, 50), isSync: false } }]);
    expect(machine.step.type).toBe('lookup');
  });

  it('refuses a feeder with chained fingerprints that claims a match above a mismatch', () => {
    const [replica, feeder] = diverged(10, 50, 60);
    const machine = new MatchpointSearch({ first: 1n, lastSync: 50n, chained: true });
    machine.lookedUp([entryOf(replica, 50)]);
    machine.answered([{ type: 'entry', entry: entryOf(feeder, 50) }]);
    const { step } = machine;
    if (step.type !== 'lookup') throw new Error(step.type);
    machine.lookedUp(step.at.map((vlsn) => syncAtOrBefore(replica, Number(vlsn))));
    const ask = machine.step;
    if (ask.type !== 'ask') throw new Error(ask.type);
    // It lies about the first one, which is the highest.
    const replies = ask.entries.map(({ vlsn }, i): SearchReply => {
      const entry = entryOf(i === 0 ? replica : feeder, Number(vlsn));
      return { type: 'entry', entry };
    });
    expect(() => machine.answered(replies)).toThrow(expect.objectContaining({ code: 'protocol' }));
  });

  it('refuses invalid answers, and is unchanged', () => {
    const protocol = expect.objectContaining({ code: 'protocol' });
    const [replica] = diverged(50, 50, 60);
    const machine = new MatchpointSearch({ first: 1n, lastSync: 50n });
    machine.lookedUp([entryOf(replica, 50)]);
    const alternate = (vlsn: number, isSync: boolean): SearchReply => ({
      type: 'alternate',
      entry: { ...entryOf(replica, vlsn), isSync },
    });
    const wrong: SearchReply[] = [
      { type: 'entry', entry: entryOf(replica, 49) },
      alternate(51, true),
      alternate(50, true),
      alternate(40, false),
      alternate(0, true),
    ];
    for (const reply of wrong) expect(() => machine.answered([reply])).toThrow(protocol);
    expect(() => machine.answered([])).toThrow(expect.objectContaining({ code: 'argument' }));
    expect(() => machine.lookedUp([undefined])).toThrow(
      expect.objectContaining({ code: 'argument' }),
    );
    machine.answered([{ type: 'entry', entry: { ...entryOf(replica, 50), fingerprint: 7n } }]);
    const { step } = machine;
    if (step.type !== 'lookup') throw new Error(step.type);
    machine.lookedUp(step.at.map((vlsn) => syncAtOrBefore(replica, Number(vlsn))));
    const ask = machine.step;
    if (ask.type !== 'ask') throw new Error(ask.type);
    const twice = ask.entries.map(({ vlsn }) => alternate(Number(vlsn) - 1, true));
    expect(() => machine.answered(twice)).toThrow(protocol);
  });

  it('refuses options out of range', () => {
    const argument = expect.objectContaining({ code: 'argument' });
    for (const options of [
      { first: 1n, lastSync: 0n },
      { first: 0n, lastSync: 5n },
      { first: 6n, lastSync: 5n },
      { first: 1n, lastSync: 5n, flight: 0 },
      { first: 1n, lastSync: 5n, flight: 2000 },
    ]) {
      expect(() => new MatchpointSearch(options)).toThrow(argument);
    }
  });
});
