import type { NodeIdentity } from '@shoal/wire';
import type { Membership } from './membership.ts';
import type { DriverEvent } from './options.ts';

/** Resolves with the first event of this type that is `wanted`. */
export async function seen<Type extends DriverEvent<NodeIdentity>['type']>(
  one: Membership<NodeIdentity>,
  type: Type,
  wanted: (event: Extract<DriverEvent<NodeIdentity>, { type: Type }>) => boolean = () => true,
): Promise<Extract<DriverEvent<NodeIdentity>, { type: Type }>> {
  return await new Promise((resolve) => {
    const stop = one.on(type, (event) => {
      if (!wanted(event)) return;
      stop();
      resolve(event);
    });
  });
}

/** Resolves when `one` has `count` members. */
export async function has(one: Membership<NodeIdentity>, count: number): Promise<void> {
  if (one.members().length === count) return;
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (one.members().length !== count) return;
      for (const stop of stops) stop();
      resolve();
    };
    const stops = (['memberUp', 'memberDown'] as const).map((type) => one.on(type, look));
  });
}
