import { type EntryKinds, MAX_PAYLOAD, type NewEntry } from '@shoal/syncup';
import { NodeError } from '../errors.ts';
import { TERM_ENTRY } from '../log/mark-entry.ts';

/** Throws `argument` unless these entries are a batch: its last entry, and no other, ends it. */
export function checkBatch(entries: readonly NewEntry[], kinds: EntryKinds): void {
  const last = entries.at(-1);
  if (last === undefined || !kinds.isSync(last.type)) {
    throw new NodeError('argument', 'a batch must end with a commit or another sync point');
  }
  if (entries.slice(0, -1).some(({ type }) => kinds.isSync(type))) {
    const text = 'only the last entry of a batch may be a commit or another sync point';
    throw new NodeError('argument', `${text}: append each transaction by itself`);
  }
  for (const { type, payload } of entries) {
    if (type !== (type & 0xff) || type === TERM_ENTRY) {
      const text = `the type of an entry must be 0..255 and not ${TERM_ENTRY}, which is reserved`;
      throw new NodeError('argument', `${text}; got ${type}`);
    }
    if (!(payload instanceof Uint8Array && payload.length <= MAX_PAYLOAD)) {
      const text = `a payload must be a Uint8Array of at most ${MAX_PAYLOAD} bytes`;
      throw new NodeError('argument', text);
    }
  }
}
