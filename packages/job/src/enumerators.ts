// Ready-made enumerators: sequences of [item, cursor] that go on from any cursor of theirs. Where
// none fits, any generator that yields such pairs will do.

import { array } from "./enumerators/array.ts";
import { batches } from "./enumerators/batches.ts";
import { csv } from "./enumerators/csv.ts";
import { lines } from "./enumerators/lines.ts";
import { nested } from "./enumerators/nested.ts";
import { once } from "./enumerators/once.ts";
import { range } from "./enumerators/range.ts";
import { throttle } from "./enumerators/throttle.ts";
import { times } from "./enumerators/times.ts";

export const enumerators: {
  /** One item, the number 0. */
  readonly once: typeof once;
  /** The numbers from 0 to n - 1. */
  readonly times: typeof times;
  /** Numbers at equal distances; the end is not included. */
  readonly range: typeof range;
  /** The items of an array. */
  readonly array: typeof array;
  /** The lines of a text file or stream. */
  readonly lines: typeof lines;
  /** The rows of a CSV file or stream. */
  readonly csv: typeof csv;
  /** The items of another enumerator, in groups. */
  readonly batches: typeof batches;
  /** Levels of enumerators, each built from the items outside it. */
  readonly nested: typeof nested;
  /** Holds an enumerator back while a condition is true, or to a rate that all hosts share. */
  readonly throttle: typeof throttle;
} = Object.freeze({ once, times, range, array, lines, csv, batches, nested, throttle });
