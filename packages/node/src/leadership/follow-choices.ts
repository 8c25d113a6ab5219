import { type Emitter, pause, raceAbort, toError } from '@shoal/async';
import { NodeError } from '../errors.ts';
import type { NodeEvent } from '../events.ts';
import type { LeaderChoice, Leadership, LeadershipContext } from './leadership.ts';

/** How long an adapter may take to give up the leadership when the node closes, in ms. */
const RELEASE_TIMEOUT = 3000;

/** What {@link followChoices} works with. */
export interface FollowChoicesParts {
  readonly leadership: Leadership;
  readonly context: LeadershipContext;
  readonly choose: (choice: LeaderChoice | undefined) => void;
  readonly events: Emitter<NodeEvent>;
}

/**
 * Hands on each choice until they end or the signal fires. Resolves when the adapter has given up
 * the leadership. Never rejects.
 */
export async function followChoices(parts: FollowChoicesParts): Promise<void> {
  const { signal } = parts.context;
  // In a later turn, so that listeners can be added first.
  await pause(0, signal);
  const ended = new AbortController();
  const following = handOn(parts).finally(() => ended.abort());
  await raceAbort(following, signal).catch(() => undefined);
  // An adapter that ignores the signal must not keep the node from closing.
  await Promise.race([following, pause(RELEASE_TIMEOUT, ended.signal)]);
}

/** Never rejects. */
async function handOn({ leadership, context, choose, events }: FollowChoicesParts): Promise<void> {
  const { signal } = context;
  try {
    for await (const choice of leadership.choices(context)) {
      if (signal.aborted) return;
      choose(choice);
    }
  } catch (cause) {
    if (signal.aborted) return;
    choose(undefined);
    const text = `the leadership adapter failed: ${toError(cause).message}`;
    events.emit({ type: 'failed', error: new NodeError('leadership', text, { cause }) });
  }
}
