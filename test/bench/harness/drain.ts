// How fast a real runtime works off what waits, seen from inside its data: from the first claim to
// the last settlement, so that neither its start nor its end counts.

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openStore } from "@queue-runtime/store";
import type { RuntimeProcess } from "../../support/runtime-process.ts";
import { atOnce } from "../contenders/contender.ts";
import type { Turns } from "../programs/store-turns.ts";
import { settle } from "../servers/postgres.ts";
import type { Bench } from "./measurement.ts";
import { fill } from "./payload.ts";
import { ask, hear, startProgram } from "./program.ts";
import { Project } from "./project.ts";

/** How a worker is set up to compare with others: jobs on its main loop, 20 at once. */
export const loop = { threads: 0, concurrency: atOnce } as const;

/** Jobs per second of a runtime with this kind of worker. */
export async function drainRuntime(
  bench: Bench,
  worker: WorkerSettings,
  jobs: number,
): Promise<number> {
  await using project = await filled(bench, worker, jobs);
  const runtime = await drainWith(project, worker);
  const { done, ms } = await drained(bench, project);
  if (runtime.exit?.code !== 0 || done !== jobs) {
    throw new Error(`${done} of ${jobs} jobs were drained\n${runtime.transcript()}`);
  }
  return jobs / (ms / 1_000);
}

/** The same of the first so many milliseconds of a backlog that outlasts them. */
export async function sipRuntime(
  bench: Bench,
  worker: WorkerSettings,
  { jobs, forMs }: { readonly jobs: number; readonly forMs: number },
): Promise<number> {
  await using project = await filled(bench, worker, jobs);
  const runtime = project.start();
  const begun = async () => (await drained(bench, project)).done > 0;
  await runtime.until(begun, { deadlineMs: 20_000, what: "the first job" });
  await sleep(forMs);
  await runtime.stop();
  const { done, ms } = await drained(bench, project);
  return done / (ms / 1_000);
}

/** No line for each job; peers are silenced too. */
export const quiet = { level: "warn" } as const;

async function filled(bench: Bench, worker: WorkerSettings, jobs: number): Promise<Project> {
  const project = await Project.create(bench, {
    workers: [{ name: "bench", ...worker }],
    log: quiet,
  });
  await fill(project.url, "noop", jobs);
  if (bench.store === "postgres") await settle(project.url);
  return project;
}

/** Of the jobs with this name: how many finished, and how long after the first claim the last. */
export async function drained(
  bench: Bench,
  project: Project,
  name = "noop",
): Promise<{ done: number; ms: number }> {
  const [row] = await project.rows<{ done: number; ms: number }>(
    `SELECT count(*) AS done, max(finished_at) - min(started_at) AS ms
     FROM ${ended[bench.store]} WHERE state = 'finished' AND name = '${name}'`,
  );
  return { done: Number(row!.done), ms: Number(row!.ms) };
}

/** A runtime that has ended when nothing is left to do. */
async function drainWith(project: Project, worker: WorkerSettings): Promise<RuntimeProcess> {
  if ((worker.processes ?? 1) === 1) {
    const runtime = project.start("--until-empty");
    await runtime.ended(60_000);
    return runtime;
  }
  const store = await openStore(project.url);
  // nobody begins before all of them are there
  await store.queues.pause("default");
  const runtime = await project.startWorkers(store, worker.processes!);
  await store.queues.resume("default");
  await project.untilEmpty(store, 60_000);
  await store.close();
  await runtime.stop();
  return runtime;
}

interface WorkerSettings {
  readonly threads: number;
  readonly concurrency: number;
  /** 1 by default. */
  readonly processes?: number;
}

/** Where jobs are that ended. */
export const ended = { sqlite: "jobs", postgres: "queue_runtime.ended_jobs" } as const;

export function drainPlainjob(bench: Bench, jobs: number): Promise<number> {
  return ask("plainjob-drain", { file: join(bench.folder(), "plainjob.sqlite"), jobs });
}

export function drainBare(bench: Bench, jobs: number, keep: boolean): Promise<number> {
  const file = join(bench.folder(), "bare.sqlite");
  return ask("bare-drain", { file, jobs, batch: 100, keep });
}

/** `store.jobs.turn` in a loop: our own SQL without a runtime around it. */
export async function drainStore(bench: Bench, jobs: number): Promise<number> {
  const url = await bench.newStore();
  await fill(url, "noop", jobs);
  const program = startProgram("store-turns", { url, batch: 100 });
  await hear(program);
  program.send({ forMs: 60_000 });
  const turns = await hear<Turns>(program);
  if (turns.jobs !== jobs) throw new Error(`${turns.jobs} of ${jobs} jobs were drained`);
  return jobs / (turns.ms / 1_000);
}
