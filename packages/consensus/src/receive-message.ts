import { type Core, report } from './core.ts';
import { campaign, refused } from './elections/candidacy.ts';
import { receiveGrant } from './elections/counting.ts';
import { armElection } from './elections/election-timer.ts';
import { receiveVoteRequest } from './elections/granting.ts';
import { receivePreVoteReply, receivePreVoteRequest } from './elections/pre-vote.ts';
import { receiveHeartbeat } from './following/following.ts';
import { receiveAcknowledgement } from './leading/commit.ts';
import { isAdding } from './leading/pending-change.ts';
import { receiveCampaignNow } from './leading/transfer.ts';
import { isVoter } from './log/configuration.ts';
import { configurationInForce } from './log/log-view.ts';
import type { Message, Refusal } from './messages.ts';
import { change, noteTerm } from './terms.ts';

/** Takes a message of another node. Never throws. */
export function receiveMessage(core: Core, from: string, message: Message): void {
  if (from === core.self.name) return;
  switch (message.type) {
    case 'preVoteRequest':
      return receivePreVoteRequest(core, from, message);
    case 'preVoteReply':
      return receivePreVoteReply(core, from, message);
    case 'voteRequest':
      return receiveVoteRequest(core, from, message);
    case 'grant':
      return receiveGrant(core, from, message);
    case 'refusal':
      return receiveRefusal(core, from, message);
    case 'heartbeat':
      return receiveHeartbeat(core, from, message);
    case 'acknowledgement':
      return receiveAcknowledgement(core, from, message);
    case 'campaignNow':
      return receiveCampaignNow(core, from, message);
  }
}

/** Another node has voted in a later term, or belongs to another cluster. */
function receiveRefusal(core: Core, from: string, refusal: Refusal): void {
  const { phase } = core.state;
  const { reason, votedTerm, storeId } = refusal;
  if (!('term' in phase) || phase.term !== refusal.term) return;
  if (reason !== 'voted') report(core, { type: 'refused', name: from, reason });
  if (phase.type === 'campaigning' && phase.asked.includes(from)) {
    noteTerm(core, votedTerm);
    refused(core, refusal);
  }
  // Only a voter, or who is about to be one, deposes a leader.
  if (phase.type !== 'leading' || votedTerm <= phase.term) return;
  const voter = { name: from, storeId };
  const counts = isVoter(configurationInForce(core.state.log), voter) || isAdding(core, from);
  if (!counts) return;
  noteTerm(core, votedTerm);
  if (phase.transfer?.told !== true) return campaign(core, 'later-term');
  // The target campaigns, as it was told to: this node must not outrun it.
  change(core, { type: 'idle' }, 'later-term');
  armElection(core);
}
