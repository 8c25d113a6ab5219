import { hostFamily } from '@shoal/transport/internal';

/** The IP version of a socket: 4, 6, or 0 for an IPv6 socket that speaks IPv4 as well. */
export type IpFamily = 0 | 4 | 6;

/** An IP address in the form that a socket takes; undefined if the socket does not support it. */
export function addressForSocket(ip: string, family: IpFamily): string | undefined {
  if (hostFamily(ip) === 6) return family === 4 ? undefined : ip;
  if (family === 4) return ip;
  return family === 0 ? `::ffff:${ip}` : undefined;
}
