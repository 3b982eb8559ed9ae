// What a configuration says about jobs that no module of it defines: a slip of the pen, or a job
// that another application of the same store knows. So it is a warning, and nothing is refused.

import { quote, quoteKey } from "../config/quote.ts";
import { suggest } from "../config/suggest.ts";
import type { Config } from "../config.ts";
import type { Definitions } from "../modules.ts";
import { problemText } from "./problems.ts";

/** One line each, with file and line; none where the configuration has no job modules at all. */
export function doubtsOf(config: Config, definitions: Definitions): readonly string[] {
  if (definitions.size === 0) return [];
  const doubt = (where: string, job: string, then: string): readonly string[] => {
    if (definitions.has(job)) return [];
    const hint = suggest(job, [...definitions.keys()]);
    const message = `${where}: no job file defines ${quote(job)} (${hint}); ${then}`;
    return [problemText({ file: config.file, line: config.lines[where] ?? null, message })];
  };
  const tasks = (config.scheduler?.tasks ?? []).flatMap(({ name, job }) =>
    doubt(
      `scheduler.tasks.${quoteKey(name)}`,
      job,
      "what it enqueues waits for a worker that does",
    ),
  );
  const limits = Object.keys(config.concurrency.limits).flatMap((job) =>
    doubt(`concurrency.limits.${quoteKey(job)}`, job, "it limits what other applications enqueue"),
  );
  return [...tasks, ...limits];
}
