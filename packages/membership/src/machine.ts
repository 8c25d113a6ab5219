import type { Context } from './context.ts';
import type { BroadcastQueue } from './dissemination/broadcast-queue.ts';
import type { Outbox } from './dissemination/outbox.ts';
import type { ClusterView } from './members/cluster-view.ts';

/** One machine, as the parts see it that act on its behalf. */
export interface Machine<Id> extends Context<Id> {
  readonly view: ClusterView<Id>;
  readonly broadcasts: BroadcastQueue<Id>;
  readonly outbox: Outbox<Id>;
}
