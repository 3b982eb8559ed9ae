// A runtime as its users have it: a folder with a queue.yml and a store, and the built command line
// run on it as real processes.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import type { Store } from "@queue-runtime/store";
import { dropDatabase, execute } from "../../support/postgres/databases.ts";
import { childrenOf, titleOf } from "../../support/proc.ts";
import { RuntimeProcess } from "../../support/runtime-process.ts";
import { waitFor } from "../../support/wait-for.ts";
import type { Bench } from "./measurement.ts";

const jobs = fileURLToPath(new URL("../jobs/bench-jobs.ts", import.meta.url));

/** Dispose of it when its runtime has ended: nothing of it disturbs whoever is next. */
export class Project implements AsyncDisposable {
  readonly folder: string;
  readonly url: string;
  readonly #bench: Bench;

  private constructor(bench: Bench, url: string, settings: Settings) {
    this.folder = bench.folder();
    this.url = url;
    this.#bench = bench;
    const control = { socket: "runtime.sock" };
    const config = { store: url, jobs, control, ...settings };
    // JSON is YAML
    writeFileSync(join(this.folder, "queue.yml"), JSON.stringify(config, null, 2));
  }

  /** `settings` are keys of queue.yml; without `workers` they are the defaults. */
  static async create(bench: Bench, settings: Settings = {}): Promise<Project> {
    return new Project(bench, await bench.newStore(), settings);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.url.startsWith("sqlite:")) await dropDatabase(this.url);
  }

  start(...words: string[]): RuntimeProcess {
    const { profiles } = this.#bench;
    const profile =
      profiles === null ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profiles}` };
    const env = { ...process.env, ...profile };
    return new RuntimeProcess(["start", "-c", "queue.yml", ...words], { cwd: this.folder, env });
  }

  /** Rows of a query, read beside the runtime; numbers beyond 32 bits are text on PostgreSQL. */
  async rows<Row extends object>(sql: string): Promise<Row[]> {
    if (!this.url.startsWith("sqlite:")) return await execute<Row>(this.url, sql);
    const file = this.url.slice("sqlite:".length);
    const database = new DatabaseSync(file, { readOnly: true, timeout: 1_000 });
    try {
      return database.prepare(sql).all() as Row[];
    } finally {
      database.close();
    }
  }

  /** Starts it, and resolves when so many workers can claim; its log may be silent. */
  async startWorkers(store: Store, count: number): Promise<RuntimeProcess> {
    const runtime = this.start();
    const able = async (): Promise<boolean> => {
      const all = await store.processes.list();
      return all.filter(({ kind, names }) => kind === "worker" && names.length > 0).length >= count;
    };
    await runtime.until(able, { deadlineMs: 20_000, what: `${count} workers that can claim` });
    return runtime;
  }

  /** Resolves when no job is left that has not ended. */
  async untilEmpty(store: Store, deadlineMs: number): Promise<void> {
    const empty = async (): Promise<boolean> => {
      const { busy, nextInMs } = await store.jobs.outstanding();
      return !busy && nextInMs === null;
    };
    await waitFor(empty, { deadlineMs, everyMs: 100, what: "the last job" });
  }
}

type Settings = Readonly<Record<string, unknown>>;

/** Pids of a runtime's children whose title begins so, such as `runtime worker`. */
export function childPids(supervisor: number, title: string): number[] {
  return childrenOf(supervisor).filter((pid) => titleOf(pid).startsWith(title));
}
