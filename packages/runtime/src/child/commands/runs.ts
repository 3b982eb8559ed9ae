// The runs of this process by job, and what is done to all or one of them: each signal goes to a
// whole group, is noted, and is told to the supervisor, whose people see it.

import type { Held } from "@queue-runtime/store";
import type { Signalled } from "../../process/command-messages.ts";
import { signalGroup } from "../../process/process-group.ts";
import type { Cause, Run } from "./run.ts";

export interface RunsOptions {
  readonly killGraceMs: () => number;
  readonly changed: (run: Run) => void;
  /** An end may be near. */
  readonly signalled: () => void;
}

export class Runs {
  readonly #options: RunsOptions;
  readonly #byId = new Map<number, Run>();

  constructor(options: RunsOptions) {
    this.#options = options;
  }

  get all(): readonly Run[] {
    return [...this.#byId.values()];
  }

  /** Those whose end is not decided. */
  get open(): readonly Run[] {
    return this.all.filter((run) => !run.over);
  }

  get size(): number {
    return this.#byId.size;
  }

  at(id: number): Run | undefined {
    return this.#byId.get(id);
  }

  /** The run that was claimed with this fence. */
  find({ id, fence }: Held): Run | undefined {
    const run = this.#byId.get(id);
    return run?.job.fence === fence ? run : undefined;
  }

  add(run: Run): void {
    this.#byId.set(run.id, run);
  }

  delete(run: Run): void {
    if (this.#byId.get(run.id) === run) this.#byId.delete(run.id);
  }

  /**
   * TERM, and KILL when the grace is over (null: never). Who is stopped is continued first. Without
   * a cause it is nobody's doing.
   */
  terminate(
    run: Run,
    cause: Cause | null,
    graceMs: number | null = this.#options.killGraceMs(),
  ): void {
    if (run.over) return;
    run.blame(cause);
    this.#send(run, run.paused ? ["SIGCONT", "SIGTERM"] : ["SIGTERM"]);
    if (graceMs !== null) run.killAfter(graceMs, () => this.kill(run));
  }

  kill(run: Run): void {
    if (!run.over) this.#send(run, ["SIGKILL"]);
  }

  /** The supervisor did this a moment ago, for a person. */
  signalled({ signals, signalsSent, paused, kill, ...held }: Signalled): void {
    const run = this.find(held);
    if (!run) return;
    run.noteAll(signalsSent ?? [...run.signals, ...signals]);
    run.paused = paused;
    this.#options.signalled();
    if (!kill) return run.noteFromPeople(signals);
    run.blame("person");
    run.killAfter(this.#options.killGraceMs(), () => this.kill(run));
  }

  #send(run: Run, signals: readonly NodeJS.Signals[]): void {
    // one that waits for its process gets none: see launcher.ts
    if (!run.process || signalGroup(run.process, signals) !== "sent") return;
    run.signals.push(...signals);
    run.paused = false;
    this.#options.signalled();
    this.#options.changed(run);
  }
}
