// Ids of commands, each named once, in the order they were typed.

import { readId } from "../../line/options.ts";

/** @throws UsageError */
export function readCommandIds(words: readonly string[]): readonly number[] {
  return [...new Set(words.map((word) => readId(word, "command")))];
}
