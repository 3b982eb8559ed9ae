// The numbers from 0 to n - 1. Item and cursor are the same number.

import { nextIndex, type Resume, type SizedEnumerator, sized } from "./resume.ts";

export function times(count: number, options: Resume): SizedEnumerator<number, number> {
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new TypeError(`enumerators.times takes a whole number of at least 0, not ${count}`);
  }
  const first = nextIndex("times", options);
  return sized(Math.max(0, count - first), function* () {
    for (let index = first; index < count; index++) yield [index, index];
  });
}
