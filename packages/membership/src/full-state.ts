import type { Member, MemberRecord } from '@shoal/wire';
import type { ClusterView } from './cluster-view.ts';
import { type Context, takesPart } from './context.ts';
import { Digest } from './digest.ts';
import { SwimError } from './errors.ts';
import type { Inbox } from './inbox.ts';

/** All that is known, for those who store it or exchange it. */
export class FullState<Id> {
  readonly #context: Context<Id>;
  readonly #view: ClusterView<Id>;
  readonly #inbox: Inbox<Id>;

  constructor(context: Context<Id>, view: ClusterView<Id>, inbox: Inbox<Id>) {
    this.#context = context;
    this.#view = view;
    this.#inbox = inbox;
  }

  /** Throws `identity`, with nothing changed, if a member cannot be encoded. */
  apply(members: Iterable<Member<Id>>, spread: boolean): void {
    let records: MemberRecord<Id>[];
    try {
      records = Array.from(members, (member) => this.#toRecord(member));
    } catch (cause) {
      throw new SwimError('identity', 'a member that cannot be encoded', { cause });
    }
    for (const record of records) this.#inbox.update(record, undefined, spread);
  }

  /** As it is applied, and with an identity that is quickly told from others. */
  #toRecord(member: Member<Id>): MemberRecord<Id> {
    const { incarnation, state, suspector, left = false } = member;
    return { id: this.#view.codec.canonical(member), incarnation, state, suspector, left };
  }

  *active(): IterableIterator<Member<Id>> {
    for (const slot of this.#view.table.active) yield this.#view.snapshot(slot);
  }

  *all(): IterableIterator<Member<Id>> {
    for (const slot of this.#view.table.all()) yield this.#view.snapshot(slot);
  }

  digest(): string {
    const digest = new Digest();
    const { self } = this.#context;
    const { table, codec } = this.#view;
    const add = (id: Id, incarnation: number): void =>
      digest.add(codec.encode({ id, incarnation, state: 'alive' }));
    if (takesPart(self)) add(self.identity, self.incarnation);
    for (const slot of table.active) add(table.id(slot), table.incarnation(slot));
    return digest.toString();
  }
}
