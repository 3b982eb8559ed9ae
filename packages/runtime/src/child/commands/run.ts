// One run of a command, from its claim until its end is stored: what it is, where it runs, what was
// done to it, and whose doing its end will be.

import { type Command, type CommandProcess, type Job, systemClock } from "@queue-runtime/store";
import type { LiveCommand } from "../../control/live-commands.ts";
import { monotonic } from "../../process/monotonic.ts";
import type { Stdin } from "./run/stdin.ts";

/** Whose doing an end is; the later ones win. `lost`: somebody else holds the job by now. */
export type Cause = (typeof causes)[number];
const causes = ["shutdown", "timeout", "person", "lost"] as const;

const endings = ["SIGKILL", "SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP"] as const;

/** A longer timer would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

export interface RunFacts {
  readonly job: Job;
  readonly command: Command;
  /** Slots it has in its group. */
  readonly numbers: readonly number[];
  /** Another process began it, so it is no child of ours; false by default. */
  readonly adopted?: boolean;
}

export class Run {
  readonly job: Job;
  readonly command: Command;
  readonly numbers: readonly number[];
  readonly adopted: boolean;
  process: CommandProcess | null = null;
  /** Of a process that is our own child. */
  stdin: Stdin | null = null;
  /** Files of its output; the second one is for stderr kept apart. */
  output: readonly string[] = [];
  paused = false;
  readonly signals: string[] = [];
  /** Its end is decided. */
  over = false;
  /** Milliseconds since 1970. */
  startedAt = 0;
  readonly #claimedAt = monotonic();
  readonly #adoptedAt = systemClock.now();
  #cause: Cause | null = null;
  /** Signals that a person sent, without asking for its end. */
  readonly #fromPeople = new Set<string>();
  #limit: NodeJS.Timeout | undefined;
  #kill: NodeJS.Timeout | undefined;

  constructor({ job, command, numbers, adopted = false }: RunFacts) {
    this.job = job;
    this.adopted = adopted;
    this.command = command;
    this.numbers = numbers;
  }

  get id(): number {
    return this.job.id;
  }

  get cause(): Cause | null {
    return this.#cause;
  }

  /** How long it runs; of an adopted one by the wall clock. */
  get ms(): number {
    return this.#ranBeforeMs + monotonic() - this.#claimedAt;
  }

  get #ranBeforeMs(): number {
    if (!this.adopted || this.job.startedAt === null) return 0;
    return Math.max(0, this.#adoptedAt - this.job.startedAt);
  }

  blame(cause: Cause | null): void {
    if (cause === null) return;
    if (this.#cause === null || causes.indexOf(cause) > causes.indexOf(this.#cause)) {
      this.#cause = cause;
    }
  }

  /** Every signal that it was ever sent. */
  noteAll(signals: readonly string[]): void {
    this.signals.splice(0, this.signals.length, ...signals);
  }

  noteFromPeople(signals: readonly string[]): void {
    for (const signal of signals) this.#fromPeople.add(signal);
  }

  /** A person sent it a signal that ends most programs. */
  get isEndedByPeople(): boolean {
    return endings.some((signal) => this.#fromPeople.has(signal));
  }

  /** A person sent this signal to it. */
  isFromPeople(signal: string): boolean {
    return this.#fromPeople.has(signal);
  }

  /** Calls `late` when the run has taken so long, and never before. */
  limit(ms: number, late: () => void): void {
    const left = ms - this.ms;
    if (left <= 0) return late();
    this.#limit = setTimeout(() => this.limit(ms, late), Math.min(left, longestTimerMs));
  }

  /** Calls `act` when the grace is over; the first that is armed counts. */
  killAfter(ms: number, act: () => void): void {
    this.#kill ??= setTimeout(act, ms);
  }

  end(): void {
    this.over = true;
    clearTimeout(this.#limit);
    clearTimeout(this.#kill);
  }

  /** As the supervisor knows it. Only of one that has a process. */
  get live(): LiveCommand {
    if (!this.process) throw new Error(`command ${this.id} has no process`);
    return {
      id: this.id,
      fence: this.job.fence,
      group: this.job.queue,
      slots: this.command.slots,
      slot: this.numbers[0] ?? 0,
      process: this.process,
      paused: this.paused,
      signalsSent: this.signals,
      startedAt: this.startedAt,
    };
  }
}
