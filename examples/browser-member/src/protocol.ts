// What the processes of the cluster, and the page, tell each other besides Shoal's own protocols.

/** Of packets and streams: those of other clusters are refused. */
export const LABEL = 'browser-member';
/** The paths at which a gateway takes members without UDP, and replicas. */
export const MEMBERS_PATH = '/members';
export const LOG_PATH = '/log';

type Role = 'feeder' | 'gateway' | 'node' | 'page';

/** What a member says of itself in its metadata. */
export interface Profile {
  readonly name: string;
  readonly role: Role;
}

export function encodeProfile(profile: Profile): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(profile));
}

/** It comes from another process, so that it may be anything. */
export function decodeProfile(metadata: Uint8Array): Profile | undefined {
  try {
    const { name, role } = JSON.parse(new TextDecoder().decode(metadata)) as Profile;
    return typeof name === 'string' && typeof role === 'string' ? { name, role } : undefined;
  } catch {
    return undefined;
  }
}

/** What a process is told when it is started. */
export interface NodeOptions extends Profile {
  /** Where it takes datagrams; port 0 the first time, later the one that it had. */
  readonly bind: string;
  /** Where a gateway takes WebSockets; as for `bind`. */
  readonly door?: string;
  readonly seeds: readonly string[];
  /** Where the feeder takes replicas. */
  readonly feeder?: string;
  /** Of the page: others may not connect from a browser. */
  readonly origin: string;
}

/** What it reports, once it is up, and whenever its view of the cluster changes. */
export type NodeReport =
  | {
      readonly type: 'ready';
      readonly address: string;
      readonly door?: string;
      readonly feeder?: string;
    }
  | { readonly type: 'members'; readonly addresses: readonly string[] };

/** What the page is told about the cluster: at `/cluster.json`. */
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
