import { channel } from 'node:diagnostics_channel';
import { publishDiagnostics as publishMembership } from '@shoal/membership/diagnostics';
import type { NodeEvent, NodeEventType } from './events.ts';
import type { ShoalNode } from './shoal-node.ts';

/** What is published on a channel: whose event, and the event. */
export interface NodeDiagnostic {
  readonly node: ShoalNode;
  readonly event: NodeEvent;
}

/** Every type of event; the compiler sees to it that none is missing. */
const TYPES: Readonly<Record<NodeEventType, true>> = {
  memberUp: true,
  memberDown: true,
  memberUpdated: true,
  memberSuspected: true,
  memberRefuted: true,
  nameConflict: true,
  role: true,
  leader: true,
  campaign: true,
  voteReceived: true,
  voteGranted: true,
  steppedDown: true,
  streaming: true,
  rollback: true,
  restored: true,
  disconnected: true,
  failed: true,
};

/** The channels: `shoal:node:` and the type of the event. */
export const NODE_CHANNELS: readonly string[] = Object.keys(TYPES).map(channelName);

/**
 * Publishes a node's events on the diagnostics channels of Node.js, each as a
 * {@link NodeDiagnostic}, and those of its membership on the channels of
 * `@shoal/membership/diagnostics`. Costs next to nothing where nobody subscribes. Returns how to
 * stop.
 */
export function publishDiagnostics(node: ShoalNode): () => void {
  const stops = Object.keys(TYPES).map((name) => {
    const type = name as NodeEventType;
    const published = channel(channelName(type));
    return node.on(type, (event) => {
      if (!published.hasSubscribers) return;
      published.publish({ node, event: { type, ...event } as NodeEvent } satisfies NodeDiagnostic);
    });
  });
  stops.push(publishMembership(node.membership));
  return () => {
    for (const stop of stops) stop();
  };
}

function channelName(type: string): string {
  return `shoal:node:${type}`;
}
