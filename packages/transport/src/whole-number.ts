import { MAX_TIMER_DELAY } from '@shoal/async';
import { TransportError } from './errors.ts';

/** What {@link wholeNumber} accepts. */
export interface WholeNumberRange {
  /** The value of an option that was not given. */
  readonly preset: number;
  readonly min: number;
  /** Default: 2147483647, the longest delay of `setTimeout` in ms. */
  readonly max?: number | undefined;
}

/**
 * Reads a numeric option. Throws a `TransportError` with code `argument`, and the option's name in
 * its message, unless the value is a whole number in the range.
 */
export function wholeNumber<Name extends string>(
  options: { readonly [Key in Name]?: number | undefined },
  name: Name,
  range: WholeNumberRange,
): number {
  const { preset, min, max = MAX_TIMER_DELAY } = range;
  const value: number | undefined = options[name];
  if (value === undefined) return preset;
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  const text = `${name} must be a whole number from ${min} to ${max}, not ${value}`;
  throw new TransportError('argument', text);
}
