import type { Context } from './context.ts';
import type { BroadcastQueue } from './dissemination/broadcast-queue.ts';
import type { Outbox } from './dissemination/outbox.ts';
import type { ClusterView } from './members/cluster-view.ts';

/** One machine, as the parts that act on its own initiative see it. */
export interface Machine<Id> {
  readonly context: Context<Id>;
  readonly view: ClusterView<Id>;
  readonly broadcasts: BroadcastQueue<Id>;
  readonly outbox: Outbox<Id>;
}
