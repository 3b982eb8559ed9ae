// env set and env unset: variables of a command that has not begun.

import { withDesk } from "../data/desk.ts";
import type { Invocation } from "../line/command.ts";
import { readId } from "../line/options.ts";
import { checkName } from "./given/environment.ts";
import { reportAnswers } from "./told/answers.ts";

export function set(invocation: Invocation): Promise<number> {
  return change(invocation, invocation.words[2] ?? "");
}

export function unset(invocation: Invocation): Promise<number> {
  return change(invocation, null);
}

async function change(invocation: Invocation, value: string | null): Promise<number> {
  const [typed = "", name = ""] = invocation.words;
  const id = readId(typed, "command");
  checkName(name);
  const answer = await withDesk(await invocation.config(), (desk) =>
    desk.setVariable(id, name, value),
  );
  return reportAnswers(invocation, [answer], "");
}
