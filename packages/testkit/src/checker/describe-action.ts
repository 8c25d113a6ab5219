import type { CheckBounds } from './bounds.ts';
import type { ClusterAction } from './cluster-model.ts';

/** What happens, for people. Different things that can happen in a state have different texts. */
export function describeAction({ nodes }: CheckBounds, { node, input }: ClusterAction): string {
  const name = nodes[node]!;
  switch (input.type) {
    case 'receive': {
      const { from, message } = input.packet;
      const index = 'index' in message ? ` ${message.index}` : '';
      return `${name} receives ${message.type} ${message.term}${index} of ${from}`;
    }
    case 'heartbeat':
      return `${name} hears ${input.from}, the leader of term ${input.term}, commit ${input.commit}`;
    case 'add':
    case 'remove':
      return `${name} is to ${input.type} ${input.voter}`;
    case 'crash':
      return `${name} crashes and keeps ${input.keeps} entries`;
    default:
      return `${name}: ${input.type}`;
  }
}
