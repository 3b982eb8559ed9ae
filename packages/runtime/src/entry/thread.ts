// Started by a worker as the one task of a pool thread, never imported: loads the job modules once,
// then performs what arrives on its port until the port closes.

import { AsyncLocalStorage } from "node:async_hooks";
import { parentPort } from "node:worker_threads";
import { type JobDefinition, perform, type RunJob, toJobError } from "@queue-runtime/job";
import { reuseStripped } from "../modules/strip-once.ts";
import { type Definitions, loadDefinitions, loadHooks } from "../modules.ts";
import { flushed } from "../process/flushed.ts";
import { SlotRun } from "../worker/run/slot-run.ts";
import { StopFlags } from "../worker/run/stop-flags.ts";
import { ThreadLink } from "../worker/threads/thread-link.ts";
import type { Culprit, ThreadSession, ToThread } from "../worker/threads/thread-messages.ts";

/** Which run the code at hand belongs to, also after any number of awaits. */
const current = new AsyncLocalStorage<SlotRun>();

/** Resolves when the worker closes the port. */
export async function serve(session: ThreadSession): Promise<void> {
  const link = new ThreadLink(
    session.port,
    new StopFlags(session.flags),
    session.interruptionAdapters,
  );
  const closed = new Promise<void>((resolve) => session.port.once("close", resolve));
  lastWords(link);
  silenceParentPort();
  try {
    reuseStripped(session.stripped);
    if (session.hooks) await loadHooks(session.hooks);
    const definitions = await loadDefinitions(session.modules);
    session.port.on("message", (message: ToThread) => {
      if (message.type === "run") start(definitions, link, message);
      else link.answered(message);
    });
    link.post({ type: "ready" });
  } catch (error) {
    link.post({ type: "failed", message: error instanceof Error ? error.message : String(error) });
  }
  await closed;
  // a thread that is ended takes along what the main thread has not asked for yet
  await flushed([process.stdout, process.stderr]);
}

function start(
  definitions: Definitions,
  link: ThreadLink,
  { slot, job }: { readonly slot: number; readonly job: RunJob },
): void {
  const definition = definitions.get(job.name);
  if (!definition) throw new Error(`no code for ${job.name}: it should not have been sent here`);
  const run = new SlotRun(job, slot, link);
  current.run(run, () => void performRun(run, definition, link));
}

async function performRun(run: SlotRun, definition: JobDefinition, link: ThreadLink) {
  const outcome = await perform(definition, run);
  run.end();
  link.ended(run.slot, outcome);
}

/** It is the pool's own: a word from a job would end the thread, null even the whole process. */
function silenceParentPort(): void {
  if (parentPort) parentPort.postMessage = () => undefined;
}

/** Says which run ends the thread: `process.exit` and stray errors would otherwise blame nobody. */
function lastWords(link: ThreadLink): void {
  const exit = process.exit.bind(process);
  process.exit = (code) => {
    const status = Number(code ?? process.exitCode ?? 0);
    const error = { name: "ExitError", message: `exited with ${status}`, code: String(status) };
    link.post({ type: "dying", slot: culprit(), error: { ...error, stack: null, cause: null } });
    return exit(code);
  };
  process.on("uncaughtException", (error) => {
    const run = current.getStore();
    if (run?.isOver) return run.leftBehind(error);
    link.post({ type: "dying", slot: culprit(), error: toJobError(error) });
    exit(1);
  });
}

function culprit(): Culprit {
  const run = current.getStore();
  if (!run) return null;
  return run.isOver ? "over" : run.slot;
}
