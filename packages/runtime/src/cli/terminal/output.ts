// Where a command writes. Results go to stdout, everything for people to stderr, and nothing here
// ends the process: `process.exit` after a write would cut what a slow pipe has not taken yet.

import { exitCodes } from "../../process/exit-codes.ts";
import { jsonText, paint, type Style } from "./text.ts";

export interface Output {
  /** A result for people or scripts: one line, or several. */
  result(text: string): void;
  /** A result for programs: one JSON document. */
  json(value: unknown): void;
  /** A word to the person: a hint, a warning, progress. */
  say(text: string): void;
  paint(style: Style, text: string): string;
  readonly stdout: NodeJS.WriteStream;
}

export function terminalOutput(
  stdout: NodeJS.WriteStream = process.stdout,
  stderr: NodeJS.WriteStream = process.stderr,
): Output {
  for (const stream of [stdout, stderr]) stream.on("error", giveUp);
  return {
    result: (text) => void stdout.write(`${text}\n`),
    json: (value) => void stdout.write(`${jsonText(value)}\n`),
    say: (text) => void stderr.write(`${text}\n`),
    paint: (style, text) => paint(style, text, stdout),
    stdout,
  };
}

/** `runtime jobs | head` is no fault of ours; a full disk ends the command, with the reason. */
function giveUp(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") return;
  const end = (): never => process.exit(exitCodes.unexpected);
  process.stderr.write(`runtime: the output cannot be written: ${error.message}\n`, end);
}
