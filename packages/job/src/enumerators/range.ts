// Numbers at equal distances. The cursor is the number itself, so that the end may move between
// two runs.

import { checkOptions } from "../values/options.ts";
import { cursorIn, type Resume, type SizedEnumerator, shown, sized } from "./resume.ts";

export interface RangeOptions extends Resume {
  /** 1 by default; negative to count down. */
  readonly step?: number;
}

/** From `start`, which is included, to `end`, which is not. */
export function range(
  start: number,
  end: number,
  options: RangeOptions,
): SizedEnumerator<number, number> {
  const cursor = cursorIn("range", options);
  checkOptions("enumerators.range", options, ["cursor", "step"]);
  const { step = 1 } = options;
  if (![start, end, step].every(Number.isFinite) || step === 0) {
    throw new TypeError("enumerators.range takes finite numbers and a step that is not 0");
  }
  if (cursor !== null && typeof cursor !== "number") {
    throw new TypeError(`the cursor of enumerators.range is a number, not ${shown(cursor)}`);
  }
  // Multiplied, not added up: the sum of many fractions drifts.
  const first = cursor === null ? 0 : Math.round((cursor - start) / step) + 1;
  const count = Math.max(0, Math.ceil((end - start) / step));
  return sized(Math.max(0, count - first), function* () {
    for (let index = first; index < count; index++) {
      const value = start + index * step;
      yield [value, value];
    }
  });
}
