import { randomBytes } from 'node:crypto';
import { encryptDatagrams, KEY_LENGTH, Keyring } from '../dist/index.js';

/** Where the random part of the session is in a datagram, and how long it is. */
const SESSION = [7, 10];

/** A transport in memory: what is sent is collected, and what is fed is received. */
class Wire {
  localAddress = '127.0.0.1:1';
  maxDatagramSize = 1500;
  sent = [];
  feed = () => {};

  send(_to, bytes) {
    this.sent.push(bytes);
    return true;
  }

  receive(handler) {
    this.feed = handler;
  }

  async close() {}
}

/** Takes in genuine datagrams, and as many that `forge` has changed. */
export function openings(size, count, forge) {
  const keyring = new Keyring(randomBytes(KEY_LENGTH));
  const options = { keyring, label: 'bench' };
  const wire = new Wire();
  const sender = encryptDatagrams(wire, options);
  const plain = new Uint8Array(size).fill(1);
  const take = (bytes) => {
    const receiving = new Wire();
    let received = 0;
    const receiver = encryptDatagrams(receiving, options);
    receiver.receive(() => received++);
    return {
      // The sender is known after its first datagram.
      prepare: () => receiving.feed('127.0.0.1:2', wire.sent[0]),
      run() {
        for (const datagram of bytes()) receiving.feed('127.0.0.1:2', datagram);
        return count;
      },
      received: () => received,
    };
  };
  const seal = () => {
    wire.sent.length = 0;
    for (let i = 0; i <= count; i++) sender.send('127.0.0.1:3', plain);
    return wire.sent;
  };
  let next;
  const genuine = take(() => next);
  const forged = take(() => next);
  const measured = ({ prepare, run }, make) => ({
    async close() {},
    run: Object.assign(async () => run(), {
      prepare() {
        const sealed = seal();
        prepare();
        next = sealed.slice(1).map(make);
      },
    }),
  });
  return {
    genuine: measured(genuine, (bytes) => bytes),
    forged: measured(forged, (bytes) => forge(Uint8Array.from(bytes))),
  };
}

/** As of a sender that nobody knows. */
export function otherSession(bytes) {
  crypto.getRandomValues(bytes.subarray(SESSION[0], SESSION[0] + SESSION[1]));
  return bytes;
}

/** As of a sender that is known. */
export function otherTag(bytes) {
  bytes[bytes.length - 1] ^= 1;
  return bytes;
}
