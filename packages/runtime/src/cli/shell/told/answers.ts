// What became of each id, for people and for scripts.

import type { Answer } from "../../../control/desk.ts";
import { exitCodes } from "../../../process/exit-codes.ts";
import type { Invocation } from "../../line/command.ts";
import { paint, visible } from "../../terminal/text.ts";

/** Exit 0 only if every id succeeded. `nothing`: what to say where no command was meant. */
export function reportAnswers(
  invocation: Invocation,
  answers: readonly Answer[],
  nothing: string,
): number {
  return report(invocation, answers, { nothing, lines: answers.map(lineOf) });
}

/** The same of those that nobody has named: there may be thousands, so people see how many. */
export function reportRemoved(
  invocation: Invocation,
  answers: readonly Answer[],
  nothing: string,
): number {
  const removed = answers.filter((answer) => !hasFailed(answer)).length;
  const count = `removed ${removed} ${removed === 1 ? "command" : "commands"}`;
  const lines = answers.filter(hasFailed).map(lineOf);
  const all = removed > 0 ? [{ text: count, failed: false }, ...lines] : lines;
  return report(invocation, answers, { nothing, lines: all });
}

interface Line {
  readonly text: string;
  readonly failed: boolean;
}

function lineOf(answer: Answer): Line {
  const { id, outcome, error } = answer;
  const failed = hasFailed(answer);
  return { text: failed ? `${id}: ${visible(error ?? outcome)}` : `${id} ${outcome}`, failed };
}

function report(
  { json, output }: Invocation,
  answers: readonly Answer[],
  { nothing, lines }: { readonly nothing: string; readonly lines: readonly Line[] },
): number {
  if (json) output.json(answers);
  else if (answers.length === 0) output.say(nothing);
  else {
    for (const { text, failed } of lines) {
      if (failed) output.say(text);
      else output.result(text);
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
