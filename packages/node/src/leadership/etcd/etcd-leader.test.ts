import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { MemoryLog } from '@shoal/syncup';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { batch, commits, start, texts } from '../../../test/nodes.test-helper.ts';
import { etcdLeader } from '../../etcd.ts';
import type { ShoalNode } from '../../shoal-node.ts';
import { epochOf } from '../../votes/term.ts';
import type { LeaderChoice } from '../leadership.ts';
import { EtcdServer, etcdInstalled } from './etcd-server.test-helper.ts';

const SCRIPT = fileURLToPath(new URL('./candidate.test-script.mjs', import.meta.url));
/** Long enough that a busy machine does not lose its lease, in s. */
const TTL = 5;

/** Follows the choices of one candidate. */
class Candidate {
  readonly name: string;
  readonly seen: (LeaderChoice | undefined)[] = [];
  readonly errors: Error[] = [];
  /** False: no request reaches etcd. */
  connected = true;
  readonly #stop = new AbortController();
  readonly #waiting = new Set<() => void>();
  readonly #done: Promise<void>;

  constructor(url: string, key: string, name: string, options: { canLead?: boolean } = {}) {
    this.name = name;
    const leadership = etcdLeader({
      endpoints: ['http://127.0.0.1:1', url],
      key,
      ttl: TTL,
      onError: (error) => this.errors.push(error),
      fetch: (input, init) =>
        this.connected ? fetch(input, init) : Promise.reject(new Error('cut off')),
    });
    const context = { name, canLead: options.canLead ?? true, signal: this.#stop.signal };
    this.#done = (async () => {
      for await (const choice of leadership.choices(context)) {
        this.seen.push(choice);
        for (const look of this.#waiting) look();
      }
    })();
  }

  get last(): LeaderChoice | undefined {
    return this.seen.at(-1);
  }

  /** Resolves with the latest choice once it is as wanted. */
  until(wanted: (choice: LeaderChoice | undefined) => boolean): Promise<LeaderChoice | undefined> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (this.seen.length === 0 || !wanted(this.last)) return;
        this.#waiting.delete(look);
        resolve(this.last);
      };
      this.#waiting.add(look);
      look();
    });
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }
}

const is =
  (leader: string) =>
  (choice: LeaderChoice | undefined): boolean =>
    choice?.leader === leader;

describe.runIf(etcdInstalled())('etcdLeader', { timeout: 120_000 }, () => {
  const server = new EtcdServer();
  const candidates: Candidate[] = [];
  const children: ChildProcess[] = [];
  let keys = 0;
  let key = '';
  beforeAll(() => server.start(), 60_000);
  afterAll(() => server.dispose());
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await Promise.all(candidates.splice(0).map((one) => one.stop()));
  });

  function stand(name: string, options: { canLead?: boolean; anew?: boolean } = {}): Candidate {
    if (options.anew) key = `/shoal/test/${++keys}`;
    const candidate = new Candidate(server.url, key, name, options);
    candidates.push(candidate);
    return candidate;
  }

  it('chooses one of two candidates, which a node that cannot lead learns as well', async () => {
    const a = stand('a', { anew: true });
    const chosen = await a.until(is('a'));
    const b = stand('b');
    const witness = stand('witness', { canLead: false });
    expect(await b.until(is('a'))).toEqual(chosen);
    expect(await witness.until(is('a'))).toEqual(chosen);
    expect(await server.createRevision(key)).toBe(chosen!.epoch);
    expect(a.errors.length).toBeLessThanOrEqual(1); // of the endpoint without a server
  });

  it('chooses another candidate at once when the leader leaves, with a higher epoch', async () => {
    const a = stand('a', { anew: true });
    const first = await a.until(is('a'));
    const b = stand('b');
    await b.until(is('a'));
    await a.stop();
    const second = await b.until(is('b'));
    expect(second!.epoch > first!.epoch).toBe(true);
  });

  it('makes a leader that is cut off step down before another one is chosen', async () => {
    const a = stand('a', { anew: true });
    await a.until(is('a'));
    const b = stand('b');
    await b.until(is('a'));
    a.connected = false;
    await b.until(is('b'));
    expect(a.last).toBeUndefined();
    expect(a.errors.at(-1)).toMatchObject({ code: 'leadership' });
    a.connected = true;
    expect(await a.until(is('b'))).toEqual(b.last);
  });

  it('makes a process that was stopped for a long time lose the leadership', async () => {
    key = `/shoal/test/${++keys}`;
    const told: { leader?: string; epoch?: string }[] = [];
    const waiting = new Set<() => void>();
    const child = fork(SCRIPT, [server.url, key, 'a', String(TTL)]);
    children.push(child);
    child.on('message', (message) => {
      told.push(message as (typeof told)[number]);
      for (const look of waiting) look();
    });
    const hears = (leader: string): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (told.some((one) => one.leader === leader)) resolve();
        };
        waiting.add(look);
        look();
      });
    await hears('a');
    const b = stand('b');
    await b.until(is('a'));
    child.kill('SIGSTOP');
    const next = await b.until(is('b'));
    child.kill('SIGCONT');
    await hears('b');
    const at = told.findIndex(({ leader }) => leader === 'b');
    expect(told[at]).toEqual({ leader: 'b', epoch: String(next!.epoch) });
    // It stepped down before it learned of the other one.
    expect(told[at - 1]).toEqual({});
  });

  it('recovers when etcd restarts', async () => {
    const a = stand('a', { anew: true });
    const b = stand('b', { canLead: false });
    const first = await a.until(is('a'));
    await b.until(is('a'));
    await server.stop();
    await a.until((choice) => choice === undefined);
    await server.start();
    // The lease, and with it the key, may have survived the restart.
    const again = await a.until(is('a'));
    expect(again!.epoch >= first!.epoch).toBe(true);
    expect(await b.until((choice) => choice?.epoch === again!.epoch)).toEqual(again);
  });

  it('makes a leader whose key is deleted step down', async () => {
    const a = stand('a', { anew: true });
    const first = await a.until(is('a'));
    await server.delete(key);
    await a.until((choice) => choice === undefined);
    const again = await a.until(is('a'));
    expect(again!.epoch > first!.epoch).toBe(true);
  });

  it('decides which node the others follow', async () => {
    const options = { endpoints: [server.url], key: '/shoal/nodes', ttl: TTL };
    const logs = new Map<string, MemoryLog>();
    const nodes: ShoalNode[] = [];
    for (const name of ['a', 'b', 'c']) {
      const log = new MemoryLog();
      logs.set(name, log);
      const seeds = nodes.map(({ address }) => address);
      nodes.push(await start(name, { log, seeds, leadership: etcdLeader(options) }));
    }
    const feeding = (those: ShoalNode[]): Promise<ShoalNode> =>
      Promise.any(those.map((node) => node.until(() => node.role === 'leader').then(() => node)));
    const first = await feeding(nodes);
    await first.append(batch(2, 'first'));
    const epoch = epochOf(first.term);
    await first.leave();
    const rest = nodes.filter((node) => node !== first);
    const second = await feeding(rest);
    expect(epochOf(second.term) > epoch).toBe(true);
    await second.append(commits(1, 'second'));
    const [one, other] = rest.map(({ name }) => logs.get(name)!);
    expect(await texts(one!)).toEqual(['first 0', 'first 1', 'second 0']);
    expect(other!.digest()).toBe(one!.digest());
    for (const node of rest) await node.leave();
  });
});

describe('etcdLeader', () => {
  it('refuses options outside their range', () => {
    const key = 'k';
    const endpoints = ['http://127.0.0.1:2379'];
    const code = expect.objectContaining({ code: 'argument' });
    expect(() => etcdLeader({ key: '', endpoints })).toThrow(code);
    expect(() => etcdLeader({ key, endpoints: [] })).toThrow(code);
    expect(() => etcdLeader({ key, endpoints: ['127.0.0.1:2379'] })).toThrow(code);
    expect(() => etcdLeader({ key, endpoints, ttl: 1 })).toThrow(code);
    expect(() => etcdLeader({ key, endpoints, username: 'root' })).toThrow(code);
  });
});
