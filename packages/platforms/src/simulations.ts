import { planRun, runPlan } from '@shoal/testkit/simulator';

/** Clusters of 5 to 20 nodes, for 20 minutes of virtual time, with faults. */
const SEEDS = [1, 2, 3];

/**
 * Digests of simulated clusters, over every packet and event: the same for a seed on any platform.
 */
export function simulationDigests(): string[] {
  return SEEDS.map((seed) => {
    const plan = planRun(seed, { mostNodes: 20, duration: 1_200_000 });
    const { digest, violation } = runPlan(plan);
    if (violation) throw violation;
    return digest;
  });
}
