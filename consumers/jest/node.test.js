import { appendOne } from './node.js';

test('a node appends to its log', async () => {
  expect(await appendOne()).toBeGreaterThan(0);
});
