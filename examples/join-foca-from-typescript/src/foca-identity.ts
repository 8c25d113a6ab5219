import type { IdentityTraits } from '@shoal/membership';
import { focaCodec, type SwimCodec } from '@shoal/wire';
import * as postcard from '@shoal/wire/postcard';

// The declaration on the Rust side:
//
//   #[derive(Serialize, Deserialize, ...)]
//   struct Peer { addr: SocketAddr, bump: u64 }
//
//   impl Identity for Peer {
//       fn renew(&self) -> Option<Self> { Some(Peer { bump: self.bump + 1, ..*self }) }
//       fn addr(&self) -> SocketAddr { self.addr }
//       fn win_addr_conflict(&self, other: &Self) -> bool { self.bump > other.bump }
//   }

export interface Peer {
  readonly addr: string;
  readonly bump: bigint;
}

/** foca's packets with this identity, in the format that the cluster uses: here postcard. */
export const codec: SwimCodec<Peer> = focaCodec({
  format: postcard,
  identity: postcard.struct({ addr: postcard.socketAddress, bump: postcard.u64 }),
});

/** The counterpart of foca's trait `Identity`. */
export const traits: IdentityTraits<Peer> = {
  address: (peer) => peer.addr,
  equals: (a, b) => a.addr === b.addr && a.bump === b.bump,
  wins: (a, b) => a.bump > b.bump,
  renew: (peer, rival) => {
    const highest = rival && rival.bump > peer.bump ? rival.bump : peer.bump;
    return { addr: peer.addr, bump: highest + 1n };
  },
};
