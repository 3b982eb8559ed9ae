// From a claim to a process. What the system cannot start just now, for want of processes or open
// files, waits here with its slot and is tried again; that is said once.

import type { ChildProcess } from "node:child_process";
import { closeSync } from "node:fs";
import { setImmediate as nextRound } from "node:timers/promises";
import { type RunnableCommand, type Settlement, systemClock } from "@queue-runtime/store";
import type { CommandsConfig } from "../../config.ts";
import type { Log } from "../../log.ts";
import type { BegunRuns } from "../../process/runs/begun-runs.ts";
import { neverBegan } from "./run/ending.ts";
import type { InputPipe, InputPipes } from "./run/input-pipes.ts";
import { noteIn, type Output, openOutput } from "./run/output.ts";
import { explain, type Spawned, spawnRun } from "./run/spawn.ts";
import { Stdin } from "./run/stdin.ts";
import type { Run } from "./run.ts";

/** So many are started before whatever else has happened is looked at: each takes a millisecond. */
const inOneRound = 4;
/** Milliseconds until what could not be started is tried again. */
const shortestPauseMs = 50;
const longestPauseMs = 1_000;

export interface LauncherOptions {
  readonly log: Log;
  readonly config: () => CommandsConfig;
  readonly pipes: InputPipes;
  /** null before the service starts and after it ends, when nothing begins. */
  readonly begun: () => BegunRuns | null;
  readonly mayBegin: () => boolean;
  readonly began: (run: Run, child: ChildProcess) => void;
  readonly settle: (run: Run, settlement: Settlement) => void;
  readonly release: (run: Run) => void;
}

/** A run that is to get a process. */
export interface Start {
  readonly run: Run;
  readonly environment: RunnableCommand["environment"];
}

export class Launcher {
  readonly #options: LauncherOptions;
  #waiting: Start[] = [];
  #busy = false;
  #pauseMs = 0;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: LauncherOptions) {
    this.#options = options;
  }

  /** In their order. What may not begin any more is released. */
  launch(starts: readonly Start[]): void {
    this.#waiting.push(...starts);
    void this.#work();
  }

  /** What waits for a process begins no more. */
  handBack(): void {
    clearTimeout(this.#retry);
    for (const { run } of this.#waiting.splice(0)) this.#options.release(run);
  }

  async #work(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (let started = 1; this.#waiting.length > 0; started++) {
      const next = this.#waiting.shift()!;
      if (!(await this.#start(next))) break;
      if (started % inOneRound === 0) await nextRound();
    }
    if (this.#waiting.length === 0) this.#well();
    this.#busy = false;
  }

  /** False when it has to wait, and with it all behind it. */
  async #start({ run, environment }: Start): Promise<boolean> {
    const { config, pipes, begun } = this.#options;
    // at once: a stop waits for what is released in the round of its claim, and not for pipes
    if (!this.#mayStart(run)) return true;
    await pipes.wait();
    if (!this.#mayStart(run)) return true;
    let output: Output | undefined;
    let input: InputPipe | null = null;
    let spawned: Spawned;
    try {
      output = openOutput(config().output, run);
      run.output = output.paths;
      input = pipes.take();
      const options = { shell: config().shell, environment, output, input: input?.read ?? null };
      begun()?.note(run.job);
      const answer = spawnRun(run, options);
      spawned = answer instanceof Promise ? await answer : answer;
    } catch (error) {
      spawned = explainOutput(run, config(), error as NodeJS.ErrnoException);
    } finally {
      output?.close();
      if (input) closeSync(input.read);
    }
    if (!("child" in spawned)) begun()?.known(run.job);
    if (input && !("child" in spawned)) closeSync(input.write);
    return this.#take({ run, environment }, spawned, input);
  }

  #mayStart(run: Run): boolean {
    if (run.over) return false;
    if (this.#options.mayBegin() && run.cause === null) return true;
    this.#options.release(run);
    return false;
  }

  #take(start: Start, spawned: Spawned, input: InputPipe | null): boolean {
    const { run } = start;
    const { settle } = this.#options;
    if ("later" in spawned) {
      this.#wait(start, spawned.later);
      return false;
    }
    if ("child" in spawned) this.#began(run, spawned.child, input);
    else {
      const [sentence, exitCode] =
        "failure" in spawned ? [spawned.failure, null] : [spawned.sentence, spawned.exitCode];
      noteIn(run.output.at(-1), sentence);
      const said = exitCode === null ? sentence : `exited with ${exitCode} (${sentence})`;
      settle(run, neverBegan(run, said, exitCode));
    }
    return true;
  }

  #began(run: Run, child: ChildProcess, input: InputPipe | null): void {
    run.startedAt = systemClock.now();
    const end = input?.write ?? child.stdin;
    if (end !== null) run.stdin = new Stdin(end);
    this.#options.began(run, child);
  }

  #well(): void {
    if (this.#pauseMs > 0) this.#options.log.report({ type: "command-spawn-well" });
    this.#pauseMs = 0;
  }

  #wait(start: Start, message: string): void {
    if (this.#pauseMs === 0) this.#options.log.report({ type: "command-spawn-trouble", message });
    this.#pauseMs = Math.min(longestPauseMs, Math.max(shortestPauseMs, this.#pauseMs * 2));
    this.#waiting.unshift(start);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#work(), this.#pauseMs);
  }
}

/** The files of the output could not be opened. */
function explainOutput(run: Run, config: CommandsConfig, error: NodeJS.ErrnoException): Spawned {
  const explained = explain(run, config, error);
  if ("later" in explained) return explained;
  return { failure: `its output cannot be written in ${config.output}: ${error.message}` };
}
