// An iteration that never yields: each item keeps its thread busy, then leaves one line behind.

import { appendFileSync } from "node:fs";
import { defineIteration, enumerators } from "queue-runtime";

export const count = defineIteration({
  name: "container.count",
  buildEnumerator: ({ items }: { readonly items: number }, { cursor }) =>
    enumerators.times(items, { cursor }),
  eachIteration(item) {
    const end = performance.now() + 50;
    while (performance.now() < end);
    appendFileSync("/data/items", `${item}\n`);
  },
});
