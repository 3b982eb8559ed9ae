// Whether the interruption adapters that the configuration and the jobs name are there. Only the
// code of users can tell: hooks and job modules register their own while they load.

import { interruptionAdapters } from "@queue-runtime/job";
import type { Config } from "../config.ts";
import type { Definitions } from "../modules.ts";
import { ModuleError, type ModuleProblem } from "./problems.ts";

/**
 * To be asked once hooks and jobs have been loaded.
 * @throws ModuleError with every name that nobody registered
 */
export function checkAdapters(config: Config, definitions: Definitions): void {
  const problems: ModuleProblem[] = [];
  const check = (where: string, names: readonly string[]): void => {
    const message = names.length === 0 ? null : complaint(names);
    if (message === null) return;
    problems.push({ file: config.file, line: null, message: `${where}: ${message}` });
  };
  check("interruption_adapter", config.interruptionAdapters);
  for (const { name, iteration } of definitions.values()) {
    check(`the job ${name}`, iteration?.interruptionAdapters ?? []);
  }
  if (problems.length > 0) throw new ModuleError(problems);
}

function complaint(names: readonly string[]): string | null {
  try {
    interruptionAdapters.resolve(names);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
