// What `job ID` says of a command beside what it says of every job; never an environment.

import { existsSync } from "node:fs";
import { hostname } from "node:os";
import type { CommandJob, Store } from "@queue-runtime/store";
import { newestAttempt, outputFile } from "../output/files.ts";

/** The field of that name, and nothing for a job of another kind. */
export interface WithCommand {
  readonly command?: object;
}

/** @param folder `commands.output`; null: this configuration runs none */
export async function withCommand(
  store: Store,
  { id, kind }: { readonly id: number; readonly kind: string },
  folder: string | null,
): Promise<WithCommand> {
  const job = kind === "command" ? await store.commands.find(id) : null;
  return job ? { command: commandFacts(job, folder) } : {};
}

function commandFacts(job: CommandJob, folder: string | null): object {
  const { command } = job;
  return {
    line: command.line,
    argv: command.argv,
    directory: command.directory,
    after: command.after,
    slots: command.slots,
    slot: command.slot,
    retry: command.retryLimit,
    timeout_ms: command.timeoutMs,
    separate: command.separate,
    pid: command.process?.pid ?? null,
    host: command.process?.host ?? null,
    paused: command.paused,
    adopted: command.adopted,
    exit_code: command.exitCode,
    signal: command.signal,
    ended_by: command.endedBy,
    signals_sent: command.signalsSent,
    output: fileOf(job, folder, false),
    error_output: command.separate ? fileOf(job, folder, true) : null,
  };
}

/** Of its newest run; null where there is none on this host. */
function fileOf(job: CommandJob, folder: string | null, stderr: boolean): string | null {
  const host = job.command.process?.host ?? hostname();
  if (folder === null || host !== hostname()) return null;
  const file = outputFile(folder, { id: job.id, attempt: newestAttempt(folder, job), stderr });
  return existsSync(file) ? file : null;
}
