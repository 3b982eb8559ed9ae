// What became of each id, for people and for scripts.

import type { Answer } from "../../../control/desk.ts";
import { exitCodes } from "../../../process/exit-codes.ts";
import type { Invocation } from "../../line/command.ts";
import { paint, visible } from "../../terminal/text.ts";

/** Exit 0 only if every id succeeded. `nothing`: what to say where no command was meant. */
export function reportAnswers(
  { json, output }: Invocation,
  answers: readonly Answer[],
  nothing: string,
): number {
  if (json) output.json(answers);
  else if (answers.length === 0) output.say(nothing);
  else {
    for (const answer of answers) {
      const { id, outcome, error } = answer;
      if (hasFailed(answer)) output.say(`${id}: ${visible(error ?? outcome)}`);
      else output.result(`${id} ${outcome}`);
    }
  }
  return answers.some(hasFailed) ? exitCodes.unexpected : exitCodes.ok;
}

export function hasFailed({ outcome }: Answer): boolean {
  return outcome === "refused" || outcome === "unknown";
}

/** A word about what to do next: for people at a terminal, who see no JSON. */
export function advise({ json, output }: Invocation, sentence: string): void {
  if (!json && process.stderr.isTTY) output.say(paint("dim", sentence, process.stderr));
}
