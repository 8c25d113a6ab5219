import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import {
  TestNetwork,
  whyNoNetwork,
} from '../../transport-node/test/network-namespaces.test-helper.ts';

const SCRIPT = fileURLToPath(new URL('./lossy-member.test-script.mjs', import.meta.url));
const HOSTS = [1, 2, 3, 4, 5, 6];
const LOSS = 0.2;
const DELAY = 50;
const PORT = 7946;
const why = whyNoNetwork();
if (why !== undefined) console.log(`skipped: ${why}`);

interface Report {
  readonly lost: number;
  readonly down: readonly string[];
}

/** A member on its own host. */
class Host {
  readonly address: string;
  /** The members that it sees. */
  members: readonly string[] = [];
  readonly #child: ChildProcess;
  readonly #onChange: () => void;
  #report: (report: Report) => void = () => {};

  constructor(address: string, child: ChildProcess, onChange: () => void) {
    this.address = address;
    this.#child = child;
    this.#onChange = onChange;
    child.on('message', (message: Report | { members: string[] }) => {
      if (!('members' in message)) return this.#report(message);
      this.members = message.members;
      this.#onChange();
    });
  }

  async ask(question: 'calm' | 'report'): Promise<Report> {
    const report = new Promise<Report>((resolve) => {
      this.#report = resolve;
    });
    this.#child.send(question);
    return await report;
  }
}

describe.skipIf(why !== undefined)('members on hosts of their own', () => {
  let network: TestNetwork | undefined;
  afterEach(() => network?.close());

  it('find each other despite loss and delay, survive a partition, and hold nobody Down', {
    timeout: 300_000,
  }, async () => {
    network = new TestNetwork(HOSTS.length);
    const hosts: Host[] = [];
    let changed = (): void => {};
    const until = async (holds: () => boolean): Promise<void> => {
      while (!holds()) {
        await new Promise<void>((resolve) => {
          changed = resolve;
        });
      }
    };
    /** Whether each member sees all others, and nobody else. */
    const agree = (those: readonly number[]): boolean => {
      const chosen = those.map((host) => hosts[host - 1]!);
      return chosen.every((one) => {
        const others = chosen.filter((other) => other !== one).map(({ address }) => address);
        return one.members.join() === others.sort().join();
      });
    };

    const netem = ['netem', 'loss', `${LOSS * 100}%`, 'delay', `${DELAY}ms`];
    const shaped = HOSTS.every((host) => network!.shape(host, ...netem));
    if (!shaped) console.log('no sch_netem in this kernel: the members lose and delay themselves');
    const faults = shaped ? ['0', '0'] : [`${LOSS}`, `${DELAY}`];
    const seed = `${network.address(1)}:${PORT}`;
    for (const i of HOSTS) {
      const address = network.address(i);
      const child = network.run(i, SCRIPT, [`${address}:${PORT}`, seed, ...faults]);
      hosts.push(new Host(address, child, () => changed()));
    }
    await until(() => agree(HOSTS));

    const [left, right] = [HOSTS.slice(0, 3), HOSTS.slice(3)];
    network.partition(right);
    await until(() => agree(left) && agree(right));
    network.heal();
    await until(() => agree(HOSTS));

    for (const host of HOSTS) {
      const { lost } = await hosts[host - 1]!.ask('report');
      expect(shaped ? network.dropped(host) : lost).toBeGreaterThan(0);
      if (shaped) network.shape(host, 'pfifo', 'limit', '1000');
    }
    for (const host of hosts) await host.ask('calm');
    for (const host of hosts) {
      while ((await host.ask('report')).down.length > 0) {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
    await until(() => agree(HOSTS));
  });
});
