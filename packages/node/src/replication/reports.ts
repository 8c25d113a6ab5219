import type { ConsensusReport, RefusalReason, StepDownReason } from '@shoal/consensus';
import { NodeError } from '../errors.ts';
import { formatTerm } from '../votes/term.ts';

/** Why this node no longer leads, as waiting appends get it. */
export function stepDownError(term: bigint, reason: StepDownReason): NodeError {
  return new NodeError('fenced', `${STEP_DOWN[reason]} (term ${formatTerm(term)})`);
}

const STEP_DOWN: Readonly<Record<StepDownReason, string>> = {
  'later-term': 'a node has voted in a later term than this leadership',
  'no-majority': 'no majority of the voters has answered this leader lately',
  'not-chosen': 'this node is no longer chosen to lead',
  removed: 'this node is no longer a voter',
  resigned: 'this node has given up its leadership',
};

const REFUSALS: Readonly<Record<RefusalReason, string>> = {
  voted: 'has voted otherwise',
  'other-log': 'has the log of another cluster: start it with an empty directory',
  'other-voters': 'founds a cluster of other voters: give all of them the same list',
  'impossible-term': 'names a term that is too far above all that this node knows',
};

/** What a report about another node, or about a choice, means to the user; undefined: nothing. */
export function refusal(report: ConsensusReport): NodeError | undefined {
  switch (report.type) {
    case 'refused': {
      const code = report.reason === 'impossible-term' ? 'impossible-term' : 'other-cluster';
      return new NodeError(code, `${report.name} ${REFUSALS[report.reason]}`);
    }
    case 'otherStore': {
      const text = `${report.name} has lost the store with which it is a voter`;
      const remedy = `changeVoters({ remove: ['${report.name}'], add: ['${report.name}'] })`;
      return new NodeError('other-store', `${text}: make it one again by ${remedy}`);
    }
    case 'chosenButNoVoter':
      return new NodeError('leadership', 'this node is chosen to lead, but is not a voter');
    case 'chosenButLed': {
      const text = `this node is chosen to lead, but ${report.leader} leads in the same epoch`;
      return new NodeError('leadership', `${text}: choose one of them, with a higher epoch`);
    }
    case 'choicePassed': {
      const voted = formatTerm(report.votedTerm);
      const text = `this node is chosen to lead in terms that have passed: ${voted} is voted in`;
      return new NodeError('leadership', `${text}; the next choice needs a higher epoch`);
    }
    default:
      return undefined;
  }
}
