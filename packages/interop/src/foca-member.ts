import { type IdentityTraits, local, type SwimConfig } from '@shoal/membership';
import { type Membership, startMembership } from '@shoal/membership/driver';
import { createUdpTransport } from '@shoal/transport-node';
import { focaCodec } from '@shoal/wire';
import * as bincode from '@shoal/wire/bincode';
import * as postcard from '@shoal/wire/postcard';
import { RustProcess } from './rust-process.ts';

/** The identity of the Rust agents: an address, and how often it was renewed. */
export interface FocaIdentity {
  readonly addr: string;
  readonly bump: bigint;
}

const formats = { postcard, bincode } as const;
export type FormatName = keyof typeof formats;

const traits: IdentityTraits<FocaIdentity> = {
  address: (id) => id.addr,
  equals: (a, b) => a.bump === b.bump && a.addr === b.addr,
  wins: (a, b) => a.bump > b.bump,
  renew: (id, rival) => {
    const highest = rival && rival.bump > id.bump ? rival.bump : id.bump;
    return { addr: id.addr, bump: highest + 1n };
  },
};

/** Like the agents' `local-fast`, to keep the tests short. */
const CONFIG: SwimConfig = {
  ...local(),
  probePeriod: 200,
  probeTimeout: 60,
  indirectProbes: 3,
  suspicion: { type: 'fixed', value: 1000 },
  transmissions: { type: 'fixed', value: 10 },
  announce: { interval: 1000, members: 1 },
  announceDown: { interval: 1000, members: 2 },
};

/** A Shoal member that speaks foca's protocol. */
export async function startFocaMember(options: {
  readonly format: FormatName;
  readonly seeds?: readonly string[];
  readonly config?: Partial<SwimConfig>;
  /** Returns the key of a new broadcast; see `BroadcastHandler`. */
  readonly onBroadcast?: (bytes: Uint8Array) => string | undefined;
}): Promise<Membership<FocaIdentity>> {
  const format = formats[options.format];
  const transport = await createUdpTransport({ bind: '127.0.0.1:0' });
  const { onBroadcast } = options;
  return startMembership<FocaIdentity>({
    transport,
    identity: { addr: transport.localAddress, bump: 0n },
    traits,
    codec: focaCodec({
      format,
      identity: format.struct({ addr: format.socketAddress, bump: format.u64 }),
    }),
    config: { ...CONFIG, ...options.config },
    seeds: (options.seeds ?? []).map((addr) => ({ addr, bump: 0n })),
    joinRetry: { first: 200 },
    // The agents identify broadcasts by their first eight bytes.
    ...(onBroadcast ? { broadcasts: { receive: onBroadcast } } : {}),
  });
}

/** Starts a foca agent in Rust, and resolves once it listens. */
export async function startFocaAgent(
  format: FormatName,
  seeds: readonly string[] = [],
  args: readonly string[] = [],
): Promise<{ agent: RustProcess; addr: string }> {
  const announce = seeds.flatMap((seed) => ['--announce', seed]);
  const common = ['--bind', '127.0.0.1:0', '--codec', format];
  const agent = new RustProcess('foca-agent', [...common, ...announce, ...args]);
  const { addr } = await agent.waitFor('listening', ({ event }) => event === 'listening');
  return { agent, addr: addr as string };
}
