import type { SyncupMessage } from '@shoal/wire';
import { SyncupError } from '../../errors.ts';
import {
  type FeederOutcome,
  FeederSyncup,
  lookUpForFeeder,
} from '../../handshake/feeder-syncup.ts';
import type { ReplicaSyncup } from '../../handshake/replica-syncup.ts';
import type { ReplicaOutcome, RollbackPlan } from '../../handshake/replica-syncup-types.ts';
import type { LogView } from '../../log/log-store.ts';
import { clock, type SyncupConnection } from './syncup-connection.ts';

/** Carries the messages of a handshake. Each dialect has one. */
export interface HandshakeChannel {
  readonly connection: SyncupConnection;
  send(message: SyncupMessage): void;
  /** The next message; undefined at the end. Calls `onAlive` for each sign of life before it. */
  receive(onAlive: () => void): Promise<SyncupMessage | undefined>;
}

/** What {@link runReplicaHandshake} works with. */
export interface ReplicaHandshake {
  readonly channel: HandshakeChannel;
  readonly machine: ReplicaSyncup;
  readonly log: LogView;
  /** Rolls the log back as planned. */
  readonly carryOut: (plan: RollbackPlan) => Promise<void>;
}

/** Runs a {@link ReplicaSyncup} to its end. Throws what it failed with. */
export async function runReplicaHandshake(handshake: ReplicaHandshake): Promise<ReplicaOutcome> {
  const { channel, machine, log, carryOut } = handshake;
  const { connection } = channel;
  for (;;) {
    for (let output = machine.poll(); output !== undefined; output = machine.poll()) {
      switch (output.type) {
        case 'send':
          channel.send(output.message);
          break;
        case 'lookup': {
          const entries = [];
          for (const vlsn of output.at) {
            const found = log.syncAtOrBefore(vlsn);
            entries.push(found instanceof Promise ? await found : found);
          }
          machine.lookedUp(entries, clock());
          break;
        }
        case 'passed':
          machine.passed(await log.passedTransactions(output.above), clock());
          break;
        case 'plan':
          connection.clearDeadline();
          await carryOut(output.plan);
          machine.proceed();
          break;
        case 'done':
          connection.clearDeadline();
          return output.outcome;
        default:
          throw output.error;
      }
    }
    connection.setDeadline(machine.deadline, () => timeoutOf(machine));
    const message = await channel.receive(() => {});
    if (message === undefined) {
      throw new SyncupError('protocol', 'the feeder ended the connection during the handshake');
    }
    machine.receive(message, clock());
  }
}

/** What {@link runFeederHandshake} works with. */
export interface FeederHandshake {
  readonly channel: HandshakeChannel;
  readonly log: LogView;
  /** How long the replica may take for each step, in ms. */
  readonly stepTimeout: number;
  /** The replica's first message, if it has been read. */
  readonly first?: SyncupMessage | undefined;
}

/** Runs a {@link FeederSyncup} to its end; undefined if the replica ended the connection. */
export async function runFeederHandshake(
  handshake: FeederHandshake,
): Promise<FeederOutcome | undefined> {
  const { channel, log, stepTimeout, first } = handshake;
  const { connection } = channel;
  const machine = new FeederSyncup({ now: clock(), stepTimeout });
  const setDeadline = (): void =>
    connection.setDeadline(machine.deadline, () => timeoutOf(machine));
  if (first !== undefined) machine.receive(first, clock());
  for (;;) {
    for (let output = machine.poll(); output !== undefined; output = machine.poll()) {
      switch (output.type) {
        case 'send':
          channel.send(output.message);
          break;
        case 'lookup': {
          const found = lookUpForFeeder(log, output);
          machine.lookedUp(found instanceof Promise ? await found : found, clock());
          break;
        }
        case 'done':
          connection.clearDeadline();
          return output.outcome;
        default:
          throw output.error;
      }
    }
    setDeadline();
    const message = await channel.receive(() => {
      machine.keepAlive(clock());
      setDeadline();
    });
    if (message === undefined) return undefined;
    machine.receive(message, clock());
  }
}

/** The error of a machine whose deadline has passed. */
function timeoutOf(machine: ReplicaSyncup | FeederSyncup): Error {
  machine.tick(clock());
  const output = machine.poll();
  return output?.type === 'failed'
    ? output.error
    : new SyncupError('timeout', 'the peer took too long');
}
