// What follows has inferred types. Their declarations must not name a package that only @shoal/node
// depends on: TypeScript reports TS2742 then.
import { createNode } from '@shoal/node';

export const node = await createNode({
  name: 'a',
  bind: '127.0.0.1:0',
  log: { path: 'data' },
  voters: ['a'],
});
export const log = node.log!;
export const entries = log.read(1n);
export const membership = node.membership;
export const members = [...node.members()];
export const stats = node.stats();
export const unsubscribe = node.on('memberUp', ({ member }) => member);
export const events = node.events();
