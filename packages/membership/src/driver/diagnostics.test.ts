import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it } from 'vitest';
import { startMembership } from '../driver.ts';
import {
  MEMBERSHIP_CHANNELS,
  type MembershipDiagnostic,
  publishDiagnostics,
} from './diagnostics.ts';
import { Hub } from './hub.test-helper.ts';

describe('publishDiagnostics', () => {
  it('publishes events on channels by their type, until it is stopped', async () => {
    const hub = new Hub();
    const a = startMembership({ transport: hub.open('a:1') });
    const b = startMembership({ transport: hub.open('b:1'), seeds: ['a:1'] });
    const published: MembershipDiagnostic[] = [];
    const take = (message: unknown): void => void published.push(message as MembershipDiagnostic);
    subscribe('shoal:membership:memberUp', take);
    const stop = publishDiagnostics(a);
    await Promise.all([a.active(), b.active()]);
    unsubscribe('shoal:membership:memberUp', take);
    expect(published).toEqual([
      { membership: a, event: { type: 'memberUp', member: a.memberAt('b:1') } },
    ]);
    expect(published[0]!.membership).toBe(a);
    subscribe('shoal:membership:memberDown', take);
    stop();
    const down = new Promise((resolve) => a.on('memberDown', resolve));
    await Promise.all([b.leave(), down]);
    unsubscribe('shoal:membership:memberDown', take);
    expect(published.length).toBe(1);
    await Promise.all([a.close(), b.close()]);
  });

  it('has a channel for each event that the README lists', async () => {
    const { readFile } = await import('node:fs/promises');
    const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
    const table = /\| event [\s\S]*?\n\n/.exec(readme)![0];
    const listed = table.split('\n').flatMap((row) => {
      return [...(row.split('|')[1]?.matchAll(/`(\w+)`/g) ?? [])].map(([, type]) => type!);
    });
    expect(listed.map((type) => `shoal:membership:${type}`).sort()).toEqual(
      [...MEMBERSHIP_CHANNELS].sort(),
    );
  });
});
