// send: writes to the stdin of a command that runs, exactly what was given and no line break.

import { text as textOf } from "node:stream/consumers";
import { withDesk } from "../data/desk.ts";
import type { Invocation } from "../line/command.ts";
import { UsageError } from "../line/errors.ts";
import { readId } from "../line/options.ts";
import { reportAnswers } from "./told/answers.ts";

export async function send(invocation: Invocation): Promise<number> {
  const [typed = "", given] = invocation.words;
  const id = readId(typed, "command");
  const eof = invocation.flag("eof");
  if (given === undefined && !eof) {
    throw new UsageError("send needs TEXT, or --eof to close its stdin");
  }
  const input = given === "-" ? await textOf(process.stdin) : given;
  const options = { eof, ...(input !== undefined && { input }) };
  const answer = await withDesk(await invocation.config(), (desk) => desk.send(id, options));
  return reportAnswers(invocation, [answer], "");
}
