// A project in a folder of its own: queue.yml, job files, a store, and every process started in it.
// Disposing of it ends exactly those processes and what they started, by pid, and removes the
// folder.

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type JobFilter, openStore, type Store } from "@queue-runtime/store";
import { type EnqueueOptions, jobRef, openQueue } from "queue-runtime";
import { jobDetailsRow, jobRow } from "../../packages/runtime/src/control/rows.ts";
import { LineFile } from "./line-file.ts";
import { within } from "./pace.ts";
import { processesMarked } from "./proc.ts";
import { newProjectStore } from "./project-store.ts";
import { bin, monotonic, RuntimeProcess, type SpawnOptions } from "./runtime-process.ts";
import { temporaryFolder } from "./temporary-store.ts";
import { type WaitOptions, waitFor } from "./wait-for.ts";

/** Where record.ts is, for modules that a test writes. */
export const support = fileURLToPath(new URL(".", import.meta.url));
const modules = fileURLToPath(new URL("../../node_modules", import.meta.url));

export interface ProjectOptions {
  /** Keys of queue.yml, over the quick ones below. */
  readonly config?: { readonly store?: string; readonly [key: string]: unknown };
  /** Names of files in test/support/jobs; `plain.ts` and `items.ts` by default. */
  readonly jobs?: readonly string[];
  /** Files of its own, by path relative to the project; a hooks.ts among them is used as such. */
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: NodeJS.ProcessEnv;
}

export interface StartOptions extends Partial<SpawnOptions> {
  /** queue.yml by default. */
  readonly config?: string;
}

/** What jobs and hooks write down; see record.ts. */
export interface Recorded {
  readonly event: string;
  readonly pid: number;
  /** By `monotonic()`, in milliseconds. */
  readonly at: number;
  readonly job?: number;
  readonly name?: string;
  readonly attempt?: number;
  readonly fence?: number;
  readonly [field: string]: unknown;
}

/** As `jobs --json` prints it. */
export interface JobRow {
  readonly id: number;
  readonly name: string;
  readonly queue: string;
  readonly state: string;
  readonly attempts: number;
  readonly interruptions: number;
  readonly crashes: number;
  readonly fence: number;
  readonly process_id: number | null;
  readonly cursor: unknown;
  readonly progress: { readonly done: number; readonly total: number | null };
  readonly error: { readonly name: string; readonly message: string } | null;
  readonly result: unknown;
  readonly [field: string]: unknown;
}

/** As `job --json` prints it. */
export interface JobPage extends JobRow {
  readonly errors: readonly { readonly attempt: number; readonly message: string }[];
}

/** As `status --json` prints it. */
export interface Status {
  readonly running: boolean;
  readonly pid: number | null;
  readonly jobs: Readonly<Record<string, number>>;
  readonly processes: readonly {
    readonly id: number;
    readonly kind: string;
    readonly name: string;
    readonly pid: number;
    readonly state: string;
    readonly jobs: number;
    readonly rss_bytes: number | null;
  }[];
}

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Everything happens sooner than by default; the dispatcher is on, the scheduler is off. */
const quick = {
  shutdown_timeout: "10s",
  workers: [{ name: "default", threads: 2 }],
  scheduler: false,
  log: { level: "debug" },
};

/** Where others have the processors for a second, nobody is dead who is silent for so long. */
function quickly(): object {
  const alive = Math.round(Math.min(5_000, within(1_000)));
  const rest = { heartbeat_interval: "200ms", startup_timeout: "30s" };
  return { ...rest, alive_threshold: `${alive}ms` };
}

export class Project implements AsyncDisposable {
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
  readonly recordFile: string;
  readonly config: object;
  /** Of the store, for those who open it themselves. */
  readonly url: string;
  readonly #mark = `QUEUE_RUNTIME_TEST=${randomUUID()}`;
  readonly #folder = temporaryFolder();
  readonly #record: LineFile<Recorded>;

  constructor({ config = {}, jobs, files = {}, env = {} }: ProjectOptions = {}) {
    this.path = this.#folder.path;
    this.recordFile = join(this.path, "record.jsonl");
    this.#record = new LineFile(this.recordFile);
    const [name, value] = this.#mark.split("=") as [string, string];
    this.env = { ...process.env, ...env, RECORD: this.recordFile, [name]: value };
    // so that modules written into the folder find the packages
    symlinkSync(modules, join(this.path, "node_modules"));
    for (const [path, text] of Object.entries(files)) this.write(path, text);
    const fixtures = (jobs ?? ["plain.ts", "items.ts"]).map((job) => join(support, "jobs", job));
    const hooks = "hooks.ts" in files ? { hooks: "hooks.ts" } : {};
    const store = config.store ?? newProjectStore("./queue.sqlite");
    this.config = { ...quick, process: quickly(), store, jobs: fixtures, ...hooks, ...config };
    const file = /^sqlite:(.*)$/.exec(store)?.[1];
    this.url = file === undefined ? store : `sqlite:${join(this.path, file)}`;
    this.configure(this.config);
  }

  /** Writes queue.yml (JSON is YAML too): what the project began with, and these keys. */
  configure(config: object): void {
    this.write("queue.yml", JSON.stringify({ ...this.config, ...config }, null, 2));
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.path, path)), { recursive: true });
    writeFileSync(join(this.path, path), text);
  }

  /** Runs `runtime start`; does not wait for anything. */
  start(args: readonly string[] = [], options: StartOptions = {}): RuntimeProcess {
    const { config = "queue.yml", ...how } = options;
    const surroundings = { cwd: this.path, env: this.env, ...how };
    return new RuntimeProcess(["start", "-c", config, ...args], surroundings);
  }

  /** Runs any other command to its end. */
  async cli(...args: string[]): Promise<CliResult> {
    const child = spawn(process.execPath, [bin, ...args], {
      cwd: this.path,
      env: this.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].setEncoding("utf8").on("data", (text: string) => {
        output[stream] += text;
      });
    }
    const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
    return { code, ...output };
  }

  /** Enqueues by name, as an application would; answers the id. */
  async enqueue(name: string, input: unknown = {}, options: EnqueueOptions = {}): Promise<number> {
    const [id] = await this.enqueueMany(name, [input], options);
    return id!;
  }

  /** In one transaction; answers the ids. */
  async enqueueMany(name: string, inputs: unknown[], options: EnqueueOptions = {}) {
    await using queue = await openQueue(this.url);
    const answers = await queue.enqueueMany(jobRef(name), inputs, options);
    return answers.map(({ id }) => id as number);
  }

  /** As `jobs --json` would print them, without the time that a process takes to start. */
  async jobs(filter: JobFilter = {}): Promise<JobRow[]> {
    const all = await this.#look((store) => store.jobs.list({ limit: 1_000, ...filter }));
    return all.map((job) => asPrinted(jobRow(job)));
  }

  /** As `job --json` would print it. */
  async job(id: number): Promise<JobPage> {
    const job = await this.#look((store) => store.jobs.find(id));
    if (job === null) throw new Error(`there is no job ${id}`);
    return asPrinted(jobDetailsRow(job));
  }

  /** Waits, watching closely, until the job is in the state; answers when, by `monotonic()`. */
  async becomes(id: number, state: string, options: WaitOptions = {}): Promise<number> {
    return (await this.#arrival(id, state, options)).at;
  }

  /** The same; answers the job as it was then. */
  async jobIn(id: number, state: string, options: WaitOptions = {}): Promise<JobPage> {
    const patient = { deadlineMs: within(30_000), ...options };
    const { job } = await this.#arrival(id, state, patient).catch(async (error: Error) => {
      throw new Error(`${error.message}: ${JSON.stringify(await this.job(id))}`);
    });
    return asPrinted(jobDetailsRow(job));
  }

  async status(): Promise<Status> {
    return await this.#json("status");
  }

  /** Living children of its supervisor, by what `status` says. */
  async children(): Promise<Status["processes"]> {
    const { processes } = await this.status();
    return processes.filter(({ kind }) => kind !== "supervisor");
  }

  /** What jobs and hooks wrote so far, in order; only of one event if it is named. */
  records(event?: string): Recorded[] {
    const all = this.#record.read();
    return event === undefined ? [...all] : all.filter((each) => each.event === event);
  }

  /** Waits until so many records of the event are there. */
  async recorded(event: string, count = 1, options: WaitOptions = {}): Promise<Recorded[]> {
    const enough = () => {
      const found = this.records(event);
      return found.length >= count && found;
    };
    return await waitFor(enough, { what: `${count} x "${event}" in the record`, ...options });
  }

  /** Pids of everything started in this project that still runs. */
  pids(): number[] {
    return processesMarked(this.#mark);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const end = () => {
      const pids = this.pids();
      for (const pid of pids) kill(pid);
      return pids.length === 0;
    };
    await waitFor(end, { what: "the end of everything that was started" });
    this.#folder[Symbol.dispose]();
  }

  async #arrival(id: number, state: string, options: WaitOptions) {
    return await this.#look(async (store) => {
      const there = async () => {
        const job = await store.jobs.find(id);
        return job?.state === state && { job, at: monotonic() };
      };
      return await waitFor(there, { what: `job ${id} to be ${state}`, ...options });
    });
  }

  async #look<T>(use: (store: Store) => Promise<T>): Promise<T> {
    const store = await openStore(this.url);
    try {
      return await use(store);
    } finally {
      await store.close();
    }
  }

  async #json<T>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await this.cli(...args, "-c", "queue.yml", "--json");
    if (code !== 0) throw new Error(`runtime ${args.join(" ")} exited with ${code}: ${stderr}`);
    return JSON.parse(stdout) as T;
  }
}

function asPrinted<Row extends JobRow>(row: object): Row {
  return JSON.parse(JSON.stringify(row)) as Row;
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it ended by itself meanwhile
  }
}
