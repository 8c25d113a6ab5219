import { type Core, phaseOf, report, send } from '../core.ts';
import { campaign } from '../elections/candidacy.ts';
import { ConsensusError } from '../errors.ts';
import { voterNamed } from '../log/configuration.ts';
import { configurationInForce } from '../log/log-view.ts';
import type { CampaignNow } from '../messages.ts';

/**
 * Begins to hand over to another voter. Stop taking proposals until it has ended. Throws `argument`,
 * `not-leader` or `busy`. Source: Raft thesis, 3.10.
 */
export function transferLeadership(
  core: Core,
  { to, timeout }: { readonly to: string; readonly timeout: number },
): void {
  const phase = phaseOf(core, 'leading');
  if (phase?.mark === undefined) throw new ConsensusError('not-leader', 'this node does not lead');
  if (phase.transfer) throw new ConsensusError('busy', `handing over to ${phase.transfer.to}`);
  const voter = voterNamed(configurationInForce(core.state.log), to);
  if (voter === undefined || to === core.self.name) {
    throw new ConsensusError('argument', `${to} is not another voter`);
  }
  phase.transfer = { to, deadline: core.now + timeout, told: false };
  advanceTransfer(core);
}

/** Tells the target to campaign once it holds the whole log. */
export function advanceTransfer(core: Core): void {
  const phase = phaseOf(core, 'leading');
  const transfer = phase?.transfer;
  if (phase === undefined || transfer === undefined || transfer.told) return;
  const held = phase.progress[transfer.to]?.index;
  if (held === undefined || held < core.state.log.last) return;
  transfer.told = true;
  send(core, transfer.to, { type: 'campaignNow', term: phase.term });
}

/** Goes on to lead if the target has not taken over in time. */
export function checkTransferDeadline(core: Core): void {
  const phase = phaseOf(core, 'leading');
  if (phase?.transfer === undefined || core.now < phase.transfer.deadline) return;
  report(core, { type: 'transferFailed', to: phase.transfer.to });
  phase.transfer = undefined;
}

/** The leader hands over to this node. */
export function receiveCampaignNow(core: Core, from: string, { term }: CampaignNow): void {
  const phase = phaseOf(core, 'following');
  if (phase?.leader === from && phase.term === term) campaign(core);
}
