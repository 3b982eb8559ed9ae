// jobs and job: what is stored. They talk to the store, so they work whether or not a runtime runs.

import { type Job, type JobState, systemClock } from "@queue-runtime/store";
import { withCommand } from "../control/rows/command-facts.ts";
import { jobDetailsRow, jobRow } from "../control/rows.ts";
import { exitCodes } from "../process/exit-codes.ts";
import { withStore } from "./data/open.ts";
import type { Invocation } from "./line/command.ts";
import { CommandError } from "./line/errors.ts";
import { readFilter, readId, readInteger } from "./line/options.ts";
import { type Column, table } from "./terminal/table.ts";
import { jsonText, type Style, visible } from "./terminal/text.ts";
import { isoTime, period } from "./terminal/times.ts";

export async function jobs(invocation: Invocation): Promise<number> {
  const { json, output } = invocation;
  const limit = readInteger("limit", invocation.text("limit"), { least: 1, most: 1_000 }) ?? 50;
  const filter = { ...readFilter(invocation), limit };
  const found = await withStore(await invocation.config(), (store) => store.jobs.list(filter));
  if (json) output.json(found.map(jobRow));
  else if (found.length === 0) output.say("no jobs match");
  else output.result(table(found, jobColumns(systemClock.now()), output.stdout));
  if (!json && found.length === limit) {
    output.say(`the first ${limit} are shown; --limit shows up to 1000`);
  }
  return exitCodes.ok;
}

export async function job(invocation: Invocation): Promise<number> {
  const { json, output } = invocation;
  const id = readId(invocation.words[0] ?? "");
  const config = await invocation.config();
  const row = await withStore(config, async (store) => {
    const found = await store.jobs.find(id);
    if (found === null) throw new CommandError(`there is no job ${id}`);
    const command = await withCommand(store, found, config.commands?.output ?? null);
    return { ...jobDetailsRow(found), ...command };
  });
  if (json) output.json(row);
  else output.result(jobPage(row as JobPageRow));
  return exitCodes.ok;
}

const stateStyles: Readonly<Partial<Record<JobState, Style>>> = {
  running: "cyan",
  ready: "green",
  failed: "red",
  cancelled: "dim",
  finished: "dim",
};

function jobColumns(now: number): readonly Column<Job>[] {
  return [
    { title: "ID", value: ({ id }) => id },
    { title: "NAME", value: ({ name }) => name, shrinkTo: 16 },
    { title: "QUEUE", value: ({ queue }) => queue, shrinkTo: 10 },
    {
      title: "STATE",
      value: ({ state }) => state,
      style: ({ state }) => stateStyles[state] ?? null,
    },
    { title: "TRIES", value: ({ attempts }) => attempts },
    { title: "AGE", value: ({ createdAt }) => period(now - createdAt) },
    { title: "DETAIL", value: detail, shrinkTo: 12 },
  ];
}

/** What a person would ask next about a job in this state. */
function detail(job: Job): string {
  if (job.state === "failed" && job.error) return job.error.message;
  if (job.state === "blocked") return `waits for a slot; see \`runtime why ${job.id}\``;
  if (job.state === "scheduled") return `due ${isoTime(job.runAt)}`;
  const { done, total } = job.progress;
  if (done > 0) return total === null ? `${done} done` : `${done} of ${total}`;
  return job.label ?? "";
}

function jobPage({ label, errors, cancel_requested, command, ...row }: JobPageRow): string {
  const facts = Object.entries({ ...row, label, ...command })
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name.padEnd(16)}${factText(value)}`);
  const attempts = errors.map(({ attempt, at, message }) => {
    return `attempt ${attempt} at ${at}: ${visible(message)}`;
  });
  const asked = cancel_requested ? ["cancelling: it was asked to stop"] : [];
  return [...facts, ...asked, ...attempts].join("\n");
}

interface JobPageRow {
  readonly label: string | null;
  readonly cancel_requested: boolean;
  readonly errors: readonly { attempt: number; at: string; message: string }[];
  readonly command?: object;
}

function factText(value: unknown): string {
  return visible(typeof value === "string" ? value : jsonText(value));
}
