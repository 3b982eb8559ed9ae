// Loads job files inside a command that prints results: what they print while loading belongs on
// stderr, where it cannot be taken for an id.

import type { Config } from "../../config.ts";
import { type Definitions, loadDefinitions } from "../../modules.ts";
import { reserveStdout } from "../../process/reserve-stdout.ts";

/** @throws ModuleError */
export async function loadJobs(config: Config): Promise<Definitions> {
  reserveStdout();
  return await loadDefinitions(config.jobs);
}
