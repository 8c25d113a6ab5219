import type { ShoalStreamMessage } from '@shoal/wire';
import type { ReplicaSession } from '../replica/replica-session.ts';
import type { ShoalChannel } from './shoal-channel.ts';

/** Sends heartbeats while `work` runs, so that a long rollback does not look like a dead replica. */
export async function whileAlive(
  session: ReplicaSession,
  channel: ShoalChannel,
  work: () => Promise<void>,
): Promise<void> {
  const { heartbeatInterval } = session.options;
  const beat = setInterval(() => channel.send(heartbeatOf(session)), heartbeatInterval);
  try {
    await work();
  } finally {
    clearInterval(beat);
  }
}

function heartbeatOf(session: ReplicaSession): ShoalStreamMessage {
  const { last, durable } = session.options.log.range;
  return { type: 'heartbeat', term: session.term, last, durable, time: Date.now() };
}
