import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ClusterInfo, NodeOptions, NodeReport, Profile } from './protocol.ts';

const NODE = fileURLToPath(new URL('../dist/node.js', import.meta.url));

/** The feeder comes first: gateways follow its log. */
const NODES: readonly Profile[] = [
  { name: 'feeder', role: 'feeder' },
  { name: 'gateway-1', role: 'gateway' },
  { name: 'gateway-2', role: 'gateway' },
  { name: 'node-1', role: 'node' },
  { name: 'node-2', role: 'node' },
  { name: 'node-3', role: 'node' },
];

type Ready = Extract<NodeReport, { type: 'ready' }>;

/** A node. It keeps its addresses when it restarts. */
interface Place {
  readonly profile: Profile;
  ready: Ready | undefined;
  child: ChildProcess | undefined;
  /** The members that it knows. */
  members: readonly string[];
}

/** The processes of all nodes. `await using` ends them. */
export class Cluster implements AsyncDisposable {
  readonly #origin: string;
  readonly #places: readonly Place[];

  private constructor(origin: string) {
    this.#origin = origin;
    this.#places = NODES.map((profile) => ({
      profile,
      ready: undefined,
      child: undefined,
      members: [],
    }));
  }

  /** Starts all nodes. Pages from `origin` may connect to the gateways. */
  static async start(origin: string): Promise<Cluster> {
    const cluster = new Cluster(origin);
    for (const { name } of NODES) await cluster.start(name);
    return cluster;
  }

  get info(): ClusterInfo {
    const ready = this.#places.flatMap((place) => place.ready ?? []);
    return {
      gateways: ready.flatMap(({ door }) => door ?? []),
      seeds: ready.map(({ address }) => address),
      nodes: this.#places.map(({ profile, ready, child }) => {
        return { ...profile, address: ready?.address ?? '', runs: child !== undefined };
      }),
    };
  }

  /** The addresses of the members that a node knows. */
  membersOf(name: string): readonly string[] {
    return this.#place(name).members;
  }

  /** Starts a stopped node, and waits until it is up. */
  async start(name: string): Promise<void> {
    const place = this.#place(name);
    if (place.child) return;
    const { bind, door, feeder } = this.#addresses(place);
    const options: NodeOptions = {
      ...place.profile,
      bind,
      ...(door === undefined ? {} : { door }),
      ...(feeder === undefined ? {} : { feeder }),
      seeds: this.info.seeds,
      origin: this.#origin,
    };
    const child = fork(NODE, [JSON.stringify(options)]);
    place.child = child;
    child.once('exit', () => {
      place.child = undefined;
      place.members = [];
    });
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`${name} exited with ${code}`)));
      child.on('message', (report: NodeReport) => {
        if (report.type === 'members') place.members = report.addresses;
        else {
          place.ready = report;
          resolve();
        }
      });
    });
  }

  /** Kills the process of a node with SIGKILL: it cannot say goodbye. */
  async kill(name: string): Promise<void> {
    const { child } = this.#place(name);
    if (!child) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }

  async close(): Promise<void> {
    await Promise.all(NODES.map(({ name }) => this.kill(name)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #place(name: string): Place {
    const place = this.#places.find(({ profile }) => profile.name === name);
    if (!place) throw new Error(`unknown node: ${name}`);
    return place;
  }

  #addresses({ ready }: Place): { bind: string; door?: string; feeder?: string } {
    const door = ready?.door;
    const feeder = this.#places.find(({ profile }) => profile.role === 'feeder')?.ready?.feeder;
    return {
      bind: ready?.address ?? '127.0.0.1:0',
      ...(door === undefined ? {} : { door }),
      ...(feeder === undefined ? {} : { feeder }),
    };
  }
}
