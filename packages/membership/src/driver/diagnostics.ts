/// <reference types="node" />
import { publishDiagnostics as publishEvents } from '@shoal/async/diagnostics';
import type { Membership } from './membership.ts';
import type { DriverEvent } from './options.ts';

// The only module of this package that needs Node.js, and an entry of its own for that reason.

/** What is published on a channel: the membership, and its event as listeners get it. */
export interface MembershipDiagnostic<Id = unknown> {
  readonly membership: Membership<Id>;
  readonly event: DriverEvent<Id>;
}

const PREFIX = 'shoal:membership';

/** Every type of event. The compiler reports one that is missing. */
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
  memberUnreachable: true,
  exchange: true,
  exchangeFailed: true,
  listenFailed: true,
  datagramsBlocked: true,
  datagramsRestored: true,
};

/** All channels: `shoal:membership:`, followed by the type of the event. */
export const MEMBERSHIP_CHANNELS: readonly string[] = Object.keys(TYPES).map(
  (type) => `${PREFIX}:${type}`,
);

/**
 * Publishes the events of a membership on the diagnostics channels of Node.js, each as a
 * {@link MembershipDiagnostic}, so that a monitor sees every membership of a process without
 * being handed one. Costs next to nothing while nobody subscribes. Returns a function that stops
 * it.
 */
export function publishDiagnostics<Id>(membership: Membership<Id>): () => void {
  return publishEvents<DriverEvent<Id>, MembershipDiagnostic<Id>>({
    prefix: PREFIX,
    emitter: membership,
    message: (event) => ({ membership, event }),
  });
}
