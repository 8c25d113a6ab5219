// The messages between the page and the processes of the cluster, apart from Shoal's protocols.

/** The label of the cluster: packets and streams of other clusters are refused. */
export const LABEL = 'browser-member';
/** The paths at which a gateway accepts members without UDP, and replicas. */
export const MEMBERS_PATH = '/members';
export const LOG_PATH = '/log';

type Role = 'feeder' | 'gateway' | 'node' | 'page';

/** What a member publishes in its metadata. */
export interface Profile {
  readonly name: string;
  readonly role: Role;
}

export function encodeProfile(profile: Profile): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(profile));
}

/** Parses metadata. It comes from another process, so it may be anything. */
export function decodeProfile(metadata: Uint8Array): Profile | undefined {
  try {
    const { name, role } = JSON.parse(new TextDecoder().decode(metadata)) as Profile;
    return typeof name === 'string' && typeof role === 'string' ? { name, role } : undefined;
  } catch {
    return undefined;
  }
}

/** The configuration of a process. */
export interface NodeOptions extends Profile {
  /** Where it receives datagrams: port 0 at first, the same port again after a restart. */
  readonly bind: string;
  /** Where a gateway accepts WebSockets; the port as for `bind`. */
  readonly door?: string;
  readonly seeds: readonly string[];
  /** Where the feeder accepts replicas. */
  readonly feeder?: string;
  /** The origin of the page: browsers may not connect from another one. */
  readonly origin: string;
}

/** What a process reports when it is up, and whenever its view of the cluster changes. */
export type NodeReport =
  | {
      readonly type: 'ready';
      readonly address: string;
      readonly door?: string;
      readonly feeder?: string;
    }
  | { readonly type: 'members'; readonly addresses: readonly string[] };

/** The content of `/cluster.json`, which the page reads. */
export interface ClusterInfo {
  /** Where members without UDP, and replicas, connect. */
  readonly gateways: readonly string[];
  readonly seeds: readonly string[];
  readonly nodes: readonly NodeInfo[];
}

interface NodeInfo extends Profile {
  readonly address: string;
  readonly runs: boolean;
}
