// A runtime that runs shell commands and nothing else, with a connection to its control socket.

import { join } from "node:path";
import { type NewJob, openStore, type Store } from "@queue-runtime/store";
import { bin, type RuntimeProcess } from "../../support/runtime-process.ts";
import { Control } from "./control.ts";
import { ended, quiet } from "./drain.ts";
import type { Bench } from "./measurement.ts";
import { Project } from "./project.ts";

export interface Added {
  readonly id: number;
}

/** Nothing runs in it: what is added there waits. */
const parked = "parked";

/** Dispose of it: that ends what still runs, too. */
export class CommandRuntime implements AsyncDisposable {
  readonly project: Project;
  readonly runtime: RuntimeProcess;
  readonly store: Store;
  readonly control: Control;

  private constructor(project: Project, runtime: RuntimeProcess, store: Store) {
    this.project = project;
    this.runtime = runtime;
    this.store = store;
    this.control = new Control(join(project.folder, "runtime.sock"));
  }

  /** `commands`: keys of that part of queue.yml. */
  static async start(bench: Bench, commands: object = {}): Promise<CommandRuntime> {
    const all = { output: "output", ...commands };
    const project = await Project.create(bench, { workers: [], log: quiet, commands: all });
    const runtime = project.start();
    const control = new Control(join(project.folder, "runtime.sock"));
    const isReady = () =>
      control.get("/readyz").then(
        () => true,
        () => false,
      );
    await runtime.until(isReady, { deadlineMs: 20_000, what: "a runtime that is ready" });
    control.close();
    const self = new CommandRuntime(project, runtime, await openStore(project.url));
    await self.control.post("/groups", { name: parked });
    await self.control.post("/commands/pause", { group: parked });
    return self;
  }

  /** What `POST /commands` takes for a line of the shell. */
  request(line: string, options: object = {}): object {
    return { words: [line], directory: this.project.folder, environment, ...options };
  }

  /** Resolves with its id when it is acknowledged. */
  async add(line: string, options: object = {}): Promise<number> {
    const { body } = await this.control.post<Added>("/commands", this.request(line, options));
    return body.id;
  }

  /** So many that lie there and do not begin. */
  async park(count: number): Promise<void> {
    const { folder: directory } = this.project;
    const command = { line: "true", argv: null, directory, environment };
    const job: NewJob = { name: "command", kind: "command", queue: parked, command };
    for (let done = 0; done < count; done += 10_000) {
      const length = Math.min(count - done, 10_000);
      await this.store.jobs.enqueue(Array.from({ length }, () => job));
    }
  }

  /** The request that adds one more of them. */
  get parkedRequest(): object {
    return this.request("true", { group: parked });
  }

  /** A line for a shell in the folder of the project that runs the command line with these words. */
  line(words: string): string {
    const [verb, ...rest] = words.split(" ");
    return `'${process.execPath}' '${bin}' ${verb} -c queue.yml ${rest.join(" ")}`;
  }

  /** When commands were claimed and when their ends were stored; milliseconds, by id. */
  async spans(): Promise<readonly { readonly from: number; readonly to: number }[]> {
    const table = ended[this.project.url.startsWith("sqlite:") ? "sqlite" : "postgres"];
    const rows = await this.project.rows<{ from: number | string; to: number | string }>(
      `SELECT started_at AS "from", finished_at AS "to" FROM ${table}
       WHERE state = 'finished' AND name = 'command' ORDER BY id`,
    );
    return rows.map(({ from, to }) => ({ from: Number(from), to: Number(to) }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.control.close();
    await this.store.close();
    await this.runtime.stop("SIGQUIT");
    await this.project[Symbol.asyncDispose]();
  }
}

/**
 * As large as that of an interactive shell: about 3 kB in 40 variables. Without `SHLVL` bash takes a
 * socket as its stdin for that of a remote shell, and reads ~/.bashrc first.
 */
const environment: Readonly<Record<string, string>> = {
  PATH: process.env.PATH ?? "/usr/bin:/bin",
  SHLVL: "1",
  ...Object.fromEntries(
    Array.from({ length: 40 }, (_, index) => [`SOME_VARIABLE_${index}`, "x".repeat(55)]),
  ),
};
