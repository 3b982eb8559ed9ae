// A runtime as its users have it: a folder with a queue.yml and a store, and the built command line
// run on it as real processes.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { childrenOf, titleOf } from "../../support/proc.ts";
import { RuntimeProcess } from "../../support/runtime-process.ts";
import type { Bench } from "./measurement.ts";

const jobs = fileURLToPath(new URL("../jobs/bench-jobs.ts", import.meta.url));

export class Project {
  readonly folder: string;
  readonly url: string;
  readonly #bench: Bench;
  readonly #store: string;

  /** `settings` are keys of queue.yml; without `workers` they are the defaults. */
  constructor(bench: Bench, settings: Readonly<Record<string, unknown>> = {}) {
    this.folder = bench.folder();
    this.#bench = bench;
    this.#store = join(this.folder, "queue.sqlite");
    this.url = `sqlite:${this.#store}`;
    const config = { store: this.url, jobs, ...settings };
    // JSON is YAML
    writeFileSync(join(this.folder, "queue.yml"), JSON.stringify(config, null, 2));
  }

  start(...words: string[]): RuntimeProcess {
    const { profiles } = this.#bench;
    const profile =
      profiles === null ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profiles}` };
    const env = { ...process.env, ...profile };
    return new RuntimeProcess(["start", "-c", "queue.yml", ...words], { cwd: this.folder, env });
  }

  /** Rows of a query, read beside the runtime. */
  rows<Row>(sql: string): Row[] {
    const database = new DatabaseSync(this.#store, { readOnly: true, timeout: 1_000 });
    try {
      return database.prepare(sql).all() as Row[];
    } finally {
      database.close();
    }
  }

  unfinished(): number {
    const [row] = this.rows<{ count: number }>(
      "SELECT count(*) AS count FROM jobs WHERE state NOT IN ('finished', 'failed', 'cancelled')",
    );
    return row!.count;
  }
}

/** Pids of a runtime's children whose title begins so, such as `runtime worker`. */
export function childPids(supervisor: number, title: string): number[] {
  return childrenOf(supervisor).filter((pid) => titleOf(pid).startsWith(title));
}
