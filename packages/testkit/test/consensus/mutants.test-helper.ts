import type { CheckBounds, WalkLimits } from '../../src/checker/index.ts';
import type { Mutant } from './mutant.test-helper.ts';

const ABC: CheckBounds = { nodes: ['a', 'b', 'c'], maxTerm: 3, maxEntries: 4 };
const ABCD: CheckBounds = { ...ABC, nodes: ['a', 'b', 'c', 'd'] };
const ONE_BATCH: CheckBounds = { ...ABC, maxBatches: 1 };
const near = { maxStates: 200_000 };
const walk: WalkLimits = { seed: '1', steps: 300_000, depth: 120 };

/** At least one for each rule that is needed for safety. */
export const MUTANTS: readonly Mutant[] = [
  {
    rule: '1',
    what: 'a vote is given before it is stored',
    quick: true,
    changes: [
      {
        file: 'consensus/src/terms.ts',
        from: 'return !state.resting && state.storedTerm >= term;',
        to: 'return !state.resting;',
      },
    ],
    bounds: { ...ONE_BATCH, crashes: 1, slowVotes: true },
    search: walk,
  },
  {
    rule: '1',
    what: 'a node forgets its vote when it crashes',
    quick: true,
    changes: [
      {
        file: 'testkit/src/checker/node-model.ts',
        from: '{ storeId, log: kept, stored, life: life + 1 }',
        to: '{ storeId, log: kept, stored: this.#trie.get(kept).term, life: life + 1 }',
      },
    ],
    bounds: { ...ONE_BATCH, crashes: 2 },
    search: walk,
  },
  {
    rule: '2',
    what: 'the position is written ahead of the entries that are copied',
    quick: true,
    changes: [
      {
        file: 'testkit/src/checker/node-model.ts',
        from: 'return this.#trie.view(this.#node.log, this.#node.synced);',
        to: `const view = this.#trie.view(this.#node.log, this.#node.synced);
      const logs = Object.values(this.#node.sources);
      const term = logs.map((log) => this.#trie.get(log).term).reduce((a, b) => a > b ? a : b, 0n);
      return { ...view, marks: [...view.marks, { index: view.last, term }] };`,
      },
    ],
    bounds: ONE_BATCH,
    search: walk,
  },
  {
    rule: '3',
    what: 'a follower acknowledges what it has not synced',
    changes: [
      {
        file: 'consensus/src/following/following.ts',
        from: 'phase.matched ? core.state.log.synced : 0n',
        to: 'phase.matched ? core.state.log.last : 0n',
      },
    ],
    bounds: { ...ONE_BATCH, unsynced: true, crashes: 2 },
    search: walk,
  },
  {
    rule: '3',
    what: 'a leader counts what it has not synced',
    changes: [
      {
        file: 'consensus/src/leading/commit.ts',
        from: 'core.state.log.synced : 0n',
        to: 'core.state.log.last : 0n',
      },
    ],
    bounds: { ...ONE_BATCH, candidates: ['a', 'c'], unsynced: true, crashes: 1 },
    search: { ...walk, steps: 1_000_000 },
  },
  {
    rule: '5',
    what: 'a candidate takes a term that it has voted in',
    quick: true,
    changes: [
      {
        file: 'consensus/src/terms.ts',
        from: 'higher(state.votedTerm, state.seenTerm) + 1n',
        to: 'higher(1n, higher(state.votedTerm, state.seenTerm))',
      },
    ],
    bounds: ONE_BATCH,
    search: near,
  },
  {
    rule: '6',
    what: 'a voter grants a term twice',
    quick: true,
    changes: [
      {
        file: 'consensus/src/elections/granting.ts',
        from: 'if (term > state.votedTerm) {',
        to: 'if (term >= state.votedTerm) {',
      },
    ],
    bounds: ONE_BATCH,
    search: near,
  },
  {
    rule: '6',
    what: 'a leader goes on to lead after it has voted for another node',
    changes: [
      {
        file: 'consensus/src/elections/granting.ts',
        from: "enterTerm(core, term, { type: 'granting', term, candidate: from, life });",
        to: `if (phase.type === 'leading') {
          state.votedTerm = term;
          core.emit({ type: 'storeVote', term });
          const position = positionOf(state.log);
          send(core, from, { type: 'grant', term, life, storeId: core.self.storeId, position });
        } else enterTerm(core, term, { type: 'granting', term, candidate: from, life });`,
      },
    ],
    bounds: ONE_BATCH,
    search: walk,
  },
  {
    rule: '8',
    what: 'a candidate copies logs that are not ahead of its own',
    changes: [
      {
        file: 'consensus/src/elections/counting.ts',
        from: 'failed.includes(name) || !isAhead(position, furthest)',
        to: 'failed.includes(name) || position.index === core.state.log.last',
      },
    ],
    bounds: { ...ABC, nodes: ['a', 'b', 'c', 'd', 'e'], maxTerm: 2, candidates: ['a', 'b'] },
    search: { ...walk, steps: 1_000_000 },
  },
  {
    rule: '9',
    what: 'a candidate that copies does not roll back to the common point',
    changes: [
      {
        file: 'testkit/src/checker/node-model.ts',
        from: `      this.#cut(this.#trie.common(node.log, source));
      node.job = { ...job, matched: true };
    } else if`,
        to: `      node.job = { ...job, matched: true };
    } else if`,
      },
    ],
    bounds: { ...ABC, maxTerm: 4, maxEntries: 5 },
    search: walk,
  },
  {
    rule: '10',
    what: 'a vote counts although its log is ahead',
    changes: [
      {
        file: 'consensus/src/elections/counting.ts',
        from: 'if (!isAhead(grant.position, position)) votes++;',
        to: 'votes++;',
      },
    ],
    bounds: ONE_BATCH,
    search: near,
  },
  {
    rule: '10',
    what: 'votes are not counted again by the configuration that was copied',
    changes: [
      {
        file: 'consensus/src/elections/counting.ts',
        from: 'core.state.log = ownLog(view);',
        to: 'core.state.log = ownLog({ ...view, configurations: core.state.log.configurations });',
      },
    ],
    bounds: { ...ABCD, voters: ['a', 'b', 'c'], maxEntries: 6, maxConfigurations: 3 },
    search: { ...walk, steps: 2_000_000 },
  },
  {
    rule: '12',
    what: 'a leader keeps the unfinished batch at the end of its log',
    quick: true,
    changes: [
      {
        file: 'consensus/src/leading/begin.ts',
        from: `  const cut = batchEndAt(log, log.last);`,
        to: '  const cut = log.last;',
      },
    ],
    bounds: { ...ONE_BATCH, batchSize: 2, maxEntries: 6 },
    search: walk,
  },
  {
    rule: '15',
    what: 'a follower takes entries of a term below its vote',
    changes: [
      {
        file: 'consensus/src/following/following.ts',
        from: `if (term < votedTerm) return refuse(core, from, { term, reason: 'voted' });`,
        to: '',
      },
    ],
    bounds: ONE_BATCH,
    search: near,
  },
  {
    rule: '15',
    what: 'a follower does not roll back to the common point',
    quick: true,
    changes: [
      {
        file: 'testkit/src/checker/node-model.ts',
        from: `      this.#cut(this.#trie.common(node.log, source));
      node.job = { ...job, matched: true };
      this.#machine`,
        to: `      node.job = { ...job, matched: true };
      this.#machine`,
      },
    ],
    bounds: ONE_BATCH,
    search: walk,
  },
  {
    rule: '16',
    what: 'acknowledgements of an earlier term count',
    changes: [
      { file: 'consensus/src/leading/commit.ts', from: ' || ack.term !== phase.term', to: '' },
    ],
    bounds: {
      ...ONE_BATCH,
      candidates: ['a', 'b'],
      keepOldAcknowledgements: true,
      unsynced: true,
      crashes: 1,
    },
    search: { ...walk, steps: 1_000_000 },
  },
  {
    rule: '17',
    what: 'half a batch is committed',
    changes: [
      {
        file: 'consensus/src/leading/commit.ts',
        from: 'const end = batchEndAt(log, byMajority);',
        to: 'const end = byMajority;',
      },
    ],
    bounds: { ...ONE_BATCH, batchSize: 2, maxEntries: 6 },
    search: near,
  },
  {
    rule: '17',
    what: 'entries of earlier terms are committed without one of the own term',
    quick: true,
    changes: [{ file: 'consensus/src/leading/commit.ts', from: 'end < phase.mark || ', to: '' }],
    bounds: { ...ABC, maxTerm: 4, maxEntries: 3, candidates: ['a', 'b'] },
    search: {
      trace: [
        'a: campaign',
        'b receives voteRequest 1 of a',
        'b: campaign',
        'a receives grant 1 of b',
        'a: campaign',
        'a: campaign',
        'c receives voteRequest 2 of b',
        'b receives grant 2 of c',
        'b: campaign',
        'b: campaign',
        'c receives voteRequest 3 of a',
        'a receives grant 3 of c',
        'c hears a, the leader of term 3, commit 0',
        'c: follow',
        'c: follow',
        'c receives voteRequest 4 of b',
        'b receives grant 4 of c',
        'a receives acknowledgement 3 2 of c',
      ],
    },
  },
  {
    rule: '17',
    what: 'less than a majority is enough',
    quick: true,
    changes: [
      {
        file: 'consensus/src/log/configuration.ts',
        from: 'Math.floor(voters.length / 2) + 1',
        to: 'Math.ceil(voters.length / 2)',
      },
    ],
    bounds: { ...ABCD, maxBatches: 1 },
    search: near,
  },
  {
    rule: '18',
    what: 'a follower commits what it has not compared with its leader',
    quick: true,
    changes: [
      {
        file: 'consensus/src/following/following.ts',
        from: 'if (phase === undefined || !phase.matched) return;',
        to: 'if (phase === undefined) return;',
      },
    ],
    bounds: ONE_BATCH,
    search: walk,
  },
  {
    rule: '19a',
    what: 'voters are changed before the mark of the term is committed',
    changes: [
      {
        file: 'consensus/src/leading/change-voters.ts',
        from: 'if (commit < phase.mark || commit < log.configurations.at(-1)!.index) return;',
        to: 'if (commit < log.configurations.at(-1)!.index && log.configurations.at(-1)!.index > phase.mark) return;',
      },
    ],
    bounds: { ...ABCD, maxTerm: 4, maxEntries: 6, maxConfigurations: 3 },
    search: { ...walk, steps: 2_000_000 },
  },
  {
    rule: '19b',
    what: 'voters are changed before the last change is committed',
    changes: [
      {
        file: 'consensus/src/leading/change-voters.ts',
        from: 'if (commit < phase.mark || commit < log.configurations.at(-1)!.index) return;',
        to: 'if (commit < phase.mark) return;',
      },
    ],
    bounds: { ...ABCD, maxTerm: 2, maxEntries: 5, maxConfigurations: 4, candidates: ['a', 'b'] },
    search: { ...walk, steps: 1_000_000 },
  },
  {
    rule: '19c',
    what: 'two voters are removed in one entry',
    quick: true,
    changes: [
      {
        file: 'consensus/src/leading/change-voters.ts',
        from: 'return change && changed(configurationInForce(core.state.log)!, change);',
        to: `const before = configurationInForce(core.state.log)!;
          const next = change && changed(before, change);
          const other = next?.voters.find((voter) => voter.name !== core.self.name);
          return next && other && 'remove' in step ? changed(next, { remove: other.name }) : next;`,
      },
    ],
    bounds: { ...ABC, maxConfigurations: 2 },
    search: walk,
  },
  {
    rule: '20',
    what: 'a voter is replaced in one entry',
    changes: [
      {
        file: 'consensus/src/leading/change-voters.ts',
        from: 'return change && changed(configurationInForce(core.state.log)!, change);',
        to: `const before = configurationInForce(core.state.log)!;
      const next = change && changed(before, change);
      const leaves = before.voters.find((voter) => voter.name !== core.self.name)!.name;
      return 'add' in step && next ? changed(next, { remove: leaves }) : next;`,
      },
    ],
    bounds: { ...ABCD, voters: ['a', 'b', 'c'], maxEntries: 6, maxConfigurations: 3 },
    search: { ...walk, steps: 2_000_000 },
  },
  {
    rule: '22',
    what: 'a leader counts itself after it has removed itself',
    changes: [
      {
        file: 'consensus/src/leading/commit.ts',
        from: 'const held = configuration.voters.map((voter) => heldBy(core, voter));',
        to: `const held = configuration.voters.map((voter) => heldBy(core, voter));
      if (!isVoter(configuration, core.self)) held.push(log.synced);`,
      },
    ],
    bounds: {
      ...ABCD,
      maxTerm: 2,
      maxBatches: 1,
      maxEntries: 4,
      maxConfigurations: 2,
      changes: ['a'],
      candidates: ['a', 'c'],
    },
    search: {
      ...walk,
      steps: 1_000_000,
      depth: 80,
      weights: { campaign: 0.03, remove: 3, append: 3 },
    },
  },
  {
    rule: '24',
    what: 'a majority is enough to found a cluster',
    quick: true,
    changes: [
      {
        file: 'consensus/src/elections/counting.ts',
        from: 'return options.founding!.every(',
        to: 'return options.founding!.slice(0, -1).every(',
      },
      {
        file: 'consensus/src/leading/begin.ts',
        from: 'grants[name]!.storeId',
        to: 'grants[name]?.storeId ?? name',
      },
    ],
    bounds: { ...ONE_BATCH, founding: true, wipes: 1 },
    search: walk,
  },
  {
    rule: '24',
    what: 'founding voters may have logs',
    quick: true,
    changes: [
      {
        file: 'consensus/src/elections/counting.ts',
        from: 'phase.grants[name]?.position.index === 0n',
        to: 'phase.grants[name] !== undefined',
      },
    ],
    bounds: { ...ONE_BATCH, founding: true, wipes: 1 },
    search: walk,
  },
  {
    rule: '24',
    what: 'any voter may found the cluster',
    quick: true,
    changes: [
      {
        file: 'consensus/src/elections/election-timer.ts',
        from: 'options.founding?.[0] === self.name',
        to: 'options.founding?.includes(self.name) === true',
      },
    ],
    bounds: { ...ABC, founding: true, wipes: 1 },
    search: {
      trace: [
        'a: campaign',
        'b receives voteRequest 1 of a',
        'c receives voteRequest 1 of a',
        'a receives grant 1 of b',
        'a receives grant 1 of c',
        'b: campaign',
        'c receives voteRequest 2 of b',
        'b receives grant 2 of c',
        'c: campaign',
        'a receives voteRequest 3 of c',
        'c receives grant 3 of a',
        'c: copy',
        'c: copy',
        'c: copy',
        'a hears c, the leader of term 3, commit 0',
        'a: follow',
        'a: follow',
        'c receives acknowledgement 3 3 of a',
        'a: wipe',
        'a receives voteRequest 2 of b',
        'b receives grant 2 of a',
        'a hears b, the leader of term 2, commit 0',
        'a: follow',
        'a: follow',
        'a: follow',
        'b receives acknowledgement 2 2 of a',
      ],
    },
  },
  {
    rule: '24',
    what: 'a founder counts votes for its earlier process',
    changes: [
      {
        file: 'consensus/src/elections/counting.ts',
        from: 'grant.life !== core.options.life || ',
        to: '',
      },
      {
        file: 'testkit/src/checker/cluster-model.ts',
        from: 'message.life === String(receiver.life) &&',
        to: '',
      },
    ],
    quick: true,
    bounds: { ...ONE_BATCH, founding: true, wipes: 1 },
    search: walk,
  },
  {
    rule: '25',
    what: 'a voter that has lost its store votes like before',
    quick: true,
    changes: [
      {
        file: 'consensus/src/elections/counting.ts',
        from: 'if (!isVoter(configuration, { name, storeId: grant.storeId })) continue;',
        to: 'if (!configuration.voters.some((voter) => voter.name === name)) continue;',
      },
    ],
    bounds: { ...ONE_BATCH, wipes: 1 },
    search: walk,
  },
  {
    rule: '25',
    what: 'acknowledgements count whatever store they are of',
    changes: [
      {
        file: 'consensus/src/leading/commit.ts',
        from: 'return progress?.storeId === storeId ? progress.index : 0n;',
        to: 'return progress?.index ?? 0n;',
      },
      {
        file: 'consensus/src/leading/commit.ts',
        from: 'if (!isVoter(configuration, { name: from, storeId })',
        to: 'if (voterNamed(configuration, from) === undefined',
      },
    ],
    bounds: { ...ONE_BATCH, wipes: 1 },
    search: walk,
  },
];
