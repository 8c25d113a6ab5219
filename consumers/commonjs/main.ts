import { createNode } from '@shoal/node'; // compiled to require()

async function main(): Promise<void> {
  const node = await createNode({ name: 'a', bind: '127.0.0.1:0' });
  console.log(node.address);
  await node.close();
}

void main();
