// Where the parts of queue.yml were written that can only be judged once the code of jobs is
// loaded.

import type { MapTree, Tree } from "./tree.ts";

const judgedLater = [
  ["scheduler", "tasks"],
  ["concurrency", "limits"],
] as const;

/** Lines by path, such as `scheduler.tasks.nightly`. */
export function linesOf(tree: MapTree): Readonly<Record<string, number>> {
  const places = judgedLater.flatMap(([section, group]) => {
    const map = entryOf(entryOf(tree, section), group);
    return map?.kind === "map" ? [...map.entries.values()].map(({ place }) => place) : [];
  });
  return Object.fromEntries(places.map(({ path, line }) => [path, line]));
}

function entryOf(tree: Tree | undefined, key: string): Tree | undefined {
  return tree?.kind === "map" ? tree.entries.get(key) : undefined;
}
