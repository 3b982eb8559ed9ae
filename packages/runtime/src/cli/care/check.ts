// check: is everything a runtime would load in order? Needs no store and starts nothing.

import { checkConfiguration } from "../../config/check.ts";
import { exitCodes } from "../../process/exit-codes.ts";
import { reserveStdout } from "../../process/reserve-stdout.ts";
import type { Invocation } from "../line/command.ts";

export async function check(invocation: Invocation): Promise<number> {
  const { json, output, configFile, flags } = invocation;
  reserveStdout();
  const { problems, warnings, summary } = await checkConfiguration(configFile, { flags });
  const valid = problems.length === 0;
  if (json) output.json({ valid, problems, warnings, summary });
  else {
    for (const problem of problems) output.say(problem);
    for (const warning of warnings) output.say(`warning: ${warning}`);
    if (valid) output.result(summary.join("\n"));
  }
  return valid ? exitCodes.ok : exitCodes.config;
}
