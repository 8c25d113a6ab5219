// Prints the tables of docs/simulation.md: `npm run sim:paper`.
import { readArguments } from './arguments.mjs';
import { printLarge } from './paper-large.mjs';
import { printLifeguard } from './paper-lifeguard.mjs';
import { printSwim } from './paper-swim.mjs';

const options = readArguments(
  'node packages/testkit/sim/paper.mjs [--only swim|lifeguard|large] [--quick] [--large 1000]',
  { only: '', quick: false, large: 1000 },
);
const wanted = (name) => options.only === '' || options.only === name;

if (wanted('swim')) printSwim(options);
if (wanted('lifeguard')) printLifeguard(options);
if (wanted('large')) printLarge(options.quick ? [100] : [100, options.large]);
