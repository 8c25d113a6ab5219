import { type ChildProcess, execFileSync, spawn } from 'node:child_process';

/** Distinguishes the networks of one process. */
let count = 0;

/**
 * Hosts for processes: Linux network namespaces at 10.77.0.1, 10.77.0.2 and so on, joined by a
 * bridge. Needs root and the command `ip`.
 */
export class TestNetwork {
  readonly #hub: string;
  readonly #hosts: string[] = [];
  readonly #processes: ChildProcess[] = [];

  /** Throws if the machine does not allow it. */
  constructor(size: number) {
    const prefix = `shoal-${process.pid}-${count++}`;
    this.#hub = `${prefix}-hub`;
    try {
      ip('netns', 'add', this.#hub);
      for (const bridge of ['one', 'other']) {
        ip('-n', this.#hub, 'link', 'add', bridge, 'type', 'bridge');
        ip('-n', this.#hub, 'link', 'set', bridge, 'up');
      }
      for (let i = 1; i <= size; i++) {
        const host = `${prefix}-${i}`;
        ip('netns', 'add', host);
        this.#hosts.push(host);
        const peer = ['type', 'veth', 'peer', 'name', `port${i}`, 'netns', this.#hub];
        ip('-n', host, 'link', 'add', 'eth', ...peer);
        ip('-n', host, 'address', 'add', `${this.address(i)}/24`, 'dev', 'eth');
        for (const link of ['lo', 'eth']) ip('-n', host, 'link', 'set', link, 'up');
        ip('-n', this.#hub, 'link', 'set', `port${i}`, 'master', 'one', 'up');
      }
    } catch (error) {
      this.#remove();
      throw error;
    }
  }

  /** The IP address of host 1, 2, ... */
  address(host: number): string {
    return `10.77.0.${host}`;
  }

  /** Starts a Node script on a host, with a channel for messages. */
  run(host: number, script: string, args: readonly string[]): ChildProcess {
    const node = ['netns', 'exec', this.#name(host), process.execPath, script, ...args];
    const child = spawn('ip', node, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#processes.push(child);
    return child;
  }

  /** Sets the queueing discipline of a host. Returns false if `tc` or the kernel does not have it. */
  shape(host: number, ...discipline: string[]): boolean {
    try {
      const args = ['netns', 'exec', this.#name(host), 'tc', 'qdisc', 'replace', 'dev', 'eth'];
      ip(...args, 'root', ...discipline);
      return true;
    } catch {
      return false;
    }
  }

  /** How many packets of a host its queueing discipline has dropped. */
  dropped(host: number): number {
    const show = ['netns', 'exec', this.#name(host), 'tc', '-s', 'qdisc', 'show', 'dev', 'eth'];
    return Number(/dropped (\d+)/.exec(ip(...show))?.[1]);
  }

  /** Separates these hosts from the others. */
  partition(hosts: readonly number[]): void {
    for (const host of hosts) ip('-n', this.#hub, 'link', 'set', `port${host}`, 'master', 'other');
  }

  heal(): void {
    for (const [i] of this.#hosts.entries()) {
      ip('-n', this.#hub, 'link', 'set', `port${i + 1}`, 'master', 'one');
    }
  }

  /** Kills the processes and removes the hosts. */
  async close(): Promise<void> {
    await Promise.all(
      this.#processes.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const exit = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        await exit;
      }),
    );
    this.#remove();
  }

  #name(host: number): string {
    const name = this.#hosts[host - 1];
    if (name === undefined) throw new RangeError(`there is no host ${host}`);
    return name;
  }

  #remove(): void {
    for (const name of [...this.#hosts, this.#hub]) {
      try {
        ip('netns', 'delete', name);
      } catch {
        // It was not created, or is already deleted.
      }
    }
  }
}

/** Why this machine cannot have a {@link TestNetwork}; undefined if it can. */
export function whyNoNetwork(): string | undefined {
  if (process.platform !== 'linux') return 'only Linux has network namespaces';
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  try {
    void new TestNetwork(1).close();
    return undefined;
  } catch (error) {
    return `cannot create network namespaces: ${String(error).split('\n').slice(0, 2).join(' ')}`;
  }
}

function ip(...args: string[]): string {
  return execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
}
