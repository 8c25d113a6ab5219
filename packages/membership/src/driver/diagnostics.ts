/// <reference types="node" />
import { channel } from 'node:diagnostics_channel';
import type { MembershipEventTarget } from './event-target.ts';
import type { DriverEvent } from './options.ts';

// The only file of this package that needs Node, and an entry of its own for that reason.

/** What is published on a channel: whose event, and the event as its listeners get it. */
export interface MembershipDiagnostic<Id = unknown> {
  readonly membership: MembershipEventTarget<Id>;
  readonly event: DriverEvent<Id>;
}

/** Every type of event; the compiler sees to it that none is missing. */
const TYPES: Readonly<Record<DriverEvent<unknown>['type'], true>> = {
  memberUp: true,
  memberDown: true,
  memberUpdated: true,
  memberSuspected: true,
  memberRefuted: true,
  active: true,
  idle: true,
  defunct: true,
  rejoined: true,
  paused: true,
  probeOverdue: true,
  probe: true,
  rejected: true,
  joinFailed: true,
  exchange: true,
  exchangeFailed: true,
  listenFailed: true,
  datagramsBlocked: true,
  datagramsRestored: true,
};

/** The channels: `shoal:membership:` and the type of the event. */
export const MEMBERSHIP_CHANNELS: readonly string[] = Object.keys(TYPES).map(channelName);

/**
 * Publishes a membership's events on the diagnostics channels of Node, each as a
 * {@link MembershipDiagnostic}, so that a monitor can see every membership of a process without
 * being handed one. Costs next to nothing where nobody subscribes. Returns how to stop.
 */
export function publishDiagnostics<Id>(membership: MembershipEventTarget<Id>): () => void {
  const stops = Object.keys(TYPES).map((name) => {
    const type = name as DriverEvent<Id>['type'];
    const published = channel(channelName(type));
    return membership.on(type, (event) => {
      if (!published.hasSubscribers) return;
      published.publish({ membership, event } satisfies MembershipDiagnostic<Id>);
    });
  });
  return () => {
    for (const stop of stops) stop();
  };
}

function channelName(type: string): string {
  return `shoal:membership:${type}`;
}
