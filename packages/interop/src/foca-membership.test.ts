import type { SwimConfig } from '@shoal/membership';
import type { Membership } from '@shoal/membership/driver';
import { describe, expect, it } from 'vitest';
import {
  type FocaIdentity,
  type FormatName,
  startFocaAgent,
  startFocaMember,
} from './foca-member.ts';
import type { RustProcess } from './rust-process.ts';
import { until } from './until.ts';

type Shoal = Membership<FocaIdentity>;
interface Rust {
  readonly agent: RustProcess;
  readonly addr: string;
}

const addressesOf = (member: Shoal): string[] => member.members().map(({ id }) => id.addr);
const addressOf = (event: Record<string, unknown>): string =>
  (event['member'] as { addr: string }).addr;

/** During a test no member is declared down unless it leaves, and none is notified of it. */
const PATIENT = {
  args: ['--config', 'local-quiet'],
  config: { suspicion: { type: 'fixed', value: 60_000 } },
} as const;

/** The members that are up according to the agent's output. */
function upIn(agent: RustProcess): Set<string> {
  const up = new Set<string>();
  for (const event of agent.events) {
    if (event.event === 'memberUp') up.add(addressOf(event));
    if (event.event === 'memberDown') up.delete(addressOf(event));
  }
  return up;
}

/** Everyone sees everyone else. */
async function whole(shoals: readonly Shoal[], rusts: readonly Rust[]): Promise<void> {
  const all = [...shoals.map(({ identity }) => identity.addr), ...rusts.map(({ addr }) => addr)];
  await until('every Shoal member sees all', () =>
    shoals.every((member) => new Set(addressesOf(member)).size === all.length - 1),
  );
  await until('every Rust agent sees all', () =>
    rusts.every(({ agent }) => upIn(agent).size === all.length - 1),
  );
}

/** Runs a test on a mixed cluster, and stops every member of it whatever happens. */
async function withCluster(
  format: FormatName,
  sizes: {
    readonly shoals: number;
    readonly rusts: number;
    readonly args?: readonly string[];
    readonly config?: Partial<SwimConfig>;
  },
  test: (shoals: Shoal[], rusts: Rust[]) => Promise<void>,
  onBroadcast?: (bytes: Uint8Array) => string | undefined,
): Promise<void> {
  const { args, config = {} } = sizes;
  const shoals: Shoal[] = [];
  const rusts: Rust[] = [];
  try {
    const seeds: string[] = [];
    for (let i = 0; i < sizes.rusts; i++) {
      rusts.push(await startFocaAgent(format, seeds.slice(0, 1), args));
      seeds.push(rusts[i]!.addr);
    }
    for (let i = 0; i < sizes.shoals; i++) {
      const options = { format, seeds: seeds.slice(0, 1), config };
      shoals.push(await startFocaMember(onBroadcast ? { ...options, onBroadcast } : options));
      seeds.push(shoals[i]!.identity.addr);
    }
    await whole(shoals, rusts);
    await test(shoals, rusts);
  } finally {
    await Promise.all(shoals.map((member) => member.close()));
    await Promise.all(rusts.map(({ agent }) => agent[Symbol.asyncDispose]()));
  }
}

describe.each(['postcard', 'bincode'] as const)(
  'a cluster with real foca nodes, in %s',
  (format) => {
    it('a Shoal member joins five Rust nodes, and each sees all the others', async () => {
      await withCluster(format, { shoals: 1, rusts: 5 }, async ([shoal]) => {
        expect(addressesOf(shoal!)).toHaveLength(5);
        expect(shoal!.stats().rejected).toBe(0);
      });
    }, 60_000);

    it('a Rust node joins five Shoal members', async () => {
      const shoals: Shoal[] = [];
      let rust: Rust | undefined;
      try {
        for (let i = 0; i < 5; i++) {
          const seeds = shoals.slice(0, 1).map(({ identity }) => identity.addr);
          shoals.push(await startFocaMember({ format, seeds }));
        }
        rust = await startFocaAgent(format, [shoals[0]!.identity.addr]);
        await whole(shoals, [rust]);
        expect(rust.agent.events.filter(({ event }) => event === 'error')).toEqual([]);
      } finally {
        await Promise.all(shoals.map((member) => member.close()));
        await rust?.agent[Symbol.asyncDispose]();
      }
    }, 60_000);

    it('Shoal members detect a killed Rust node, Rust nodes a silent Shoal member', async () => {
      await withCluster(format, { shoals: 3, rusts: 3 }, async (shoals, rusts) => {
        const victim = rusts[2]!;
        victim.agent.kill('SIGKILL');
        const left = [...shoals];
        await until('the Rust node is down', () =>
          left.every((member) => member.memberAt(victim.addr)?.state === 'down'),
        );
        const gone = shoals[2]!;
        await gone.close();
        await until('the Shoal member is down', () =>
          rusts.slice(0, 2).every(({ agent }) => !upIn(agent).has(gone.identity.addr)),
        );
      });
    }, 60_000);

    it('suspicion is refuted across languages', async () => {
      // By default foca notifies a member that it was down even after a refutation.
      await withCluster(format, { shoals: 2, rusts: 3, ...PATIENT }, async (shoals, rusts) => {
        const refuted: string[] = [];
        const suspected: string[] = [];
        for (const member of shoals) {
          member.on('memberSuspected', (event) => suspected.push(event.member.id.addr));
          member.on('memberRefuted', (event) => refuted.push(event.member.id.addr));
        }
        const slow = rusts[1]!;
        slow.agent.kill('SIGSTOP');
        await until('it is suspected', () => suspected.includes(slow.addr));
        slow.agent.kill('SIGCONT');
        await until('it has refuted', () => refuted.includes(slow.addr));
        expect(shoals.every((member) => member.memberAt(slow.addr)?.id.bump === 0n)).toBe(true);
      });
    }, 60_000);

    it('a leave is understood, both ways', async () => {
      await withCluster(format, { shoals: 2, rusts: 3, ...PATIENT }, async (shoals, rusts) => {
        // The reason is not checked: only members that hear it from the leaver itself know that it
        // left.
        const down = new Set<string>();
        shoals[0]!.on('memberDown', ({ member }) => down.add(member.id.addr));
        await shoals[1]!.leave();
        await until('the Rust nodes hold it down', () =>
          rusts.every(({ agent }) => !upIn(agent).has(shoals[1]!.identity.addr)),
        );
        rusts[2]!.agent.command('leave');
        await rusts[2]!.agent.waitFor('left', ({ event }) => event === 'left');
        await until('the Shoal member holds both down', () =>
          [shoals[1]!.identity.addr, rusts[2]!.addr].every((addr) => down.has(addr)),
        );
      });
    }, 60_000);

    it('custom broadcasts cross, both ways', async () => {
      const received = new Set<string>();
      const onBroadcast = (bytes: Uint8Array): string | undefined => {
        const hex = Buffer.from(bytes).toString('hex');
        if (received.has(hex)) return undefined;
        received.add(hex);
        return hex;
      };
      await withCluster(
        format,
        { shoals: 1, rusts: 3 },
        async ([shoal], rusts) => {
          rusts[0]!.agent.command('broadcast 0000000000000001aabb');
          await until('the Shoal member has it', () => received.has('0000000000000001aabb'));
          shoal!.broadcast(Uint8Array.from(Buffer.from('0000000000000002ccdd', 'hex')));
          for (const { agent } of rusts) {
            await agent.waitFor('the broadcast', ({ event, hex }) => {
              return event === 'broadcast' && hex === '0000000000000002ccdd';
            });
          }
        },
        onBroadcast,
      );
    }, 60_000);

    it('the cluster survives a packet loss of 20%', async () => {
      await withCluster(format, { shoals: 2, rusts: 4 }, async (shoals, rusts) => {
        for (const { agent } of rusts) agent.command('loss 0.2');
        const probes = shoals[0]!.stats().probes;
        await until('40 probes are done', () => shoals[0]!.stats().probes > probes + 40);
        for (const { agent } of rusts) agent.command('loss 0');
        // Members that either side declared down come back.
        await whole(shoals, rusts);
      });
    }, 90_000);
  },
);
