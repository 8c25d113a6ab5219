import type { SyncupMessage } from '@shoal/wire';
import type { SyncupError } from '../src/errors.ts';
import {
  type FeederOutcome,
  FeederSyncup,
  lookUpForFeeder,
} from '../src/handshake/feeder-syncup.ts';
import { ReplicaSyncup } from '../src/handshake/replica-syncup.ts';
import type {
  ReplicaOutcome,
  ReplicaSyncupOptions,
  RollbackPlan,
} from '../src/handshake/replica-syncup-types.ts';
import type { RollbackDecision } from '../src/handshake/rollback.ts';
import type { LogView } from '../src/log/log-store.ts';

/** What both sides said and came to. */
export interface Handshake {
  readonly messages: { from: 'replica' | 'feeder'; message: SyncupMessage }[];
  plan?: RollbackPlan;
  replica?: ReplicaOutcome;
  feeder?: FeederOutcome;
  error?: SyncupError;
  feederError?: SyncupError;
  decision?: RollbackDecision;
}

/** Hooks into a handshake. */
export interface HandshakeHooks {
  /** Changes or drops a message on its way. */
  intercept?(from: 'replica' | 'feeder', message: SyncupMessage): SyncupMessage[];
  /** Called before each message is delivered. */
  before?(from: 'replica' | 'feeder', message: SyncupMessage): void | Promise<void>;
}

/** Lets the two machines talk until neither has anything left to do. */
export async function handshake(
  replicaLog: LogView & { readonly chained: boolean },
  feederLog: LogView,
  options: Partial<ReplicaSyncupOptions> = {},
  hooks: HandshakeHooks = {},
): Promise<Handshake> {
  const result: Handshake = { messages: [] };
  const { range, chained } = replicaLog;
  const replica = new ReplicaSyncup({ range, chained, now: 0, ...options });
  const feeder = new FeederSyncup({ now: 0 });
  const toFeeder: SyncupMessage[] = [];
  const toReplica: SyncupMessage[] = [];
  const send = (from: 'replica' | 'feeder', message: SyncupMessage): void => {
    for (const sent of hooks.intercept?.(from, message) ?? [message]) {
      result.messages.push({ from, message: sent });
      (from === 'replica' ? toFeeder : toReplica).push(sent);
    }
  };
  for (;;) {
    const wanted = replica.poll();
    if (wanted !== undefined) {
      if (wanted.type === 'send') send('replica', wanted.message);
      else if (wanted.type === 'lookup') {
        replica.lookedUp(
          await Promise.all(wanted.at.map((vlsn) => replicaLog.syncAtOrBefore(vlsn))),
          0,
        );
      } else if (wanted.type === 'passed') {
        replica.passed(await replicaLog.passedTransactions(wanted.above), 0);
      } else if (wanted.type === 'plan') {
        result.plan = wanted.plan;
        replica.proceed();
      } else if (wanted.type === 'done') result.replica = wanted.outcome;
      else {
        result.error = wanted.error;
        if (wanted.decision) result.decision = wanted.decision;
      }
      continue;
    }
    const asked = feeder.poll();
    if (asked !== undefined) {
      if (asked.type === 'send') send('feeder', asked.message);
      else if (asked.type === 'lookup') {
        feeder.lookedUp(await lookUpForFeeder(feederLog, asked), 0);
      } else if (asked.type === 'done') result.feeder = asked.outcome;
      else result.feederError = asked.error;
      continue;
    }
    const [queue, from] =
      toFeeder.length > 0 ? [toFeeder, 'replica' as const] : [toReplica, 'feeder' as const];
    const message = queue.shift();
    if (message === undefined) return result;
    await hooks.before?.(from, message);
    if (from === 'replica') feeder.receive(message, 0);
    else if (!result.replica && !result.error) replica.receive(message, 0);
  }
}
