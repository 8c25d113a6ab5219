import { createNode } from '@shoal/node';

/** Appends an entry to a log on disk, through UDP, TCP and LMDB. Returns its number. */
export async function appendOne() {
  const node = await createNode({
    name: 'a',
    bind: '127.0.0.1:0',
    log: { path: 'data' },
    voters: ['a'],
  });
  await node.until(() => node.leader === 'a');
  const { last } = await node.append([{ type: 1, payload: new TextEncoder().encode('hello') }]);
  await node.close();
  return last;
}
