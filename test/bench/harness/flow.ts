// Jobs that keep to limits: how a real runtime and its peers work them off, as the spans that the
// jobs themselves saw.

import { fileURLToPath } from "node:url";
import { openStore, type Store } from "@queue-runtime/store";
import type { RuntimeProcess } from "../../support/runtime-process.ts";
import type { Entry } from "../contenders.ts";
import { settle } from "../servers/postgres.ts";
import { performed, Run } from "./contest.ts";
import { ended, loop, quiet } from "./drain.ts";
import type { Attempts, Bench } from "./measurement.ts";
import { type Filling, fillWith } from "./payload.ts";
import { Project } from "./project.ts";
import type { Span } from "./spans.ts";

const jobs = fileURLToPath(new URL("../jobs/flow-jobs.ts", import.meta.url));

export interface Work {
  /** The first is what is measured, of the queue `default`; others only lie there. */
  readonly fillings: readonly [Filling, ...Filling[]];
  readonly processes: number;
}

/** A runtime works off what waits in `default`; then the store is looked at. */
export async function workOff<Answer>(
  bench: Bench,
  { fillings, processes }: Work,
  look: (project: Project) => Promise<Answer>,
): Promise<Answer> {
  const workers = [{ name: "bench", ...loop, processes, queues: ["default"] }];
  await using project = await Project.create(bench, { jobs, workers, log: quiet });
  for (const filling of fillings) await fillWith(project.url, filling);
  if (bench.store === "postgres") await settle(project.url);
  const store = await openStore(project.url);
  // nobody begins before all of them are there
  await store.queues.pause("default");
  const runtime = await project.startWorkers(store, processes);
  await store.queues.resume("default");
  await untilDone(store, runtime);
  await store.close();
  await runtime.stop();
  return await look(project);
}

/** Nothing of the queue is left, whatever lies in others. */
async function untilDone(store: Store, runtime: RuntimeProcess): Promise<void> {
  const done = async (): Promise<boolean> => {
    const queue = (await store.queues.list()).find(({ name }) => name === "default");
    return queue === undefined || queue.ready + queue.blocked + queue.running === 0;
  };
  await runtime.until(done, { deadlineMs: 90_000, everyMs: 100, what: "the last job" });
}

/** Of a contender: when its jobs ran, and by the store's clock when they were claimed. */
export interface Ran {
  readonly spans: readonly Span[];
  /** Only of ourselves. */
  readonly claimedAt: readonly number[];
}

/** All jobs of one filling. */
export function ranAtOurs(bench: Bench, filling: Filling, processes: number): Promise<Ran> {
  return workOff(bench, { fillings: [filling], processes }, async (project) => {
    const rows = await project.rows<{ result: string | Span; at: string | number }>(
      `SELECT result, started_at AS at FROM ${ended[bench.store]} WHERE state = 'finished'`,
    );
    if (rows.length !== filling.count) throw new Error(`${rows.length} jobs ran`);
    const spans = rows.map(({ result }) => (typeof result === "string" ? spanIn(result) : result));
    return { spans, claimedAt: rows.map(({ at }) => Number(at)) };
  });
}

const spanIn = (result: string): Span => JSON.parse(result) as Span;

export interface PeersWork {
  readonly jobs: number;
  readonly processes: number;
  /** Of a backlog that outlasts it: the first so many milliseconds. */
  readonly forMs: number;
}

export async function ranAtPeer(bench: Bench, entry: Entry, work: PeersWork): Promise<Ran> {
  await using run = await Run.start(bench, entry);
  await run.fill(work.jobs);
  const workers = await run.work(work.processes, work.jobs);
  await performed(workers, 1);
  await performed(workers, work.jobs, work.forMs);
  const spans: Span[] = [];
  for (const worker of workers) {
    spans.push(...(await worker.tell<readonly Span[]>({ do: "spans" })));
  }
  return { spans, claimedAt: [] };
}

/** One figure of each round. */
export function ofEach(
  contest: Readonly<Record<string, Attempts<Ran>>>,
  figure: (ran: Ran) => number,
): Record<string, Attempts> {
  return Object.fromEntries(
    Object.entries(contest).map(([name, { rounds, missing }]) => [
      name,
      { rounds: rounds.map(figure), missing },
    ]),
  );
}
