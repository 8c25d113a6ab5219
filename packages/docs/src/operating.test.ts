import { readdirSync } from 'node:fs';
import { MEMBERSHIP_CHANNELS } from '@shoal/membership/diagnostics';
import { startMembership } from '@shoal/membership/driver';
import { createNode } from '@shoal/node';
import { NODE_CHANNELS } from '@shoal/node/diagnostics';
import { createUdpTransport, encryptDatagrams, Keyring } from '@shoal/transport-node';
import { createGateway, createWebSocketServerTransport } from '@shoal/transport-websocket/server';
import { describe, expect, it } from 'vitest';
import { publishedPackages } from '../site/pages.mjs';
import { ROOT, read } from './pages.ts';

const page = read('docs/operating.md');

/** The section under a heading, up to the next heading of the same level or above. */
function section(heading: string): string {
  const [, marks, rest] = new RegExp(`^(#+) ${heading}\n([\\s\\S]*)`, 'm').exec(page)!;
  return rest!.split(new RegExp(`^#{1,${marks!.length}} `, 'm'))[0]!;
}

/** The names in the first columns of the tables of a section. */
function named(text: string): string[] {
  const columns = [...text.matchAll(/^\| (`[^|]*) \|/gm)].map(([, column]) => column!);
  return columns.flatMap((column) => [...column.matchAll(/`([^`]+)`/g)].map(([, name]) => name!));
}

/** The sources of all published packages. */
function sources(): string[] {
  return publishedPackages().flatMap((name) =>
    readdirSync(new URL(`packages/${name}/src/`, ROOT), { encoding: 'utf8', recursive: true })
      .filter((file) => file.endsWith('.ts') && !/\.(test|test-helper)\.ts$/.test(file))
      .map((file) => read(`packages/${name}/src/${file}`)),
  );
}

/** The types in a union of events, as the source of a driver has it. */
function typesOf(file: string, name: string): string[] {
  const [, union] = new RegExp(`type ${name} =\\n([\\s\\S]*?)\\n\\n`).exec(read(file))!;
  return [...union!.matchAll(/readonly type: '(\w+)'/g)].map(([, type]) => type!);
}

describe('docs/operating.md', () => {
  it('explains exactly the counters that exist', async () => {
    const udp = await createUdpTransport({ bind: '127.0.0.1:0' });
    const keyring = new Keyring(new Uint8Array(32));
    const encrypted = encryptDatagrams(udp, { keyring, label: 'test' });
    const listener = await createWebSocketServerTransport().listen('127.0.0.1:0');
    const gateway = createGateway({ udp: encrypted, listener });
    const membership = startMembership({ transport: gateway });
    const node = await createNode({ name: 'a', bind: '127.0.0.1:0' });
    const { refused, ...handshakes } = listener.stats();
    const refusals = Object.entries(refused).map(([reason, count]) => [`refused.${reason}`, count]);
    const stats = {
      'WebSocket listener': { ...handshakes, ...Object.fromEntries(refusals) },
      Membership: membership.stats(),
      UDP: udp.stats(),
      Encryption: encrypted.stats(),
      Gateway: gateway.stats(),
      Node: node.stats(),
    };
    await Promise.all([membership.close(), node.close()]);
    for (const [heading, counters] of Object.entries(stats)) {
      expect(named(section(heading)).sort(), heading).toEqual(Object.keys(counters).sort());
    }
  });

  it('covers every type that has stats', () => {
    const types = sources().flatMap((source) =>
      [...source.matchAll(/^ {2}stats\(\): (\w+)/gm)].map(([, type]) => type!),
    );
    // The network in memory and the simulator are for tests.
    const known = [
      ...['Driver', 'Swim', 'Udp', 'Encryption', 'WebSocketListener', 'Gateway', 'Node'],
      'MemoryNetwork',
    ];
    expect(new Set(types)).toEqual(new Set(known.map((name) => `${name}Stats`)));
  });

  it('lists exactly the diagnostics channels that exist', () => {
    const listed = section('Diagnostics channels').split('The channels:')[1]!;
    const channels = [...listed.matchAll(/`(shoal:[^`]+)`/g)].map(([, channel]) => channel!);
    expect(channels.sort()).toEqual([...MEMBERSHIP_CHANNELS, ...NODE_CHANNELS].sort());
  });

  it('explains every event', () => {
    const types = (channels: readonly string[]): string[] =>
      channels.map((channel) => channel.split(':')[2]!).sort();
    expect(named(section('Events of a membership')).sort()).toEqual(types(MEMBERSHIP_CHANNELS));
    expect(named(section('Events of a node')).sort()).toEqual(types(NODE_CHANNELS));
    const replication = section('Replication');
    const [replica, feeder] = replication.split('Events of a feeder');
    const driver = 'packages/syncup/src/driver/';
    expect(named(replica!)).toEqual(typesOf(`${driver}replica/replica-options.ts`, 'ReplicaEvent'));
    expect(named(feeder!.split('end a replica: ')[0]!)).toEqual(
      typesOf(`${driver}feeder/feeder-options.ts`, 'FeederEvent'),
    );
  });

  it('lists every error that ends a replica', () => {
    const [, codes] = /FATAL[\s\S]*?new Set\(\[([^\]]*)\]/.exec(
      read('packages/syncup/src/driver/replica/replica-options.ts'),
    )!;
    const fatal = [...codes!.matchAll(/'([^']+)'/g)].map(([, code]) => code!);
    const listed = named(section('Replication').split('end a replica: ')[1]!);
    expect([...listed, 'closed'].sort()).toEqual(fatal.sort());
  });
});
