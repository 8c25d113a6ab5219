// Prints the tables of docs/simulation.md.
import { readArguments } from './arguments.mjs';
import { printLarge } from './paper-large.mjs';
import { printLifeguard } from './paper-lifeguard.mjs';
import { printSwim } from './paper-swim.mjs';

const options = readArguments(
  'node packages/testkit/sim/paper.mjs [--only swim|lifeguard|large] [--quick] [--large 10000]',
  { only: '', quick: false, large: 0 },
);
const wanted = (name) => options.only === '' || options.only === name;

if (wanted('swim')) printSwim(options);
if (wanted('lifeguard')) printLifeguard(options);
if (wanted('large')) {
  const sizes = options.quick ? [100] : [100, 1000];
  printLarge(options.large > 0 ? [...sizes, options.large] : sizes);
}
