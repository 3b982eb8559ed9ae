// Completion scripts for shells. Words and options are written into the script, so that a press of
// Tab does not start Node; print the script again after an update. Only groups and ids, which
// nobody can know before, are asked for: with `completion groups` and `completion ids`.

import { existsSync } from "node:fs";
import { exitCodes } from "../../process/exit-codes.ts";
import { withStore } from "../data/open.ts";
import type { Invocation } from "../line/command.ts";
import { UsageError } from "../line/errors.ts";
import { quoted } from "../terminal/text.ts";
import { bash } from "./completion/bash.ts";
import { fish } from "./completion/fish.ts";
import { shells } from "./completion/words.ts";
import { zsh } from "./completion/zsh.ts";

const scripts: ReadonlyMap<string, () => string> = new Map([
  ["bash", bash],
  ["zsh", zsh],
  ["fish", fish],
]);

export async function completion(invocation: Invocation): Promise<number> {
  const [shell = ""] = invocation.words;
  if (shell === "groups" || shell === "ids") return await offer(invocation, shell);
  const script = scripts.get(shell);
  if (script === undefined) {
    const all = shells.join(", ");
    throw new UsageError(`there is no completion for ${quoted(shell)}; the shells are ${all}`);
  }
  invocation.output.result(script());
  return exitCodes.ok;
}

/** The newest are what somebody types. */
const mostIds = 100;

/** One word per line. */
async function offer(invocation: Invocation, what: "groups" | "ids"): Promise<number> {
  if (!existsSync(invocation.configFile)) return exitCodes.ok;
  const words = await withStore(await invocation.config(), async ({ commands }) => {
    if (what === "groups") return (await commands.groupSettings()).map(({ name }) => name);
    return (await commands.list({ last: mostIds })).map(({ id }) => String(id)).reverse();
  });
  if (words.length > 0) invocation.output.result(words.join("\n"));
  return exitCodes.ok;
}
