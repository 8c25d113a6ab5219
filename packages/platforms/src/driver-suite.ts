import { local } from '@shoal/membership';
import { startMembership } from '@shoal/membership/driver';
import { MemoryLog } from '@shoal/syncup';
import { startReplica } from '@shoal/syncup/driver';
import type { TestRunner } from '@shoal/testkit/conformance';
import { createGatewayTransport, createWebSocketTransport } from '@shoal/transport-websocket';
import type { ControlClient } from './control-client.ts';
import type { ClusterInfo } from './control-protocol.ts';
import { entries } from './log-entries.ts';

/** Runs the drivers in the platform, against a cluster in Node. */
export function driverSuite(runner: TestRunner, control: ControlClient): void {
  const start = async (): Promise<ClusterInfo> =>
    (await control.ask({ type: 'cluster' }, 'cluster')).answer.cluster;

  runner.describe('the drivers', () => {
    runner.it('make a member that sees every member, and leaves', async () => {
      const { door, members } = await start();
      const transport = await createGatewayTransport({
        transport: createWebSocketTransport(),
        gateways: [door],
      });
      const membership = startMembership({ transport, seeds: members, config: local() });
      const wanted = new Set(members);
      await new Promise<void>((resolve) => {
        membership.on('memberUp', ({ member }) => {
          wanted.delete(member.id.address);
          if (wanted.size === 0) resolve();
        });
      });
      await membership.leave();
      await membership.close();
    });

    runner.it('make a replica that gives up a diverged tail and follows', async () => {
      const { feeder, last, digest } = await start();
      const log = new MemoryLog();
      await log.append([...entries(1, 600, 'the feeder'), ...entries(601, 650, 'itself')]);
      const transport = createWebSocketTransport();
      const rollbacks: string[] = [];
      const replica = startReplica({
        log,
        dial: (options) => transport.dial(feeder, options),
        onRollback: ({ matchpoint, discarded }) => {
          rollbacks.push(`${matchpoint}: ${discarded.first}..${discarded.last}`);
        },
      });
      await replica.applied(BigInt(last));
      await replica.close();
      if (log.digest() !== digest) throw new Error('the logs differ');
      if (rollbacks.join() !== '600: 601..650') throw new Error(`rolled back ${rollbacks.join()}`);
    });
  });
}
