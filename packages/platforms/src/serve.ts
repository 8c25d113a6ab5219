// The other half of a run, on a platform that serves: listeners, gateways and members, for suites
// that run in Node. Prints where its control line is, then each result, one line of JSON each.
import { openRunHost } from './run-host.ts';

const print = (value: unknown): void => console.log(JSON.stringify(value));
const host = await openRunHost(print);
print(host.control);
await host.done;
await host.close();
process.exit();
