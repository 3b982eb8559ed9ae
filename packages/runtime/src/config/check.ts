// What `runtime check` finds out: the configuration and all code it names, and nothing of a store.
// The top level of that code runs, as it would in a worker.

import type { Config, WorkerConfig } from "../config.ts";
import { outputDoubts } from "../control/output/doubts.ts";
import { checkAdapters } from "../modules/adapters.ts";
import { doubtsOf } from "../modules/doubts.ts";
import { ModuleError } from "../modules/problems.ts";
import { tasksOf } from "../modules/tasks.ts";
import { type Definitions, loadDefinitions, loadHooks } from "../modules.ts";
import type { Tasks } from "../process/messages.ts";
import { type LoadOptions, loadConfig } from "./load.ts";
import { ConfigError } from "./problems.ts";
import { shownStore } from "./shown-store.ts";
import { describeSettings } from "./words/describe-settings.ts";

export interface Check {
  /** What may be meant so, one line each: it can be run. */
  readonly warnings: readonly string[];
  /** One line each, with file and line where they are known; empty when all is well. */
  readonly problems: readonly string[];
  /** What the configuration would run, one line each; empty when it is not valid itself. */
  readonly summary: readonly string[];
}

/** Never rejects for a mistake of the user: mistakes are the answer. */
export async function checkConfiguration(file: string, options: LoadOptions = {}): Promise<Check> {
  const problems: string[] = [];
  const config = await attempt(problems, () => loadConfig(file, options));
  if (config === null) return { problems, warnings: [], summary: [] };
  if (config.hooks !== null) {
    const { hooks } = config;
    await attempt(problems, () => loadHooks(hooks));
  }
  const definitions = await attempt(problems, () => loadDefinitions(config.jobs));
  // With hooks that did not load, every adapter of theirs would be missing as well.
  if (problems.length === 0 && definitions !== null) {
    await attempt(problems, async () => checkAdapters(config, definitions));
  }
  const tasks = definitions && (await attempt(problems, () => tasksOf(config, definitions)));
  const doubts = definitions ? doubtsOf(config, definitions) : [];
  const warnings = [...doubts, ...outputDoubts(config)];
  return { problems, warnings, summary: summarize(config, definitions, tasks) };
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

function summarize(
  config: Config,
  definitions: Definitions | null,
  tasks: Tasks | null,
): readonly string[] {
  const names = [...(definitions?.keys() ?? [])].sort();
  const jobs = names.length === 0 ? "none" : `${names.length} (${names.join(", ")})`;
  return [
    `store: ${shownStore(config.store)}`,
    `jobs: ${jobs}`,
    ...config.workers.map(describeWorker),
    `dispatcher: ${config.dispatcher === null ? "off" : "on"}`,
    `scheduler: ${config.scheduler === null ? "off" : describeTasks(tasks)}`,
    `commands: ${config.commands === null ? "off" : `on, ${config.commands.shell.join(" ")}`}`,
    ...describeLimits(config),
  ];
}

function describeTasks(tasks: Tasks | null): string {
  const all = [...(tasks?.file ?? []), ...(tasks?.code ?? [])];
  if (all.length === 0) return "on, no tasks";
  return all.map(({ key, schedule, job }) => `${key} (${schedule}, ${job.name})`).join("; ");
}

function describeLimits({ concurrency, queues }: Config): readonly string[] {
  const limits = Object.entries(concurrency.limits).map(([job, limit]) => `${job} ${limit}`);
  return [
    ...(limits.length === 0 ? [] : [`concurrency limits: ${limits.join(", ")}`]),
    ...Object.entries(queues).map(([name, settings]) => {
      return `queue ${name}: ${describeSettings(settings)}`;
    }),
  ];
}

function describeWorker({ name, queues, processes, threads, concurrency }: WorkerConfig): string {
  const each = threads === 0 ? "the main loop" : `${threads} threads`;
  const share = concurrency === 1 ? "" : `, ${concurrency} jobs at once on each`;
  return `worker ${name}: queues ${queues.join(", ")}; processes ${processes}, ${each}${share}`;
}
