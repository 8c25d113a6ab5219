/// <reference types="node" />
import { type Channel, channel } from 'node:diagnostics_channel';
import type { Emitter, EventShape } from './emitter.ts';

// The only module of this package that needs Node.js, and an entry of its own for that reason.

/** Options of {@link publishDiagnostics}. */
export interface DiagnosticsOptions<E extends EventShape, Message extends object> {
  /**
   * The first part of the channels' names: `shoal:membership` gives `shoal:membership:memberUp`.
   */
  readonly prefix: string;
  readonly emitter: Pick<Emitter<E>, 'onAny'>;
  /** Makes the published message. Called only for channels that have a subscriber. */
  readonly message: (event: E) => Message;
}

/**
 * Publishes every event of an emitter on the diagnostics channel of Node.js that is named after
 * its type. Costs next to nothing while nobody subscribes. Returns a function that stops
 * publishing.
 */
export function publishDiagnostics<E extends EventShape, Message extends object>(
  options: DiagnosticsOptions<E, Message>,
): () => void {
  const { prefix, emitter, message } = options;
  const channels = new Map<string, Channel>();
  return emitter.onAny((event) => {
    let published = channels.get(event.type);
    if (published === undefined) {
      published = channel(`${prefix}:${event.type}`);
      channels.set(event.type, published);
    }
    if (published.hasSubscribers) published.publish(message(event));
  });
}
