// The configuration as the runtime has it that runs by the same queue.yml: to read and check that
// file was more than a third of what `status` took. Whatever is in doubt is read all the same.

import { resolve } from "node:path";
import { originOfText } from "../../config/origin.ts";
import type { Flags } from "../../config/override.ts";
import type { Config } from "../../config.ts";
import { ask } from "../../control/client.ts";
import { linkedSocket } from "../../control/socket/link.ts";
import { programVersion } from "../../control/version.ts";

/** Not by an import: that looks at all that a module has, and so loads the streams of files. */
const { readFileSync, statSync } = process.getBuiltinModule("node:fs");

/** A runtime that has more to do than to answer is not waited for; in milliseconds. */
const usualPatienceMs = 1_000;
/** In bytes; a longer one is not worth sending. */
const longestText = 100_000;

/** For so long a runtime that answered is taken to listen still; in milliseconds. */
const momentMs = 500;
/** When a runtime gave them to us, by `performance.now()`. */
const givenAt = new WeakMap<Config, number>();

/** Whether a runtime gave it to us a moment ago, and so listens. */
export function isJustGiven(config: Config): boolean {
  return performance.now() - (givenAt.get(config) ?? Number.NEGATIVE_INFINITY) < momentMs;
}

/** null: nobody runs by this file, as it is now and with these variables. */
export async function askForConfig(
  file: string,
  flags: Flags,
  patienceMs: number = usualPatienceMs,
): Promise<Config | null> {
  if (Object.values(flags).some((flag) => flag !== undefined)) return null;
  const path = resolve(file);
  const socket = linkedSocket(path);
  if (socket === null) return null;
  try {
    const text = readText(path);
    if (text === null) return null;
    const body = { version: programVersion(), origin: originOfText(text, process.env) };
    const question = {
      method: "POST",
      path: "/configuration",
      body,
      timeoutMs: patienceMs,
    } as const;
    const answer = await ask(socket, question);
    if (answer.status !== 200) return null;
    const config = answer.body as Config;
    givenAt.set(config, performance.now());
    return config;
  } catch {
    return null;
  }
}

/** null: nothing to compare. What can be read only once is left to who needs it. */
function readText(path: string): string | null {
  const found = statSync(path);
  return found.isFile() && found.size <= longestText ? readFileSync(path, "utf8") : null;
}
