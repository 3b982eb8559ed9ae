// How fast a real runtime works off what waits, seen from inside its data: from the first claim to
// the last settlement, so that neither its start nor its end counts.

import { join } from "node:path";
import type { Turns } from "../programs/store-turns.ts";
import type { Bench } from "./measurement.ts";
import { fill } from "./payload.ts";
import { ask, hear, startProgram } from "./program.ts";
import { Project } from "./project.ts";

/** Jobs per second of one worker process with these settings. */
export async function drainRuntime(bench: Bench, worker: object, jobs: number): Promise<number> {
  const project = new Project(bench, {
    workers: [{ name: "bench", ...worker }],
    log: { level: "warn" },
  });
  await fill(project.url, "noop", jobs);
  const runtime = project.start("--until-empty");
  const { code } = await runtime.ended(60_000);
  const [row] = project.rows<{ done: number; ms: number }>(
    `SELECT count(*) AS done, max(finished_at) - min(started_at) AS ms
     FROM jobs WHERE state = 'finished'`,
  );
  if (code !== 0 || row!.done !== jobs) {
    throw new Error(`${row!.done} of ${jobs} jobs were drained\n${runtime.transcript()}`);
  }
  return jobs / (row!.ms / 1_000);
}

export function drainPlainjob(bench: Bench, jobs: number): Promise<number> {
  return ask("plainjob-drain", { file: join(bench.folder(), "plainjob.sqlite"), jobs });
}

export function drainBare(bench: Bench, jobs: number, keep: boolean): Promise<number> {
  const file = join(bench.folder(), "bare.sqlite");
  return ask("bare-drain", { file, jobs, batch: 100, keep });
}

/** `store.jobs.turn` in a loop: our own SQL without a runtime around it. */
export async function drainStore(bench: Bench, jobs: number): Promise<number> {
  const url = `sqlite:${join(bench.folder(), "queue.sqlite")}`;
  await fill(url, "noop", jobs);
  const program = startProgram("store-turns", { url, batch: 100 });
  await hear(program);
  program.send({ forMs: 60_000 });
  const turns = await hear<Turns>(program);
  if (turns.jobs !== jobs) throw new Error(`${turns.jobs} of ${jobs} jobs were drained`);
  return jobs / (turns.ms / 1_000);
}
