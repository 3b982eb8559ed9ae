// Loads job files inside a command that prints results: what they print while loading belongs on
// stderr, where it cannot be taken for an id.

import { Console } from "node:console";
import type { Config } from "../../config.ts";
import { type Definitions, loadDefinitions } from "../../modules.ts";

/** @throws ModuleError */
export async function loadJobs(config: Config): Promise<Definitions> {
  logToStderr();
  return await loadDefinitions(config.jobs);
}

/** From now on `console.log` writes to stderr. */
export function logToStderr(): void {
  globalThis.console = new Console(process.stderr);
}
