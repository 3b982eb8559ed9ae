// A project that runs shell commands, and what tests ask of it. Commands are enqueued through the
// store, as `runtime add` does; what they do is seen in files of the project.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type CommandJob, type NewCommand, openStore, type Store } from "@queue-runtime/store";
import { CrashProject } from "./crash-project.ts";
import { within } from "./pace.ts";
import { isRunning } from "./proc.ts";
import type { RuntimeProcess } from "./runtime-process.ts";
import { type WaitOptions, waitFor } from "./wait-for.ts";

export interface AddOptions extends Partial<NewCommand> {
  readonly group?: string;
  readonly priority?: number;
  readonly held?: boolean;
  readonly label?: string;
  readonly after?: readonly number[];
}

/** Keys of queue.yml. */
export interface ShellConfig {
  readonly commands?: object;
  readonly [key: string]: unknown;
}

export class ShellProject extends CrashProject {
  #store: Promise<Store> | undefined;

  constructor({ commands = {}, ...config }: ShellConfig = {}) {
    super({
      workers: [],
      control: { socket: "./runtime.sock" },
      commands: { output: "./output", ...commands },
      ...config,
    });
  }

  store(): Promise<Store> {
    this.#store ??= openStore(this.url);
    return this.#store;
  }

  /** Waits until the runtime is up and its store is there. */
  async up(runtime: RuntimeProcess = this.start()): Promise<RuntimeProcess> {
    return await runtime.ready();
  }

  /** What whoever adds a command has around them: enough to find it again, and a path. */
  get surroundings(): Record<string, string> {
    const { PATH = "", QUEUE_RUNTIME_TEST = "" } = this.env;
    return { PATH, QUEUE_RUNTIME_TEST, DIR: this.path };
  }

  async add(line: string, options: AddOptions = {}): Promise<number> {
    const [id] = await this.addMany([line], options);
    return id!;
  }

  async addMany(lines: readonly string[], options: AddOptions = {}): Promise<number[]> {
    const {
      group = "default",
      priority = 0,
      held = false,
      after = [],
      label = null,
      ...rest
    } = options;
    const jobs = lines.map((line) => ({
      name: "command",
      kind: "command" as const,
      queue: group,
      priority,
      held,
      label,
      after,
      command: {
        line,
        argv: null,
        directory: this.path,
        environment: this.surroundings,
        ...rest,
      },
    }));
    const answers = await (await this.store()).jobs.enqueue(jobs);
    return answers.map(({ id }) => id);
  }

  async command(id: number): Promise<CommandJob> {
    const found = await (await this.store()).commands.find(id);
    if (!found) throw new Error(`there is no command ${id}`);
    return found;
  }

  /** The command once it is in the state, watched closely. */
  async commandIn(id: number, state: string, options: WaitOptions = {}): Promise<CommandJob> {
    let last: CommandJob | undefined;
    const arrived = async () => {
      last = await this.command(id);
      return last.state === state && last;
    };
    const what = `command ${id} to be ${state}`;
    return await waitFor(arrived, { deadlineMs: within(10_000), what, ...options }).catch(
      (error) => {
        throw new Error(`${error.message}: ${JSON.stringify(last)}`);
      },
    );
  }

  /** The pid of its process, once that is stored. */
  async pidOfCommand(id: number, options: WaitOptions = {}): Promise<number> {
    const known = async () => {
      const { state, command } = await this.command(id);
      return state === "running" && command.process?.pid;
    };
    return await waitFor(known, { deadlineMs: within(10_000), what: `a pid of ${id}`, ...options });
  }

  output(id: number, { attempt = 1, stderr = false } = {}): string {
    const file = this.outputFile(id, { attempt, stderr });
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }

  outputFile(id: number, { attempt = 1, stderr = false } = {}): string {
    return join(this.path, "output", `${id}.${attempt}${stderr ? ".err" : ""}.log`);
  }

  /** What a file of the project holds, once it holds something. */
  async written(file: string, options: WaitOptions = {}): Promise<string> {
    const some = () => {
      const path = join(this.path, file);
      const text = existsSync(path) ? readFileSync(path, "utf8") : "";
      return text.endsWith("\n") && text.trim();
    };
    return await waitFor(some, {
      deadlineMs: within(10_000),
      what: `something in ${file}`,
      ...options,
    });
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#store)?.close();
    await super[Symbol.asyncDispose]();
  }
}

export async function gone(pid: number, options: WaitOptions = {}): Promise<void> {
  await waitFor(() => !isRunning(pid), { what: `the end of pid ${pid}`, ...options });
}
