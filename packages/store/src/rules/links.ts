// What ties a new job to other jobs: slots, unique keys, dependencies, a batch. Checked here for
// every store; most jobs have nothing of it, and pay a few comparisons.

import { type Gate, gateKinds, mostGates, type Unique } from "../flow.ts";
import { jobStates, type NewJob } from "../job.ts";
import {
  distinct,
  invalid,
  list,
  longestDelay,
  object,
  oneOf,
  positive,
  text,
  time,
} from "./fields.ts";

/** The links of a job, every default filled in. */
export interface Links {
  readonly gates: readonly Gate[];
  readonly uniques: readonly Unique[];
  readonly keyed: boolean;
  readonly after: readonly number[];
  readonly ifDependencyFails: "fail" | "run";
  readonly batchId: number | null;
}

const longestKey = 400;
const mostUniques = 2;
const mostAfter = 1_000;
const policies = ["block", "discard", "replace", "fail"] as const;

const nothing: Links = {
  gates: [],
  uniques: [],
  keyed: false,
  after: [],
  ifDependencyFails: "fail",
  batchId: null,
};

/** @throws StoreError `invalid` */
export function checkLinks(job: NewJob): Links {
  const { gates, uniques, keyed, after, ifDependencyFails, batchId } = job;
  if (!gates && !uniques && !keyed && !after && batchId == null && !ifDependencyFails)
    return nothing;
  const links: Links = {
    gates: checkGates(gates ?? []),
    uniques: checkUniques(uniques ?? []),
    keyed: keyed ?? (uniques ?? []).length > 0,
    after: checkAfter(after ?? []),
    ifDependencyFails: oneOf("ifDependencyFails", ifDependencyFails ?? "fail", ["fail", "run"]),
    batchId: batchId == null ? null : positive("batchId", batchId),
  };
  checkReplacing(links);
  return links;
}

/** The job that it becomes waits for nobody and belongs elsewhere: one of the two would be lost. */
function checkReplacing({ uniques, after, batchId }: Links): void {
  if (uniques.every(({ onConflict }) => onConflict === "exists")) return;
  if (after.length > 0 || batchId !== null)
    throw invalid("a job that may replace another cannot come after others, or belong to a batch");
}

/** @throws StoreError `invalid` */
export function checkGates(gates: unknown): readonly Gate[] {
  const checked = list("gates", gates, mostGates).map(checkGate);
  distinct(
    "gates",
    checked.map(({ key }) => key),
  );
  return checked;
}

function checkGate(gate: unknown): Gate {
  const given = object("a gate", gate);
  const kind = oneOf("the kind of a gate", given.kind, gateKinds);
  const key = text("the key of a gate", given.key, longestKey);
  const of = `of the key ${JSON.stringify(key.slice(0, 60))}`;
  const onConflict = oneOf(`onConflict ${of}`, given.onConflict ?? "block", policies);
  if (kind !== "concurrency" && onConflict !== "block")
    throw invalid(`onConflict ${of} must be "block": its kind is ${kind}`, onConflict);
  const limit = positive(`the limit ${of}`, given.limit);
  // A slot that rests for a part of a millisecond rests for a whole one.
  const ms = Math.ceil(time(`ms ${of}`, given.ms, longestDelay));
  return { kind, key, limit, ms, onConflict };
}

/** @throws StoreError `invalid` */
export function checkUniques(uniques: unknown): readonly Unique[] {
  const checked = list("uniques", uniques, mostUniques).map(checkUnique);
  distinct(
    "uniques",
    checked.map(({ key }) => key),
  );
  return checked;
}

function checkUnique(unique: unknown): Unique {
  const given = object("a unique key", unique);
  const key = text("a unique key", given.key, longestKey);
  const of = `of the unique key ${JSON.stringify(key.slice(0, 60))}`;
  const states = list(`states ${of}`, given.states, jobStates.length).map((state) =>
    oneOf(`a state ${of}`, state, jobStates),
  );
  if (states.length === 0) throw invalid(`states ${of} must have at least one entry`);
  distinct(`states ${of}`, states);
  const forMs = given.forMs ?? null;
  return {
    key,
    states,
    forMs: forMs === null ? null : Math.ceil(time(`forMs ${of}`, forMs, longestDelay)),
    onConflict: oneOf(`onConflict ${of}`, given.onConflict ?? "exists", [
      "exists",
      "replace",
      "debounce",
    ]),
  };
}

function checkAfter(after: unknown): readonly number[] {
  const ids = list("after", after, mostAfter).map((id) => positive("an id in after", id));
  distinct("after", ids);
  return ids;
}
