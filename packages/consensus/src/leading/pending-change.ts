import { type Core, phaseOf } from '../core.ts';

/** Whether a node is to become a voter: its acknowledgements show when it has caught up. */
export function isAdding(core: Core, name: string): boolean {
  const steps = phaseOf(core, 'leading')?.change?.steps ?? [];
  return steps.some((step) => 'add' in step && step.add === name);
}
