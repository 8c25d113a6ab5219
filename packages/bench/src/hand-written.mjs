// The baseline: the same bytes as Shoal's packets, by code that knows only this one packet.

const buffer = new ArrayBuffer(1400);
const view = new DataView(buffer);
const bytes = new Uint8Array(buffer);
const STATES = ['alive', 'suspect', 'down'];

function writeKey(at, id) {
  const { address, generation } = id;
  const { length } = address;
  let p = at;
  bytes[p++] = length;
  for (let i = 0; i < length; i++) bytes[p + i] = address.charCodeAt(i);
  p += length;
  view.setUint16(p, (generation / 0x1_0000_0000) | 0);
  view.setUint32(p + 2, generation >>> 0);
  return p + 6;
}

function writeIdentity(at, id) {
  let p = writeKey(at, id);
  bytes[p++] = id.metadata.length;
  bytes.set(id.metadata, p);
  return p + id.metadata.length;
}

function writeVarint(at, value) {
  let p = at;
  let rest = value;
  while (rest > 127) {
    bytes[p++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  bytes[p++] = rest;
  return p;
}

export function encode(tag, packet) {
  const { header, members } = packet;
  bytes[0] = 0xa5;
  bytes[1] = 1;
  view.setUint32(2, tag);
  let p = writeIdentity(6, header.src);
  p = writeVarint(p, header.srcIncarnation);
  p = writeKey(p, header.dst);
  bytes[p++] = 0;
  view.setUint32(p, header.message.probeNumber);
  view.setUint16(p + 4, members.length);
  p += 6;
  for (let i = 0; i < members.length; i++) {
    const member = members[i];
    bytes[p++] = member.state === 'alive' ? 0 : member.state === 'suspect' ? 1 : 2;
    p = writeIdentity(p, member.id);
    p = writeVarint(p, member.incarnation);
  }
  return bytes.slice(0, p);
}

let at = 0;

function readKey(input, dv) {
  const length = input[at++];
  let address = '';
  for (let i = 0; i < length; i++) address += String.fromCharCode(input[at + i]);
  at += length;
  const generation = dv.getUint16(at) * 0x1_0000_0000 + dv.getUint32(at + 2);
  at += 6;
  return { address, generation, metadata: EMPTY };
}

function readIdentity(input, dv) {
  const id = readKey(input, dv);
  const size = input[at++];
  if (size > 0) {
    id.metadata = input.slice(at, at + size);
    at += size;
  }
  return id;
}

const EMPTY = new Uint8Array(0);

function readVarint(input) {
  let value = 0;
  let shift = 0;
  for (;;) {
    const byte = input[at++];
    value |= (byte & 127) << shift;
    if (byte < 128) return value >>> 0;
    shift += 7;
  }
}

export function decode(tag, input) {
  const dv = new DataView(input.buffer, input.byteOffset, input.byteLength);
  if (input[0] !== 0xa5 || input[1] !== 1 || dv.getUint32(2) !== tag) throw new Error('not ours');
  at = 6;
  const src = readIdentity(input, dv);
  const srcIncarnation = readVarint(input);
  const dst = readKey(input, dv);
  if (input[at++] !== 0) throw new Error('not a ping');
  const probeNumber = dv.getUint32(at);
  const count = dv.getUint16(at + 4);
  at += 6;
  const members = new Array(count);
  for (let i = 0; i < count; i++) {
    const state = STATES[input[at++]];
    const id = readIdentity(input, dv);
    members[i] = { id, incarnation: readVarint(input), state };
  }
  return { header: { src, srcIncarnation, dst, message: { type: 'ping', probeNumber } }, members };
}
