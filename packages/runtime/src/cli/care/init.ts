// init: a sample project to begin with.

import { exitCodes } from "../../process/exit-codes.ts";
import type { Invocation } from "../line/command.ts";
import { initProject } from "./init-project.ts";

export async function init({ words, json, output }: Invocation): Promise<number> {
  const { written, next } = await initProject(words[0] ?? ".");
  if (json) output.json({ written });
  else for (const file of written) output.result(file);
  output.say(["", "Now try, each in a terminal of its own:", ...next].join("\n  ").trimStart());
  return exitCodes.ok;
}
