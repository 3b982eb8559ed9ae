// reset: everything of some groups, or of all, is killed and deleted. A person is asked first where
// something runs.

import { createInterface } from "node:readline/promises";
import type { Desk } from "../../control/desk.ts";
import { exitCodes } from "../../process/exit-codes.ts";
import { withDesk } from "../data/desk.ts";
import type { Invocation } from "../line/command.ts";
import { CommandError } from "../line/errors.ts";
import { reportRemoved } from "./told/answers.ts";

export async function reset(invocation: Invocation): Promise<number> {
  const groups = invocation.texts("groups")?.flatMap((names) => names.split(","));
  const sure = invocation.flag("force");
  return await withDesk(await invocation.config(), async (desk) => {
    if (!sure && !(await isWanted(invocation, desk, groups))) {
      invocation.output.say("nothing was changed");
      return exitCodes.unexpected;
    }
    const answers = await desk.reset(groups === undefined ? {} : { groups });
    return reportRemoved(invocation, answers, "there was nothing to remove; the groups run");
  });
}

async function isWanted(
  { output }: Invocation,
  desk: Desk,
  groups: readonly string[] | undefined,
): Promise<boolean> {
  const meant = (await desk.groups()).filter(({ name }) => groups?.includes(name) ?? true);
  const running = meant.reduce((sum, group) => sum + group.running, 0);
  if (running === 0) return true;
  const what = running === 1 ? "1 command runs" : `${running} commands run`;
  if (!process.stdin.isTTY) {
    throw new CommandError(`${what}; \`runtime reset --force\` kills and deletes all the same`);
  }
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await asking.question(`${what}. Kill and delete all? [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } catch {
    // the input ended instead of answering
    output.say("");
    return false;
  } finally {
    asking.close();
  }
}
