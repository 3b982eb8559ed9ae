// A project whose jobs crash, spin and misbehave, and what tests of crashes ask of it: gates that
// hold jobs back, processes by what they are, jobs once they are where they should be.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type EnqueueOptions, jobRef, openQueue, type Queue } from "queue-runtime";
import { within } from "./pace.ts";
import { titleOf } from "./proc.ts";
import { Project, type ProjectOptions, type Recorded } from "./project.ts";
import { RuntimeProcess } from "./runtime-process.ts";
import { type WaitOptions, waitFor } from "./wait-for.ts";

const files = ["plain", "misbehave", "iterations", "flow"].map(
  (name) => `../crash-jobs/${name}.ts`,
);

export interface ErrorRow {
  readonly name: string;
  readonly message: string;
  readonly code: string | null;
  readonly stack: string | null;
  readonly cause: ErrorRow | null;
}

export class CrashProject extends Project {
  #queue: Promise<Queue> | undefined;

  constructor(config: object = {}, options: Omit<ProjectOptions, "config"> = {}) {
    super({ config: { shutdown_timeout: "5s", ...config }, jobs: files, ...options });
  }

  /** A second configuration on the same store and jobs. */
  configureAs(file: string, config: object): void {
    const base = JSON.parse(readFileSync(join(this.path, "queue.yml"), "utf8"));
    this.write(file, JSON.stringify({ ...base, ...config }));
  }

  startAs(file: string): RuntimeProcess {
    return new RuntimeProcess(["start", "-c", file], { cwd: this.path, env: this.env });
  }

  /** The path of a file that holds jobs back until `open` makes it. */
  gate(name = "gate"): string {
    return join(this.path, name);
  }

  open(name = "gate"): void {
    writeFileSync(this.gate(name), "");
  }

  /** A connection that stays, so that what is measured is the enqueue alone. */
  queue(): Promise<Queue> {
    this.#queue ??= openQueue(this.url);
    return this.#queue;
  }

  override async enqueueMany(name: string, inputs: unknown[], options: EnqueueOptions = {}) {
    const answers = await (await this.queue()).enqueueMany(jobRef(name), inputs, options);
    return answers.map(({ id }) => id);
  }

  /** Each in a transaction of its own; answers the ids. */
  async enqueueOneByOne(jobs: readonly (readonly [name: string, input: unknown])[]) {
    const ids: number[] = [];
    for (const [name, input] of jobs) ids.push(await this.enqueue(name, input));
    return ids;
  }

  /** What one job wrote so far. */
  story(job: number, event?: string): Recorded[] {
    return this.records(event).filter((each) => each.job === job);
  }

  /** Once one job wrote the event so often. */
  async told(job: number, event: string, count = 1, options: WaitOptions = {}) {
    const enough = () => {
      const found = this.story(job, event);
      return found.length >= count && found;
    };
    const what = `${count} x "${event}" of job ${job}`;
    return await waitFor(enough, { what, everyMs: 2, deadlineMs: within(10_000), ...options });
  }

  /** Pids of living processes by title: `worker`, `worker default/2`, `dispatcher`. */
  pidsOf(title: string): number[] {
    return this.pids().filter((pid) => titleOf(pid).startsWith(`runtime ${title}`));
  }

  /** The pid of the only such process, once there is exactly one. */
  async pidOf(title: string): Promise<number> {
    const only = () => {
      const pids = this.pidsOf(title);
      return pids.length === 1 && pids[0]!;
    };
    return await waitFor(only, { what: `one process called ${title}` });
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#queue)?.close();
    await super[Symbol.asyncDispose]();
  }
}

/** Sends a signal; false when the process is gone. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

/** The letter that /proc shows: `R`, `S`, `T` (stopped), `Z`; empty when the process is gone. */
export function stateOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2, text.lastIndexOf(")") + 3);
  } catch {
    return "";
  }
}
