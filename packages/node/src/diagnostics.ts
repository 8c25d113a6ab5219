import { publishDiagnostics as publishEvents } from '@shoal/async/diagnostics';
import { publishDiagnostics as publishMembership } from '@shoal/membership/diagnostics';
import type { NodeEvent } from './events.ts';
import type { ShoalNode } from './shoal-node.ts';

/** What is published on a channel: the node, and its event as listeners get it. */
export interface NodeDiagnostic {
  readonly node: ShoalNode;
  readonly event: NodeEvent;
}

const PREFIX = 'shoal:node';

/** Every type of event. The compiler reports one that is missing. */
const TYPES: Readonly<Record<NodeEvent['type'], true>> = {
  memberUp: true,
  memberRestarted: true,
  memberDown: true,
  memberUpdated: true,
  memberSuspected: true,
  memberRefuted: true,
  nameConflict: true,
  nameConflictEnded: true,
  role: true,
  leader: true,
  voters: true,
  campaign: true,
  voteReceived: true,
  voteGranted: true,
  steppedDown: true,
  streaming: true,
  rollback: true,
  restored: true,
  peerRefused: true,
  disconnected: true,
  logLimit: true,
  failed: true,
};

/** All channels: `shoal:node:`, followed by the type of the event. */
export const NODE_CHANNELS: readonly string[] = Object.keys(TYPES).map(
  (type) => `${PREFIX}:${type}`,
);

/**
 * Publishes the events of a node on the diagnostics channels of Node.js, each as a
 * {@link NodeDiagnostic}, and those of its membership on the channels of
 * `@shoal/membership/diagnostics`. Costs next to nothing while nobody subscribes. Returns a
 * function that stops it.
 */
export function publishDiagnostics(node: ShoalNode): () => void {
  const stopMembership = publishMembership(node.membership);
  const stopNode = publishEvents<NodeEvent, NodeDiagnostic>({
    prefix: PREFIX,
    emitter: node,
    message: (event) => ({ node, event }),
  });
  return () => {
    stopNode();
    stopMembership();
  };
}
