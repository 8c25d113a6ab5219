import { startDemo } from './page-server.ts';

const demo = await startDemo(Number(process.argv[2] ?? 8080));
console.log(`A cluster of ${demo.cluster.info.nodes.length} processes. Open ${demo.url}`);
console.log('Press Ctrl+C to stop.');
process.once('SIGINT', () => void demo.close());
process.once('SIGTERM', () => void demo.close());
