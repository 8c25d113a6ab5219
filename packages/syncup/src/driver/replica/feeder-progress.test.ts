import { afterEach, describe, expect, it, vi } from 'vitest';
import { FeederProgress } from './feeder-progress.ts';

afterEach(() => vi.restoreAllMocks());

/** A clock that the test sets. */
function fakeClock(): { now: number } {
  const clock = { now: 0 };
  vi.spyOn(performance, 'now').mockImplementation(() => clock.now);
  return clock;
}

describe('FeederProgress', () => {
  it('knows since when the oldest entry that is not applied has been there', () => {
    const clock = fakeClock();
    const progress = new FeederProgress();
    progress.reported(5n, 0n);
    clock.now = 100;
    progress.reported(9n, 0n);
    clock.now = 150;
    expect(progress.lagBehind(3n)).toMatchObject({
      applied: 3n,
      feederLast: 9n,
      entries: 6n,
      ms: 150,
    });
    progress.applied(5n);
    expect(progress.lagBehind(5n)).toMatchObject({ entries: 4n, ms: 50 });
    progress.applied(9n);
    expect(progress.lagBehind(9n)).toMatchObject({
      applied: 9n,
      feederLast: 9n,
      entries: 0n,
      ms: 0,
    });
  });

  it('never reports a lag below zero', () => {
    fakeClock();
    const progress = new FeederProgress();
    progress.reported(2n, 5n);
    expect(progress.lagBehind(5n)).toMatchObject({
      applied: 5n,
      feederLast: 5n,
      entries: 0n,
      ms: 0,
    });
  });

  it('lets the newest report stand for those that it has no room for', () => {
    const clock = fakeClock();
    const progress = new FeederProgress();
    for (let vlsn = 1n; vlsn <= 100n; vlsn++) {
      clock.now = Number(vlsn);
      progress.reported(vlsn, 0n);
    }
    progress.applied(63n);
    clock.now = 200;
    expect(progress.lagBehind(63n)).toMatchObject({ entries: 37n, ms: 136 });
    progress.applied(99n);
    expect(progress.lagBehind(99n)).toMatchObject({ entries: 1n, ms: 136 });
  });

  it('forgets the feeder', () => {
    fakeClock();
    const progress = new FeederProgress();
    progress.reported(9n, 0n);
    progress.reset();
    expect(progress.lagBehind(3n)).toMatchObject({
      applied: 3n,
      feederLast: 3n,
      entries: 0n,
      ms: 0,
    });
  });

  it('says how long the feeder has been silent', () => {
    const clock = fakeClock();
    const progress = new FeederProgress();
    progress.reported(5n, 5n);
    clock.now = 700;
    expect(progress.lagBehind(5n)).toMatchObject({ entries: 0n, silentFor: 700 });
    progress.reported(5n, 5n);
    expect(progress.lagBehind(5n).silentFor).toBe(0);
  });
});
