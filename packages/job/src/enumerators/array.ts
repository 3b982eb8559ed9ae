// The items of an array that is at hand. The cursor is an index: between two runs nothing may be
// inserted or removed before it; where that can happen, write a generator with a stable key.

import { nextIndex, type Resume, type SizedEnumerator, sized } from "./resume.ts";

export function array<Item>(
  items: readonly Item[],
  options: Resume,
): SizedEnumerator<Item, number> {
  if (!Array.isArray(items)) throw new TypeError("enumerators.array takes an array");
  const first = nextIndex("array", options);
  return sized(Math.max(0, items.length - first), function* () {
    for (let index = first; index < items.length; index++) yield [items[index]!, index];
  });
}
