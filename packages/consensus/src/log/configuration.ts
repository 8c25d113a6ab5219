/** A voter is a name **and** a store: who has lost its store is not the voter that it was. */
export interface Voter {
  readonly name: string;
  /** The random id that was made with the voter's store. */
  readonly storeId: string;
}

/** Who votes. The last configuration in a node's log is in force there, committed or not. */
export interface Configuration {
  /** Sorted by name; each name once. */
  readonly voters: readonly Voter[];
}

/** One voter more, or one fewer: any majorities before and after have a voter in common. */
export type VoterChange = { readonly add: Voter } | { readonly remove: string };

/** More than half of the voters. */
export function majorityOf({ voters }: Configuration): number {
  return Math.floor(voters.length / 2) + 1;
}

export function voterNamed(
  configuration: Configuration | undefined,
  name: string,
): Voter | undefined {
  return configuration?.voters.find((voter) => voter.name === name);
}

/** Whether this name votes with this store. */
export function isVoter(
  configuration: Configuration | undefined,
  { name, storeId }: Voter,
): boolean {
  return voterNamed(configuration, name)?.storeId === storeId;
}

/** Whether the same voters vote, with the same stores. */
export function isSameConfiguration(
  a: Configuration | undefined,
  b: Configuration | undefined,
): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.voters.length === b.voters.length && a.voters.every((voter) => isVoter(b, voter));
}

/** The configuration after a change. */
export function changed({ voters }: Configuration, change: VoterChange): Configuration {
  if ('remove' in change) {
    return { voters: voters.filter(({ name }) => name !== change.remove) };
  }
  const others = voters.filter(({ name }) => name !== change.add.name);
  return configurationOf([...others, change.add]);
}

/** A configuration of these voters, in the order of their names. */
export function configurationOf(voters: readonly Voter[]): Configuration {
  return { voters: [...voters].sort((a, b) => (a.name < b.name ? -1 : 1)) };
}
