// One item, the number 0: for a job whose whole work is one step, with the callbacks around it.

import type { Resume, SizedEnumerator } from "./resume.ts";
import { times } from "./times.ts";

export function once(options: Resume): SizedEnumerator<number, number> {
  return times(1, options);
}
