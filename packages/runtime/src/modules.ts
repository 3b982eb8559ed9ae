// Loads the code of users: job modules and the hooks file. Where they are is modules/find.ts.
// It runs in every forked child and every thread, so it imports little and asks no store.

import { isJobDefinition, type JobDefinition } from "@queue-runtime/job";
import { displayPath } from "./config/problems.ts";
import { quote } from "./config/quote.ts";
import { explainFailure } from "./modules/explain.ts";
import { importModule } from "./modules/import.ts";
import { ModuleError, type ModuleProblem } from "./modules/problems.ts";
import { exitCodes } from "./process/exit-codes.ts";

/** By name. A Map, so that a job may be named `constructor`. */
export type Definitions = ReadonlyMap<string, JobDefinition>;

export interface LoadModulesOptions {
  /** How long one module may take, top-level awaits included; 30,000 ms by default. */
  readonly timeoutMs?: number;
}

/**
 * Imports the modules one after the other and collects every job they export.
 * @throws ModuleError with every problem at once
 */
export async function loadDefinitions(
  paths: readonly string[],
  options: LoadModulesOptions = {},
): Promise<Definitions> {
  const problems: ModuleProblem[] = [];
  const found = new Map<string, Found>();
  for (const path of paths) {
    const values = await load(path, options, problems);
    if (values !== null) collect(path, values, { found, problems });
  }
  if (problems.length > 0) throw new ModuleError(problems);
  return new Map([...found].map(([name, { definition }]) => [name, definition]));
}

/**
 * Imports the module that registers hooks and interruption adapters.
 * @throws ModuleError
 */
export async function loadHooks(path: string, options: LoadModulesOptions = {}): Promise<void> {
  const problems: ModuleProblem[] = [];
  await load(path, options, problems);
  if (problems.length > 0) throw new ModuleError(problems);
}

interface Found {
  readonly definition: JobDefinition;
  readonly path: string;
}

interface Collected {
  readonly found: Map<string, Found>;
  readonly problems: ModuleProblem[];
}

/** A definition that a second module only passes on is the same object, and no duplicate. */
function collect(path: string, values: readonly unknown[], { found, problems }: Collected): void {
  const definitions = new Set(values.filter(isJobDefinition));
  if (definitions.size === 0) {
    const message = "has no job; export one made by defineJob or defineIteration, or move the file";
    problems.push({ file: path, line: null, message });
  }
  for (const definition of definitions) {
    const first = found.get(definition.name);
    if (first === undefined) found.set(definition.name, { definition, path });
    else if (first.definition !== definition) {
      const where =
        first.path === path ? "above in the same file" : `in ${displayPath(first.path)}`;
      const message = `the job ${quote(definition.name)} is also defined ${where}; rename one`;
      problems.push({ file: path, line: null, message });
    }
  }
}

/**
 * Of a CommonJS module Node sees only the names that it can read from the text; all of what
 * `module.exports` holds is in the default export. An ES module may group its jobs there as well.
 */
function valuesOf(exports: object): readonly unknown[] {
  const { default: all } = exports as { default?: unknown };
  const grouped = typeof all === "object" && all !== null ? Object.values(all) : [];
  return [...Object.values(exports), ...grouped];
}

/** What a module exports; null after a problem. */
async function load(
  path: string,
  { timeoutMs = 30_000 }: LoadModulesOptions,
  problems: ModuleProblem[],
): Promise<readonly unknown[] | null> {
  const late = Promise.withResolvers<null>();
  // It also keeps the process alive: an await that never ends would let it exit with code 0.
  const timer = setTimeout(() => {
    const message = `does not finish loading within ${timeoutMs} ms; look at its top-level await`;
    problems.push({ file: path, line: null, message });
    late.resolve(null);
  }, timeoutMs);
  const uncaught: Error[] = [];
  const notes = (error: Error): unknown => uncaught.push(error);
  const exits = (): void => explainExit(path, uncaught);
  process.once("uncaughtExceptionMonitor", notes).once("exit", exits);
  try {
    const exports = await Promise.race([importModule(path), late.promise]);
    return exports && valuesOf(exports);
  } catch (error) {
    problems.push(explainFailure(path, error));
    return null;
  } finally {
    clearTimeout(timer);
    process.off("uncaughtExceptionMonitor", notes).off("exit", exits);
  }
}

/** The end of the process while a module loads must not look like a successful check. */
function explainExit(path: string, uncaught: readonly Error[]): void {
  process.exitCode = exitCodes.config;
  const sentence =
    uncaught.length > 0
      ? "an error that nobody catches, shown below, ends the process while it loads; catch it"
      : "it ends the process while it loads; take its process.exit out";
  process.stderr.write(`${displayPath(path)}: ${sentence}\n`);
}
