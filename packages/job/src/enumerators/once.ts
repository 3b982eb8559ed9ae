// One item, the number 0: for a job whose whole work is one step, with the callbacks around it.

import { nextIndex, type Resume, type SizedEnumerator } from "./resume.ts";
import { times } from "./times.ts";

export function once(options: Resume): SizedEnumerator<number, number> {
  // a mistake is told under the name that was called
  nextIndex("once", options);
  return times(1, options);
}
