// Adding commands: from words to jobs, and to running ones where that is asked for.

import { isAbsolute } from "node:path";
import {
  commandName,
  type Enqueued,
  type NewCommand,
  type NewJob,
  type Unique,
} from "@queue-runtime/store";
import type { Added, AddRequest } from "../../desk.ts";
import { DeskError } from "../desk-error.ts";
import { shellWord } from "../shell-word.ts";
import type { Reach } from "./reach.ts";
import { startAdded } from "./start-now.ts";

/** All or none, but for starting those that are immediate. */
export async function add(
  reach: Reach,
  requests: readonly AddRequest[],
): Promise<readonly Added[]> {
  const { store, live, whyNot } = reach;
  const immediate = requests.some((request) => request.immediate);
  if (immediate && live === null) throw new DeskError("no-runtime", whyNot);
  const enqueued = await store.jobs.enqueue(requests.map(newJob));
  // what begins does not wait for what is said of it
  if (!immediate) live?.look();
  const warn = await warnings(reach);
  const starts = await startThose(reach, requests, enqueued);
  return requests.map((request, at) => {
    const { id, outcome } = enqueued[at]!;
    const begun = starts.get(id);
    if (begun) return { id, ...begun };
    const known = outcome === "created" ? "created" : "exists";
    return { id, outcome: known, ...warn(request) };
  });
}

type Start = Pick<Added, "outcome" | "error">;

async function startThose(
  reach: Reach,
  requests: readonly AddRequest[],
  enqueued: readonly Enqueued[],
): Promise<ReadonlyMap<number, Start>> {
  const ids = enqueued
    .filter(({ outcome }, at) => outcome === "created" && requests[at]?.immediate)
    .map(({ id }) => id);
  if (ids.length === 0) return new Map();
  const answers = await startAdded(reach, ids);
  return new Map(
    answers.map(({ id, outcome, error }): [number, Start] => {
      if (outcome === "started") return [id, { outcome }];
      return [id, { outcome: "refused", ...(error !== undefined && { error }) }];
    }),
  );
}

/** What is known now of what will keep one from beginning, and what to do. */
async function warnings({
  store,
  folder,
}: Reach): Promise<(request: AddRequest) => Pick<Added, "warning">> {
  const groups = await store.commands.groupSettings();
  const paused = new Set(groups.filter((each) => each.paused).map(({ name }) => name));
  return ({ group = "default", stashed }) => {
    if (folder === null) {
      return { warning: "nothing begins here: queue.yml says `commands: false`" };
    }
    if (stashed || !paused.has(group)) return {};
    const resume = `\`runtime resume --group ${shellWord(group)}\``;
    return { warning: `the group ${group} is paused: nothing begins there until ${resume}` };
  };
}

/** @throws DeskError */
function newJob(request: AddRequest): NewJob {
  const { group, priority, label, after, stashed, immediate } = request;
  if (stashed && immediate) throw invalid("a command is either stashed or started at once");
  // as `stash` with a delay: the time lets it go
  const held = stashed === true && request.delay_ms === undefined && request.at === undefined;
  return {
    name: commandName,
    kind: "command",
    held,
    command: newCommand(request),
    ...dueOf(request),
    ...(group !== undefined && { queue: group }),
    ...(priority !== undefined && { priority }),
    ...(label !== undefined && { label }),
    ...(after !== undefined && { after: [...new Set(after)].sort((a, b) => a - b) }),
    ...(request.if_dependency_fails && { ifDependencyFails: request.if_dependency_fails }),
    ...(request.unique !== undefined && { uniques: [uniqueOf(request.unique)] }),
  };
}

function newCommand(request: AddRequest): NewCommand {
  const { words, exec, directory, environment, slots, separate, retry } = request;
  if (request.escape && exec)
    throw invalid("give escape or exec, not both: without a shell nothing is escaped");
  if (words.every((word) => word.trim() === "")) {
    throw invalid("the command is empty: say what to run");
  }
  if (!isAbsolute(directory)) {
    throw invalid(`the folder ${JSON.stringify(directory)} is relative: give an absolute path`);
  }
  return {
    line: (request.escape || exec ? words.map(shellWord) : words).join(" "),
    argv: exec ? words : null,
    directory,
    environment,
    ...(slots !== undefined && { slots }),
    ...(separate !== undefined && { separate }),
    ...(retry !== undefined && { retryLimit: retry }),
    ...(request.timeout_ms !== undefined && { timeoutMs: request.timeout_ms }),
  };
}

function dueOf({
  delay_ms: delayMs,
  at,
  immediate,
}: AddRequest): Pick<NewJob, "delayMs" | "runAt"> {
  if (delayMs === undefined && at === undefined) return {};
  if (immediate) throw invalid("a command is either delayed or started at once");
  if (delayMs !== undefined && at !== undefined) throw invalid("give delay_ms or at, not both");
  if (delayMs !== undefined) {
    if (delayMs < 0) throw invalid("a delay is at least 0");
    return { delayMs };
  }
  return { runAt: momentOf(at!) };
}

/** @throws DeskError */
export function momentOf(at: string): number {
  const ms = Date.parse(at);
  if (!Number.isNaN(ms)) return ms;
  throw invalid(`${JSON.stringify(at.slice(0, 40))} is no time such as 2026-05-01T09:00:00Z`);
}

/** As a job with `unique` and nothing more: kept until it has ended. */
function uniqueOf(key: string): Unique {
  const states = ["held", "waiting", "scheduled", "blocked", "ready", "running"] as const;
  return { key: `${commandName}/${key}`, states, forMs: null, onConflict: "exists" };
}

function invalid(sentence: string): DeskError {
  return new DeskError("invalid", sentence);
}
