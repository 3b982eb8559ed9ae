// "Did you mean": help for a mistyped word.

import { closestWord } from "@queue-runtime/job/text";
import { quote } from "./quote.ts";

/** `did you mean "threads"?`, or the list of what is known when nothing is near. */
export function suggest(word: string, known: readonly string[]): string {
  const near = closestWord(word.replaceAll("-", "_"), known);
  return near === null ? `the choices are ${known.join(", ")}` : `did you mean ${quote(near)}?`;
}
