// A real `runtime start`: the built command line in a process of its own, seen only from outside.
// Its JSON log is read line by line from stderr; tests wait for lines and conditions, never for a
// time.

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { within } from "./pace.ts";
import { type WaitOptions, waitFor } from "./wait-for.ts";

export const bin = fileURLToPath(new URL("../../packages/runtime/bin/runtime.js", import.meta.url));

/** Milliseconds of the system's monotonic clock, comparable between all processes of a machine. */
export function monotonic(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}

/** One line of the log. `at` is when it was read, by `monotonic()`. */
export interface LogLine {
  readonly at: number;
  readonly event?: string;
  readonly msg?: string;
  readonly level?: number;
  /** Which process speaks, such as `supervisor` or `worker default/1`. */
  readonly process?: string;
  readonly pid?: number;
  readonly [field: string]: unknown;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** By `monotonic()`. */
  readonly at: number;
}

export interface SpawnOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** What to run instead of Node itself, such as `unshare`; Node and its arguments follow. */
  readonly wrapper?: readonly string[];
}

export class RuntimeProcess {
  readonly pid: number;
  readonly lines: LogLine[] = [];
  /** Lines of stderr that are no JSON. */
  readonly text: string[] = [];
  readonly exited: Promise<Exit>;
  exit: Exit | null = null;
  stdout = "";
  readonly #process: ChildProcess;

  constructor(args: readonly string[], { cwd, env, wrapper = [] }: SpawnOptions) {
    const [program, ...rest] = [...wrapper, process.execPath, bin, ...args];
    this.#process = spawn(program!, rest, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    this.pid = this.#process.pid ?? 0;
    const { stdout, stderr } = this.#process;
    stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    createInterface({ input: stderr! }).on("line", (line) => this.#hear(line));
    // `exit`, not `close`: a child that outlives its supervisor keeps the pipe open
    this.exited = new Promise((resolve, reject) => {
      this.#process.once("error", reject);
      this.#process.once("exit", (code, signal) => {
        this.exit = { code, signal, at: monotonic() };
        resolve(this.exit);
      });
    });
    this.exited.catch(() => undefined);
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** Lines of one event so far, oldest first. */
  events(event: string): LogLine[] {
    return this.lines.filter((line) => line.event === event);
  }

  /** The first line of the event that matches, or the one to come. */
  async event(
    event: string,
    matches: (line: LogLine) => boolean = () => true,
    options: WaitOptions = {},
  ): Promise<LogLine> {
    const found = () => this.lines.find((line) => line.event === event && matches(line));
    return await this.until(found, { what: `the event ${event}`, ...options });
  }

  /** All first children are up and every job so far could have been claimed. */
  async ready(options: WaitOptions = {}): Promise<this> {
    await this.event("runtime-ready", undefined, { deadlineMs: 60_000, ...options });
    return this;
  }

  /**
   * Waits for a condition; gives up at once, with the log, when the process has ended meanwhile.
   */
  async until<T>(condition: () => T | Promise<T>, options: WaitOptions = {}) {
    let last = false;
    try {
      return await waitFor(async () => {
        const answer = await condition();
        if (answer) return answer;
        if (last) throw new Error(`the runtime ended before ${options.what ?? condition}`);
        // what it wrote last is still on its way when its end is known
        last = this.exit !== null && this.#process.stderr?.readableEnded === true;
        return false as const;
      }, options);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${this.transcript()}`);
    }
  }

  /** Waits for its end. */
  async ended(deadlineMs = within(10_000)): Promise<Exit> {
    const options = { deadlineMs, what: `the end of the runtime (pid ${this.pid})` };
    const exit = await waitFor(() => this.exit, options).catch((error: Error) => {
      throw new Error(`${error.message}\n${this.transcript()}`);
    });
    return exit;
  }

  /** Sends the signal and waits for the end. */
  async stop(signal: NodeJS.Signals = "SIGTERM", deadlineMs?: number): Promise<Exit> {
    this.signal(signal);
    return await this.ended(deadlineMs);
  }

  /** The end of its log, for messages of failed tests. */
  transcript(): string {
    const lines = this.lines.slice(-60).map((line) => `  ${line.process}: ${line.msg}`);
    return [...lines, ...this.text.slice(-20), `  exit: ${JSON.stringify(this.exit)}`].join("\n");
  }

  #hear(line: string): void {
    try {
      this.lines.push({ ...JSON.parse(line), at: monotonic() });
    } catch {
      this.text.push(line);
    }
  }
}
