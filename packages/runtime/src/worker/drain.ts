// How a worker stops: hand back, drain, interrupt, release, by the timetable its supervisor
// computed. Nothing here waits for a phase to be late: whatever is not done when its time comes is
// cut short.

import type { Timetable } from "../process/deadline.ts";
import { monotonic } from "../process/monotonic.ts";
import type { Worker } from "../worker.ts";

export class Drain {
  readonly #worker: Worker;
  #times: Timetable | null = null;
  #done: Promise<boolean> | null = null;
  #wake: (() => void) | null = null;

  constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** Again with an earlier timetable: the same stop, hastened. */
  run(times: Timetable, cause: string): Promise<boolean> {
    this.#times = this.#times ? earlier(this.#times, times) : times;
    this.#wake?.();
    this.#done ??= this.#stop(cause);
    return this.#done;
  }

  /** Something ended: look whether the phase is over. */
  changed(): void {
    this.#wake?.();
  }

  async #stop(cause: string): Promise<boolean> {
    const worker = this.#worker;
    const { log } = worker.options;
    worker.claims.stop();
    log.report({ type: "worker-stopping", running: worker.slots.runningCount, cause });
    // a claim that was under way when the stop came is handed back as it arrives (see Worker)
    worker.claims.handBack();
    await this.#emptyBy("interrupt");
    for (const { slot } of worker.slots.running) worker.runner.flags.raise(slot, "shutdown");
    await this.#emptyBy("release");
    this.#releaseRest();
    worker.claims.close();
    const [handedOver] = await Promise.all([
      worker.turns.flush(() => this.#times!.kill - 100),
      worker.runner.close(100),
    ]);
    worker.turns.close();
    return handedOver;
  }

  /** Fenced off first: a write of the old run after this is refused by the store. */
  #releaseRest(): void {
    const worker = this.#worker;
    const rest = worker.slots.running.filter((execution) => !execution.abandoned);
    for (const execution of rest) {
      const reason = "the shutdown could wait no longer";
      worker.settle(execution, { outcome: "interrupted", reason, delayMs: 0 });
      execution.abandon();
    }
    if (rest.length > 0) worker.options.log.report({ type: "worker-released", jobs: rest.length });
  }

  /** Until nothing runs, or the phase begins; the timetable may change meanwhile. */
  async #emptyBy(phase: "interrupt" | "release"): Promise<void> {
    while (this.#worker.slots.running.some((execution) => !execution.abandoned)) {
      const ms = this.#times![phase] - monotonic();
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
