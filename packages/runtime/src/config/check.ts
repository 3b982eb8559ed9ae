// What `runtime check` finds out: the configuration and all code it names, and nothing of a store.
// The top level of that code runs, as it would in a worker.

import type { Config, WorkerConfig } from "../config.ts";
import { checkAdapters } from "../modules/adapters.ts";
import { ModuleError } from "../modules/problems.ts";
import { type Definitions, loadDefinitions, loadHooks } from "../modules.ts";
import { type LoadOptions, loadConfig } from "./load.ts";
import { ConfigError } from "./problems.ts";
import { shownStore } from "./shown-store.ts";

export interface Check {
  /** One line each, with file and line where they are known; empty when all is well. */
  readonly problems: readonly string[];
  /** What the configuration would run, one line each; empty when it is not valid itself. */
  readonly summary: readonly string[];
}

/** Never rejects for a mistake of the user: mistakes are the answer. */
export async function checkConfiguration(file: string, options: LoadOptions = {}): Promise<Check> {
  const problems: string[] = [];
  const config = await attempt(problems, () => loadConfig(file, options));
  if (config === null) return { problems, summary: [] };
  if (config.hooks !== null) {
    const { hooks } = config;
    await attempt(problems, () => loadHooks(hooks));
  }
  const definitions = await attempt(problems, () => loadDefinitions(config.jobs));
  // With hooks that did not load, every adapter of theirs would be missing as well.
  if (problems.length === 0 && definitions !== null) {
    await attempt(problems, async () => checkAdapters(config, definitions));
  }
  return { problems, summary: summarize(config, definitions) };
}

async function attempt<T>(problems: string[], action: () => Promise<T>): Promise<T | null> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof ModuleError)) throw error;
    problems.push(...error.message.split("\n"));
    return null;
  }
}

function summarize(config: Config, definitions: Definitions | null): readonly string[] {
  const names = [...(definitions?.keys() ?? [])].sort();
  const jobs = names.length === 0 ? "none" : `${names.length} (${names.join(", ")})`;
  const tasks = config.scheduler?.tasks.map(({ name }) => name) ?? [];
  return [
    `store: ${shownStore(config.store)}`,
    `jobs: ${jobs}`,
    ...config.workers.map(describeWorker),
    `dispatcher: ${config.dispatcher === null ? "off" : "on"}`,
    ...(tasks.length === 0
      ? []
      : [`scheduler: ${tasks.join(", ")} (not in this version: never enqueued)`]),
  ];
}

function describeWorker({ name, queues, processes, threads, concurrency }: WorkerConfig): string {
  const each = threads === 0 ? "the main loop" : `${threads} threads`;
  const share = concurrency === 1 ? "" : `, ${concurrency} jobs at once on each`;
  return `worker ${name}: queues ${queues.join(", ")}; processes ${processes}, ${each}${share}`;
}
