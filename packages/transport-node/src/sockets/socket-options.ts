import type { Socket, TcpNetConnectOpts } from 'node:net';
import { formatAddress } from '@shoal/transport';
import type { StreamLimits } from './stream-options.ts';

/** The options that every TCP socket is created with. */
export function socketOptions(
  limits: StreamLimits,
): Pick<TcpNetConnectOpts, 'allowHalfOpen' | 'noDelay' | 'keepAlive' | 'keepAliveInitialDelay'> {
  return {
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: limits.keepAlive > 0,
    keepAliveInitialDelay: limits.keepAlive,
  };
}

/** The canonical address of the peer; undefined if the socket is closed already. */
export function remoteAddress(socket: Socket): string | undefined {
  const { remoteAddress: host, remotePort: port } = socket;
  return host === undefined || port === undefined ? undefined : formatAddress({ host, port });
}
