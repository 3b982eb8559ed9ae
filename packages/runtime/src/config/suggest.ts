// "Did you mean": the known word nearest to a mistyped one.

import { quote } from "./quote.ts";

/** `did you mean "threads"?`, or the list of what is known when nothing is near. */
export function suggest(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near === null ? `the choices are ${known.join(", ")}` : `did you mean ${quote(near)}?`;
}

function nearest(word: string, known: readonly string[]): string | null {
  const wanted = word.slice(0, 40).toLowerCase().replaceAll("-", "_");
  let best: string | null = null;
  let bestDistance = Math.min(4, Math.ceil(wanted.length / 2));
  for (const candidate of known) {
    const distance = editDistance(wanted, candidate);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Insertions, deletions and replacements that turn `from` into `to`. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
