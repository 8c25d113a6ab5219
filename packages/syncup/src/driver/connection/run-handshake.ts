import type { SyncupMessage } from '@shoal/wire';
import { SyncupError } from '../../errors.ts';
import {
  type FeederOutcome,
  FeederSyncup,
  lookUpForFeeder,
} from '../../handshake/feeder-syncup.ts';
import type {
  ReplicaOutcome,
  ReplicaSyncup,
  RollbackPlan,
} from '../../handshake/replica-syncup.ts';
import type { LogView } from '../../log/log-store.ts';
import { clock, type Link } from './syncup-connection.ts';

/** What a handshake is spoken over. */
export interface SyncupChannel {
  readonly link: Link;
  send(message: SyncupMessage): void;
  /** The next message; undefined at the end. `alive` is called for signs of life. */
  receive(alive: () => void): Promise<SyncupMessage | undefined>;
}

/** Drives a {@link ReplicaSyncup} to its end; `carryOut` is to do what was planned. */
export async function runReplicaSyncup(
  channel: SyncupChannel,
  machine: ReplicaSyncup,
  log: LogView,
  carryOut: (plan: RollbackPlan) => Promise<void>,
): Promise<ReplicaOutcome> {
  const { link } = channel;
  const expire = (): Error => {
    machine.tick(clock());
    const output = machine.poll();
    return output?.type === 'failed' ? output.error : new SyncupError('timeout', 'no answer');
  };
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
          link.unwatch();
          await carryOut(output.plan);
          machine.proceed();
          break;
        case 'done':
          link.unwatch();
          return output.outcome;
        default:
          throw output.error;
      }
    }
    link.watch(machine.deadline, expire);
    const message = await channel.receive(() => undefined);
    if (message === undefined) {
      throw new SyncupError('protocol', 'the feeder ended the connection during the handshake');
    }
    machine.receive(message, clock());
  }
}

/** Drives a {@link FeederSyncup} to its end; undefined when the replica has gone away. */
export async function runFeederSyncup(
  channel: SyncupChannel,
  log: LogView,
  stepTimeout: number,
): Promise<FeederOutcome | undefined> {
  const { link } = channel;
  const machine = new FeederSyncup({ now: clock(), stepTimeout });
  const expire = (): Error => {
    machine.tick(clock());
    const output = machine.poll();
    return output?.type === 'failed' ? output.error : new SyncupError('timeout', 'no request');
  };
  for (;;) {
    for (let output = machine.poll(); output !== undefined; output = machine.poll()) {
      switch (output.type) {
        case 'send':
          channel.send(output.message);
          break;
        case 'lookup': {
          const found = lookUpForFeeder(log, output.vlsn, output.alternate);
          machine.lookedUp(found instanceof Promise ? await found : found, clock());
          break;
        }
        case 'done':
          link.unwatch();
          return output.outcome;
        default:
          throw output.error;
      }
    }
    const watch = (): void => link.watch(machine.deadline, expire);
    watch();
    const message = await channel.receive(() => {
      machine.keepAlive(clock());
      watch();
    });
    if (message === undefined) return undefined;
    machine.receive(message, clock());
  }
}
