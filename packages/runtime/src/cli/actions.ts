// retry, cancel and discard: on ids, or on all jobs that a filter finds. The filter is asked first,
// and exactly the jobs that it found are acted on, each with an answer of its own.

import type { Action, Actions, JobFilter, JobState, Store } from "@queue-runtime/store";
import { exitCodes } from "../process/exit-codes.ts";
import { withStore } from "./data/open.ts";
import type { Invocation } from "./line/command.ts";
import { UsageError } from "./line/errors.ts";
import { readFilter, readIds } from "./line/options.ts";
import { visible } from "./terminal/text.ts";

interface Deed {
  /** What a filter without `--state` is about: those that the deed can be done to. */
  readonly states: readonly JobState[];
  readonly act: (store: Store, ids: readonly number[]) => Promise<Actions>;
}

/** In one transaction; more would keep others from writing. */
const idsAtOnce = 500;
/** Whole rows are read, input and result with them. */
const rowsAtOnce = 200;

const waiting = ["held", "waiting", "scheduled", "blocked", "ready"] as const;

export function retry(invocation: Invocation): Promise<number> {
  const fromStart = invocation.flag("from-start");
  return run(invocation, {
    states: ["failed"],
    act: (store, ids) => store.jobs.retry(ids, { fromStart }),
  });
}

export function cancel(invocation: Invocation): Promise<number> {
  return run(invocation, {
    states: [...waiting, "running"],
    act: (store, ids) => store.jobs.cancel(ids),
  });
}

export function discard(invocation: Invocation): Promise<number> {
  return run(invocation, {
    states: [...waiting, "finished", "failed", "cancelled"],
    act: (store, ids) => store.jobs.discard(ids),
  });
}

/** One answer per id; exit 0 only if every one succeeded. */
async function run(invocation: Invocation, { states, act }: Deed): Promise<number> {
  const { json, output } = invocation;
  const asked = whichJobs(invocation);
  const answers = await withStore(await invocation.config(), async (store) => {
    const ids = "ids" in asked ? asked.ids : await idsOf(store, { states, ...asked.filter });
    const done: Action[] = [];
    for (let at = 0; at < ids.length; at += idsAtOnce) {
      done.push(...(await act(store, ids.slice(at, at + idsAtOnce))));
    }
    return done;
  });
  if (json) output.json(answers);
  else if (answers.length === 0) output.say("no jobs match");
  else for (const answer of answers) tell(invocation, answer);
  return answers.some(failed) ? exitCodes.unexpected : exitCodes.ok;
}

type Asked = { readonly ids: readonly number[] } | { readonly filter: JobFilter };

/** @throws UsageError */
function whichJobs(invocation: Invocation): Asked {
  const filter = readFilter(invocation);
  const filtered = Object.keys(filter).length > 0 || invocation.flag("all");
  if (invocation.words.length > 0 && filtered) {
    throw new UsageError("give ids, or say which jobs by options, not both");
  }
  if (filtered) return { filter };
  if (invocation.words.length > 0) return { ids: readIds(invocation.words) };
  throw new UsageError(
    "which jobs? Give ids, or --state, --queue, --name or --batch, or --all for all there are",
  );
}

async function idsOf(store: Store, filter: JobFilter): Promise<readonly number[]> {
  const ids: number[] = [];
  for (;;) {
    const beyond = ids.at(-1) ?? 0;
    const page = await store.jobs.list({ ...filter, beyond, limit: rowsAtOnce });
    for (const { id } of page) ids.push(id);
    if (page.length < rowsAtOnce) return ids;
  }
}

function tell({ output }: Invocation, answer: Action): void {
  if (failed(answer)) output.say(`${answer.id}: ${visible(answer.error ?? answer.outcome)}`);
  else output.result(`${answer.id} ${answer.outcome}`);
}

function failed({ outcome }: Action): boolean {
  return outcome === "refused" || outcome === "unknown";
}
