import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { MemoryLog } from '@shoal/syncup';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { etcdLeader } from '../etcd.ts';
import type { LeaderChoice } from '../leadership.ts';
import { commits, start } from '../nodes.test-helper.ts';
import { epochOf } from '../term.ts';
import { EtcdServer, etcdctl, etcdInstalled } from './etcd-server.test-helper.ts';

const SCRIPT = fileURLToPath(new URL('./candidate.test-script.mjs', import.meta.url));
const TTL = 2;

/** Follows the choices of one candidate. */
class Candidate {
  readonly name: string;
  readonly seen: (LeaderChoice | undefined)[] = [];
  readonly errors: Error[] = [];
  /** False: nothing gets to etcd. */
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

  /** Resolves with the last choice once it is as wanted. */
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

describe.runIf(etcdInstalled())('leaders by a lease in etcd', { timeout: 120_000 }, () => {
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

  it('one of two is chosen, and both say who, and so does who may not lead', async () => {
    const a = stand('a', { anew: true });
    const chosen = await a.until(is('a'));
    const b = stand('b');
    const witness = stand('witness', { canLead: false });
    expect(await b.until(is('a'))).toEqual(chosen);
    expect(await witness.until(is('a'))).toEqual(chosen);
    const [found] = JSON.parse(etcdctl(server.url, 'get', key, '-w', 'json')).kvs;
    expect(BigInt(found.create_revision)).toBe(chosen!.epoch);
    expect(a.errors.length).toBeLessThanOrEqual(1); // the endpoint that nobody is at
  });

  it('who leaves revokes its lease, and the other is chosen with a higher epoch', async () => {
    const a = stand('a', { anew: true });
    const first = await a.until(is('a'));
    const b = stand('b');
    await b.until(is('a'));
    await a.stop();
    const second = await b.until(is('b'));
    expect(second!.epoch > first!.epoch).toBe(true);
  });

  it('who is cut off steps down before another is chosen', async () => {
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

  it('a process that was stopped has lost its lease when it goes on', async () => {
    key = `/shoal/test/${++keys}`;
    const told: { leader?: string; epoch?: string }[] = [];
    const waiting = new Set<() => void>();
    const child = fork(SCRIPT, [server.url, key, 'a', String(TTL)]);
    children.push(child);
    child.on('message', (message) => {
      told.push(message as (typeof told)[number]);
      for (const look of waiting) look();
    });
    const hears = (count: number): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (told.length >= count) resolve();
        };
        waiting.add(look);
        look();
      });
    await hears(1);
    expect(told).toEqual([{ leader: 'a', epoch: expect.any(String) }]);
    const b = stand('b');
    await b.until(is('a'));
    child.kill('SIGSTOP');
    const next = await b.until(is('b'));
    child.kill('SIGCONT');
    await hears(3);
    expect(told.slice(1, 3)).toEqual([{}, { leader: 'b', epoch: String(next!.epoch) }]);
  });

  it('goes on when etcd was started again', async () => {
    const a = stand('a', { anew: true });
    const b = stand('b', { canLead: false });
    const first = await a.until(is('a'));
    await b.until(is('a'));
    await server.stop();
    await a.until((choice) => choice === undefined);
    await server.start();
    // The lease may have outlived the server, and the key with it.
    const again = await a.until(is('a'));
    expect(again!.epoch >= first!.epoch).toBe(true);
    expect(await b.until((choice) => choice?.epoch === again!.epoch)).toEqual(again);
  });

  it('who loses its key steps down', async () => {
    const a = stand('a', { anew: true });
    const first = await a.until(is('a'));
    etcdctl(server.url, 'del', key);
    await a.until((choice) => choice === undefined);
    const again = await a.until(is('a'));
    expect(again!.epoch > first!.epoch).toBe(true);
  });

  it('nodes follow whoever is chosen', async () => {
    const leader = { key: '/shoal/nodes', ttl: TTL };
    const log = (): MemoryLog => new MemoryLog();
    const logs = [log(), log(), log()] as const;
    const leadership = (): ReturnType<typeof etcdLeader> =>
      etcdLeader({ endpoints: [server.url], ...leader });
    const a = await start('a', { log: logs[0], leadership: leadership() });
    await a.until(() => a.leader === undefined);
    const seeds = [a.address];
    await using b = await start('b', { log: logs[1], seeds, leadership: leadership() });
    await using c = await start('c', { log: logs[2], seeds, leadership: leadership() });
    await a.until(() => a.role === 'feeder');
    await a.append(commits(2));
    const epoch = epochOf(a.term);
    await a.leave();
    await Promise.any([b, c].map((node) => node.until(() => node.role === 'feeder')));
    const feeder = b.role === 'feeder' ? b : c;
    expect(epochOf(feeder.term) > epoch).toBe(true);
    const { last } = await feeder.append(commits(1));
    expect(last).toBe(5n);
    expect(logs[1].digest()).toBe(logs[2].digest());
  });
});

describe('options', () => {
  it('out of range are refused', () => {
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
