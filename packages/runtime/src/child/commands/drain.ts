// How the running of commands stops: by the timetable of the supervisor, like a worker. Commands go
// on until the interrupt, get a TERM then, and a KILL when the release begins; what ended so is
// ready again and costs no attempt. Nobody but their own end is waited for: one that a person has
// stopped cannot end by itself, and gets its TERM at once.

import type { Log } from "../../log.ts";
import type { Phase, Timetable } from "../../process/deadline.ts";
import { monotonic } from "../../process/monotonic.ts";
import type { Turns } from "../../worker/turns.ts";
import type { Runs } from "./runs.ts";

/** What is left before the kill for the last words to the store and the exit, in milliseconds. */
const leaveMs = 100;

export interface DrainOptions {
  readonly runs: Runs;
  readonly turns: () => Turns;
  readonly log: Log;
  /** Nothing begins any more. */
  readonly close: () => void;
  /** Callbacks that are under way are waited for until then, by the monotonic clock. */
  readonly callbacks: (until: () => number) => Promise<void>;
}

export class CommandDrain {
  readonly #options: DrainOptions;
  #times: Timetable | null = null;
  #done: Promise<boolean> | null = null;
  #wake: (() => void) | null = null;

  constructor(options: DrainOptions) {
    this.#options = options;
  }

  get begun(): boolean {
    return this.#times !== null;
  }

  /** Again with an earlier timetable: the same stop, hastened. */
  run(times: Timetable, cause: string): Promise<boolean> {
    this.#times = this.#times ? earlier(this.#times, times) : times;
    this.#wake?.();
    this.#done ??= this.#stop(cause);
    return this.#done;
  }

  /** Something ended, or was stopped: look whether the phase is over. */
  changed(): void {
    this.#wake?.();
  }

  async #stop(cause: string): Promise<boolean> {
    const { runs, turns, log, close, callbacks } = this.#options;
    close();
    log.report({ type: "worker-stopping", running: runs.open.length, cause });
    await this.#emptyBy("interrupt");
    for (const run of runs.open) runs.terminate(run, "shutdown", null);
    await this.#emptyBy("release");
    for (const run of runs.open) runs.kill(run);
    await this.#emptyBy("kill");
    const until = () => this.#times!.kill - leaveMs;
    const stored = await turns().flush(until);
    await callbacks(until);
    turns().close();
    return stored && runs.size === 0;
  }

  /** Until all have ended and that is stored, or the phase begins; the timetable may change. */
  async #emptyBy(phase: Phase): Promise<void> {
    const margin = phase === "kill" ? leaveMs : 0;
    const { runs } = this.#options;
    while (runs.size > 0) {
      for (const run of runs.open) if (run.paused) runs.terminate(run, "shutdown", null);
      const ms = this.#times![phase] - margin - monotonic();
      if (ms <= 0) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = null;
    }
  }
}

function earlier(a: Timetable, b: Timetable): Timetable {
  return {
    interrupt: Math.min(a.interrupt, b.interrupt),
    release: Math.min(a.release, b.release),
    kill: Math.min(a.kill, b.kill),
    close: Math.min(a.close, b.close),
  };
}
