// wait: until commands are as far as somebody wants them. The store tells when something changed;
// ids are looked at one by one, of a group only whether one is left that is not so far.

import {
  type CommandJob,
  endStates,
  type JobState,
  jobStates,
  type Store,
} from "@queue-runtime/store";
import type { Selection } from "../../control/desk.ts";
import { commandRow } from "../../control/rows/command-row.ts";
import { exitCodes } from "../../process/exit-codes.ts";
import { Changes } from "../data/changes.ts";
import { withStore } from "../data/open.ts";
import type { Invocation } from "../line/command.ts";
import { readChoice } from "../line/options.ts";
import { readDuration } from "./given/duration.ts";
import { inWords, readSelection } from "./given/selection.ts";
import { statusText } from "./list/columns.ts";
import { requireGroup } from "./log.ts";
import { Progress } from "./told/progress.ts";

type Outcome = "met" | "failed" | "timeout" | "unknown";

const codes: Readonly<Record<Outcome, number>> = {
  met: exitCodes.ok,
  failed: 2,
  timeout: 3,
  unknown: 4,
};

/** One that is further than asked for has been there. */
const notYet: Readonly<Record<"queued" | "running" | "done" | "success", readonly JobState[]>> = {
  queued: ["held", "scheduled"],
  running: ["held", "scheduled", "waiting", "blocked", "ready"],
  done: jobStates.filter((state) => !endStates.some((end) => end === state)),
  success: jobStates.filter((state) => !endStates.some((end) => end === state)),
};

interface Wish {
  readonly selection: Selection;
  /** In words, such as `done`. */
  readonly status: keyof typeof notYet;
  readonly notYet: readonly JobState[];
  readonly success: boolean;
}

export async function wait(invocation: Invocation): Promise<number> {
  const wish = readWish(invocation);
  const typed = invocation.text("timeout");
  const timeoutMs = typed === undefined ? null : readDuration("timeout", typed);
  const config = await invocation.config();
  return await withStore(config, async (store) => {
    const { selection } = wish;
    if (!selection.ids && !selection.all) await requireGroup(store, selection.group ?? "default");
    using changes = new Changes(store, config);
    using progress = new Progress(invocation);
    using late = timer(timeoutMs, changes);
    const look = selection.ids
      ? lookAtIds(store, wish, progress)
      : lookAtGroups(store, wish, progress);
    let outcome: Outcome | null = null;
    while (outcome === null) {
      await changes.next();
      outcome = (await look()) ?? (late.isOver ? "timeout" : null);
    }
    progress.finish(outcome === "timeout" ? notInTime(wish, typed ?? "") : null);
    if (invocation.json) invocation.output.json({ outcome, commands: progress.answers });
    return codes[outcome];
  });
}

function readWish(invocation: Invocation): Wish {
  const choices = ["queued", "running", "done", "success"] as const;
  const status = readChoice("status", invocation.text("status"), choices) ?? "done";
  const selection = readSelection(invocation);
  return { selection, status, notYet: notYet[status], success: status === "success" };
}

function notInTime({ selection, status }: Wish, typed: string): string {
  const { ids, all } = selection;
  const which = ids?.join(", ") ?? (all ? "the commands" : inWords(selection));
  const are = ids?.length === 1 ? `${which} is not` : `not all of ${which} are`;
  const so = status === "success" ? "successful" : status;
  return `after ${typed} ${are} ${so}; \`runtime status\` shows how they stand`;
}

/** Wakes the loop once, when the time is over. */
function timer(ms: number | null, changes: Changes) {
  const over = { isOver: false, [Symbol.dispose]: () => clearTimeout(timeout) };
  const ring = (): void => {
    over.isOver = true;
    changes.tell();
  };
  // a timer counts to 24 days; nobody waits longer
  const timeout = ms === null ? undefined : setTimeout(ring, Math.min(ms, 2_147_483_647));
  return over;
}

type Look = () => Promise<Outcome | null>;

function lookAtIds(store: Store, { selection, notYet, success }: Wish, progress: Progress): Look {
  const ids = selection.ids ?? [];
  return async () => {
    const rows = new Map((await store.commands.list({ ids })).map((row) => [row.id, row]));
    const missing = ids.find((id) => !rows.has(id));
    const isThere = (job: CommandJob): boolean => !notYet.includes(job.state);
    const there = [...rows.values()].filter(isThere);
    for (const job of there) progress.reached(answerOf(job));
    progress.show(`${there.length} of ${ids.length}`);
    if (missing !== undefined) {
      progress.complain(`there is no command ${missing}`);
      return "unknown";
    }
    if (success && there.some(({ state }) => state !== "finished")) return "failed";
    return there.length === ids.length ? "met" : null;
  };
}

function answerOf(job: CommandJob) {
  const row = commandRow(job, 0);
  const { id, state, exit_code, signal, ended_by } = row;
  return { id, state, exit_code, signal, ended_by, text: statusText(row) };
}

/** Those that were added meanwhile are waited for as well. */
function lookAtGroups(
  store: Store,
  { selection, notYet, success }: Wish,
  progress: Progress,
): Look {
  const groups = selection.all ? {} : { groups: [selection.group ?? "default"] };
  let isFirst = true;
  return async () => {
    if (success) {
      const states = ["failed", "cancelled"] as const;
      const [failed] = await store.commands.list({ ...groups, states, first: 1 });
      if (failed !== undefined) {
        progress.reached(answerOf(failed));
        return "failed";
      }
    }
    const [left] = await store.commands.list({ ...groups, states: notYet, first: 1 });
    if (left === undefined) {
      if (isFirst) progress.say(`${inWords(selection)} has nothing left to wait for`);
      return "met";
    }
    isFirst = false;
    if (progress.isShown) await showCounts(store, selection, progress);
    return null;
  };
}

async function showCounts(store: Store, { all, group }: Selection, progress: Progress) {
  const own = (await store.commands.groups()).filter(
    ({ name }) => all || name === (group ?? "default"),
  );
  const count = (state: JobState): number =>
    own.reduce((sum, { jobs }) => sum + (jobs[state] ?? 0), 0);
  const ended = endStates.reduce((sum, state) => sum + count(state), 0);
  const total = jobStates.reduce((sum, state) => sum + count(state), 0);
  progress.show(`${ended} of ${total}, ${count("running")} running, ${count("failed")} failed`);
}
