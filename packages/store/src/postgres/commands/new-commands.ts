// New commands as they are sent to the server: each environment once, however many have it.

import type { PreparedJob } from "../../rules/new-job.ts";
import type { Statement } from "../driver.ts";

export function hasCommands(jobs: readonly PreparedJob[]): boolean {
  return jobs.some(({ command }) => command !== null);
}

/** A job with its command, where it has one; of the environment only the hash. */
export function withCommand(job: object, command: PreparedJob["command"]): object {
  if (!command) return job;
  const argv: unknown = command.argv === null ? null : JSON.parse(command.argv);
  return { ...job, command: { ...command, argv, environment: command.environment.hash } };
}

/** As JSON, by their hashes. */
export function environmentsText(jobs: readonly PreparedJob[]): string {
  const known = new Map<string, string>();
  for (const { command } of jobs)
    if (command) known.set(command.environment.hash, command.environment.json);
  return `{${[...known].map(([hash, json]) => `"${hash}":${json}`).join()}}`;
}

const keep = `SELECT queue_runtime.keep_environment(key, value, true)
  FROM (SELECT * FROM json_each($1::json) ORDER BY key COLLATE "C" OFFSET 0) AS given`;

/** Before anything else is locked, where they are added by several statements. */
export function keepEnvironments(jobs: readonly PreparedJob[]): Statement {
  return [keep, [environmentsText(jobs)]];
}
