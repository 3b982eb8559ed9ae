// The loop of resumable jobs. One run goes from the cursor of the row to the next stop.
//
// What it promises, and how:
// - A cursor is that of the last item *done*; a run resumes after it. So the cursor moves only
//   after `eachIteration` has ended, and whatever ends the run, `standing` holds the newest
//   position, which travels in the same write as the end. Nothing can be lost in between.
// - The stop question comes after each item, never before the first: a run that begins while its
//   process stops still does one item, so an endless series of stops is progress all the same.
// - Stops never cost an attempt; callbacks see them before any other worker can see the row.
// - The loop stays synchronous while the enumerator and the items are: awaiting values that are no
//   promises would make a tight loop several times slower. In return it lets the event loop turn
//   every 10 ms, also when everything it awaits is settled already: microtasks alone would starve
//   timers, sockets and the other jobs of a worker without threads.
// - An early end closes the enumerator, so that files and connections held by a generator go.
//
// Rejected: asking before each item (no progress under a storm of deploys); saving the cursor of
// the item in hand (each crash would skip it or repeat a whole batch); running ahead with several
// items at once (no single cursor could say what is done).

import { setImmediate as nextTurn } from "node:timers/promises";
import type { Json } from "@queue-runtime/store";
import type { JobContext } from "./context.ts";
import type { Iteration, JobDefinition } from "./define/definition.ts";
import { interruptionAdapters } from "./iteration/interruption-adapters.ts";
import { type IterateOptions, outsideRun } from "./iteration/outside-run.ts";
import {
  closeSteps,
  cursorOf,
  openEnumerator,
  pairOf,
  progressOf,
  type Steps,
} from "./iteration/steps.ts";
import { type Ending, endingOf, interrupted, lost, timeoutError } from "./perform/ending.ts";
import { contextOf, moveTo, type Standing, standingOf } from "./perform/standing.ts";
import { isThenable } from "./values/thenable.ts";

/** How long a job waits that an adapter interrupted although its process does not stop, in ms. */
const adapterPauseMs = 1_000;

/**
 * How long a job waits that made room by its `maxRuntime`: a tenth of that, at most so long in ms.
 * Ready at once it would be claimed again first, being older than all that wait.
 */
const longestRoomMs = 1_000;

/** How long the loop may keep the event loop to itself, in milliseconds. */
const turnMs = 10;

export type IterationEnd = { readonly outcome: "finished"; readonly result: unknown } | Ending;

interface Scene {
  readonly iteration: Iteration;
  readonly args: unknown;
  readonly standing: Standing;
  readonly context: JobContext;
}

/** What job code throws becomes an ending. */
export async function runIteration(
  iteration: Iteration,
  args: unknown,
  standing: Standing,
): Promise<IterationEnd> {
  const scene: Scene = { iteration, args, standing, context: contextOf(standing) };
  let ending: Ending | null;
  try {
    await sayBegun(scene);
    ending = await performItems(scene);
    if (ending === null) {
      return { outcome: "finished", result: await iteration.onComplete?.(args, scene.context) };
    }
  } catch (thrown) {
    ending = endingOf(thrown, standing);
  }
  // A run that lost its job has nothing to say: somebody else is at work on it.
  if (ending.outcome === "interrupted" && ending !== lost) await sayInterrupted(scene);
  return ending;
}

/** How an iteration outside a runtime ended; when its code throws, `iterate` rejects instead. */
export interface Iterated {
  /** `interrupted`: call again with this cursor, after `delayMs`. */
  readonly outcome: "finished" | "interrupted";
  readonly cursor: Json;
  readonly reason?: string;
  readonly delayMs?: number;
  /** What `onComplete` returned. */
  readonly result?: unknown;
}

/**
 * Runs an iteration under any other queue, or none: it needs no store, only a place to keep the
 * cursor between runs and, to be interrupted, an adapter.
 */
export async function iterate(
  definition: JobDefinition,
  options: IterateOptions,
): Promise<Iterated> {
  const { name, iteration } = definition;
  if (iteration === null) throw new TypeError(`iterate takes an iteration, and "${name}" is none`);
  const outside = outsideRun(name, options);
  const standing = standingOf(definition, outside.run);
  // The adapter of the call replaces those that the definition names.
  const plain: Iteration = { ...iteration, interruptionAdapters: null };
  const end = await runIteration(plain, options.input ?? null, standing);
  if (end.outcome === "failed") {
    await outside.settle().catch((error) => outside.run.log.error({ err: error }, "not saved"));
    throw end.error;
  }
  await outside.settle();
  const { cursor } = standing;
  if (end.outcome === "finished") return { ...end, cursor };
  const { reason, delayMs } =
    end.outcome === "interrupted" ? end : { reason: "cancel", delayMs: 0 };
  return { outcome: "interrupted", cursor, reason: outside.reason() ?? reason, delayMs };
}

/** null: every item is done. */
async function performItems(scene: Scene): Promise<Ending | null> {
  const { iteration, args, standing, context } = scene;
  const { run, definition } = standing;
  const ask = stopQuestion(scene);
  const enumerator = await iteration.buildEnumerator(args, context);
  const steps = openEnumerator(definition.name, enumerator);
  const progress = progressOf(run.job, enumerator);
  const owner = `the enumerator of "${definition.name}"`;
  let turnedAt = run.monotonic();
  let open = true;
  try {
    for (;;) {
      // One that ends or throws has closed itself.
      open = false;
      let step = steps.next();
      if (isThenable(step)) step = await step;
      if (step.done) return null;
      open = true;
      const [item, given] = pairOf(owner, step.value);
      const cursor = cursorOf(owner, given);
      const doing = iteration.eachIteration(item, context);
      if (isThenable(doing)) await doing;
      progress.done++;
      moveTo(standing, standing.reported ? { cursor } : { cursor, progress: { ...progress } });
      const now = run.monotonic();
      const ending = ask(now);
      if (ending !== null) {
        open = !(ending.outcome === "cancelled" && (await isExhausted(steps)));
        return open ? ending : null;
      }
      if (now - turnedAt < turnMs) continue;
      await nextTurn();
      turnedAt = run.monotonic();
    }
  } finally {
    if (open) await closeSteps(steps, run.log);
  }
}

/** A cancel that comes after the last item comes too late: the work is done. */
async function isExhausted(steps: Steps): Promise<boolean> {
  return (await steps.next()).done === true;
}

/** Asked after each item with the monotonic time: null to go on, or how the run ends. */
function stopQuestion({ iteration, standing, context }: Scene): (now: number) => Ending | null {
  const { run, definition } = standing;
  const names = iteration.interruptionAdapters ?? run.interruptionAdapters ?? ["runtime"];
  // The default is asked for nearly every item there is: `stopping` says it all.
  const usual = names.length === 1 && names[0] === "runtime";
  const adapter = usual ? null : interruptionAdapters.resolve(names);
  const maxRuntimeMs = iteration.maxRuntimeMs ?? Number.POSITIVE_INFINITY;
  const until = run.monotonic() + maxRuntimeMs;
  const roomMs = Math.min(longestRoomMs, Math.ceil(maxRuntimeMs / 10));
  return (now) => {
    const why = run.stopping();
    if (why === "cancel") return { outcome: "cancelled" };
    if (why === "timeout") return { outcome: "failed", error: timeoutError(definition.timeoutMs) };
    if (why === "lost") return lost;
    const reason = adapter === null ? why : adapter(context);
    // What an adapter saw lasts a while, and this process goes on claiming unless it stops.
    if (reason !== false) return interrupted(reason, why === false ? adapterPauseMs : 0);
    return now >= until ? interrupted("maxRuntime", roomMs) : null;
  };
}

/** Of a job's many runs only the first is a start, and only one with a cursor resumes something. */
async function sayBegun({ iteration, args, context }: Scene): Promise<void> {
  const { cursor, attempts, interruptions, crashes } = context.job;
  if (cursor !== null) await iteration.onResume?.(args, context);
  else if (attempts === 1 && interruptions === 0 && crashes === 0) {
    await iteration.onStart?.(args, context);
  }
}

/** A broken callback must not turn a clean stop into a failed attempt. */
async function sayInterrupted({ iteration, args, standing, context }: Scene): Promise<void> {
  try {
    await iteration.onInterrupt?.(args, context);
  } catch (error) {
    standing.run.log.error(
      { err: error },
      "onInterrupt failed; the job is interrupted all the same",
    );
  }
}
