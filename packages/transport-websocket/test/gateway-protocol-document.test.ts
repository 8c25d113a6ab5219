import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { wrap } from '../src/protocol/envelope.ts';
import { encodeGatewayMessage } from '../src/protocol/gateway-message.ts';

describe('docs/gateway-protocol.md', () => {
  const doc = readFileSync(new URL('../../../docs/gateway-protocol.md', import.meta.url), 'utf8');
  const examples = new Map(
    [...doc.matchAll(/^```hex (\w+)\n([\s\S]*?)^```/gm)].map(([, title, body]) => {
      const hex = body!.replace(/#.*$/gm, '').replace(/\s+/g, '');
      return [title!, Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))];
    }),
  );
  const data = Uint8Array.of(0xa5, 0x01, 0x02, 0x03);
  const secret = Uint8Array.from({ length: 16 }, (_, i) => i);
  const expected: Record<string, Uint8Array> = {
    hello: encodeGatewayMessage({ type: 'hello', version: 1, name: 'tab', key: new Uint8Array(0) }),
    welcome: encodeGatewayMessage({
      type: 'welcome',
      address: '10.0.0.1:7946!tab',
      key: secret,
      maxDatagramSize: 1404,
    }),
    resume: encodeGatewayMessage({ type: 'hello', version: 1, name: 'tab', key: secret }),
    send: encodeGatewayMessage({ type: 'send', to: '10.0.0.2:7946', bytes: data }),
    deliver: encodeGatewayMessage({ type: 'deliver', from: '10.0.0.2:7946', bytes: data }),
    refused: encodeGatewayMessage({ type: 'refused', reason: 'full', text: 'busy' }),
    fromClient: wrap('tab', '', data),
    toClient: wrap('', 'tab', data),
    between: wrap('tab', 'phone', data),
    escaped: wrap('', '', Uint8Array.of(0xa6, 0x07)),
  };

  it.each(Object.entries(expected))('has the bytes of the example "%s"', (title, frame) => {
    expect(examples.get(title)).toEqual(frame);
  });

  it('has no other examples', () => {
    expect([...examples.keys()].sort()).toEqual(Object.keys(expected).sort());
  });
});
