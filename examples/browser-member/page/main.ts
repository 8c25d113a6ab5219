import type { ClusterInfo } from '../src/protocol.ts';
import { gatewayOf, profileOf, viewMembers } from './cluster-view.ts';
import { LogView } from './log-view.ts';
import { joinCluster, type PageMember } from './member.ts';
import { MemberTable } from './member-table.ts';
import { News } from './news.ts';
import { PageLog } from './replica.ts';
import { Ring } from './ring.ts';

/** How often to poll what reports no changes, in ms. */
const LOOK = 500;

const name = `tab-${crypto.randomUUID().slice(0, 6)}`;
const cluster = (await (await fetch('cluster.json')).json()) as ClusterInfo;
const news = new News(document);
const member = await joinCluster(cluster, name);
const { membership, transport } = member;
const ring = new Ring(document);
const table = new MemberTable(document, (node, action) => void act(node, action));
const logView = new LogView(document);
const log = new PageLog(cluster, name, renderSoon);
const rtts = new Map<string, number>();

let isPlanned = false;
let wasLinked = true;

tellEvents(member);
setInterval(renderSoon, LOOK);
renderSoon();

/** Draws at most once per frame, however much happens. */
function renderSoon(): void {
  if (isPlanned) return;
  isPlanned = true;
  requestAnimationFrame(() => {
    isPlanned = false;
    render();
  });
}

function render(): void {
  const { isConnected } = transport;
  if (wasLinked && !isConnected) news.tell('lost', 'the gateway is gone, looking for another');
  wasLinked = isConnected;
  const members = viewMembers(member, cluster, rtts);
  ring.render(members, isConnected);
  table.render(members);
  logView.render(log);
  renderLink(isConnected);
}

function renderLink(isConnected: boolean): void {
  const gateway = gatewayName(membership.identity.address);
  document.body.dataset['link'] = isConnected ? gateway : 'none';
  const text = isConnected ? `member through ${gateway}` : 'no gateway, looking for one';
  const pill = document.querySelector('#link')!;
  if (pill.textContent !== text) pill.textContent = text;
}

function gatewayName(address: string): string {
  const found = cluster.nodes.find((node) => node.address === gatewayOf(address));
  return found?.name ?? gatewayOf(address);
}

function tellEvents({ membership, transport }: PageMember): void {
  membership.on('memberUp', ({ member: { id } }) => news.tell('up', `${profileOf(id).name} is up`));
  membership.on('memberDown', ({ member: { id }, reason }) => {
    const { name, role } = profileOf(id);
    if (role === 'page' && reason === 'left') news.tell('left', `${name} has left`);
    else news.tell('down', `${name} ${reason === 'left' ? 'has left' : 'is down'}`);
  });
  membership.on('memberSuspected', ({ member: { id } }) => {
    news.tell('suspected', `${profileOf(id).name} is suspected`);
  });
  membership.on('memberRefuted', ({ member: { id } }) => {
    news.tell('up', `${profileOf(id).name} has objected: it is alive`);
  });
  membership.on('probe', ({ target, outcome, rtt }) => {
    if (rtt !== undefined) rtts.set(target.address, rtt);
    ring.probe(target.address, outcome !== 'failed');
  });
  for (const type of ['memberUp', 'memberDown', 'memberSuspected', 'memberRefuted'] as const) {
    membership.on(type, renderSoon);
  }
  transport.on('addressChanged', ({ address }) => {
    news.tell('up', `back through ${gatewayName(address)}, at another address`);
    renderSoon();
  });
}

/** Asks the server to kill or restart the process of a node. */
async function act(node: string, action: 'kill' | 'start'): Promise<void> {
  news.tell(action, action === 'kill' ? `SIGKILL for ${node}` : `${node} is started`);
  await fetch(`nodes/${node}/${action}`, { method: 'POST' });
}
