// The environment of a command: all of ours, and what `--env` sets.

import { UsageError } from "../../line/errors.ts";
import { quoted } from "../../terminal/text.ts";

/** @throws UsageError */
export function readEnvironment(
  texts: readonly string[] = [],
  own: NodeJS.ProcessEnv = process.env,
): Readonly<Record<string, string>> {
  const environment: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(own)) {
    if (value !== undefined) environment[name] = value;
  }
  for (const text of texts) {
    const at = text.indexOf("=");
    if (at < 0) throw new UsageError(`--env ${quoted(text)} has no value; write KEY=VALUE`);
    const name = text.slice(0, at);
    checkName(name);
    environment[name] = text.slice(at + 1);
  }
  return { ...environment };
}

/** @throws UsageError */
export function checkName(name: string): void {
  if (name !== "" && !name.includes("=")) return;
  throw new UsageError(`${quoted(name)} is not the name of a variable; write one like LEVEL`);
}
