// One claimed job on its way to an outcome, as the worker's main thread sees it.

import type { JobDefinition, Outcome, Position } from "@queue-runtime/job";
import type { Checkpoint, Job, Settlement } from "@queue-runtime/store";
import { monotonic } from "../process/monotonic.ts";

/** A longer timer would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

/** `waiting` for a slot, `running` in one, or `over`: its outcome is decided. */
type State = "waiting" | "running" | "over";

/** An end that is none of the run's own doing. */
export interface HandBack {
  readonly outcome: "released" | "crashed";
}

export class Execution {
  readonly job: Job;
  readonly definition: JobDefinition;
  state: State = "waiting";
  /** -1 while it waits. */
  slot = -1;
  startedAt = 0;
  /** Whatever its slot still does reaches nobody: settled by force, or lost to somebody else. */
  abandoned = false;
  timeout: NodeJS.Timeout | undefined;
  saving: NodeJS.Timeout | undefined;
  #unsaved: Position | null = null;
  #newest: Position = {};
  #savedAt = 0;

  constructor(job: Job, definition: JobDefinition) {
    this.job = job;
    this.definition = definition;
  }

  begin(slot: number): void {
    this.state = "running";
    this.slot = slot;
    this.startedAt = monotonic();
    this.#savedAt = this.startedAt;
  }

  /** Calls `late` when the run has taken so long, and never before. */
  limit(ms: number, late: () => void): void {
    const left = ms - this.ms;
    if (left <= 0) return late();
    this.timeout = setTimeout(() => this.limit(ms, late), Math.min(left, longestTimerMs));
  }

  get ms(): number {
    return this.startedAt === 0 ? 0 : monotonic() - this.startedAt;
  }

  get done(): number {
    return this.#newest.progress?.done ?? this.job.progress.done;
  }

  get newest(): Position {
    return this.#newest;
  }

  noted(position: Position): void {
    this.#unsaved = { ...this.#unsaved, ...position };
    this.#newest = { ...this.#newest, ...position };
  }

  /** How long until the newest position must be saved; null when it is. */
  saveDueInMs(everyMs: number): number | null {
    if (!this.#unsaved) return null;
    return Math.min(longestTimerMs, Math.max(0, this.#savedAt + everyMs - monotonic()));
  }

  /** The position to save now, if any is unsaved. */
  takeCheckpoint(): Checkpoint | null {
    if (!this.#unsaved) return null;
    const checkpoint = { id: this.job.id, fence: this.job.fence, ...this.#unsaved };
    this.#unsaved = null;
    this.#savedAt = monotonic();
    return checkpoint;
  }

  /** The run goes on where nobody can end it, but for the store it is over. */
  abandon(): void {
    this.abandoned = true;
    clearTimeout(this.timeout);
    clearTimeout(this.saving);
  }

  /** Decides the outcome, once. */
  settle(outcome: Outcome | HandBack): Settlement {
    this.state = "over";
    clearTimeout(this.timeout);
    clearTimeout(this.saving);
    const position = "position" in outcome ? outcome.position : undefined;
    return settlementOf(this.job, outcome, { ...this.#newest, ...position });
  }
}

/** The outcome as the store takes it. */
function settlementOf(
  { id, fence }: Job,
  outcome: Outcome | HandBack,
  position: Position,
): Settlement {
  const base = { id, fence, ...position };
  switch (outcome.outcome) {
    case "finished":
      return { ...base, outcome: "finished", result: outcome.result };
    case "failed":
      return {
        ...base,
        outcome: "failed",
        error: outcome.error,
        retryDelayMs: outcome.retryDelayMs,
      };
    case "interrupted":
      return { ...base, outcome: "interrupted", delayMs: outcome.delayMs };
    case "cancelled":
      return { ...base, outcome: "cancelled" };
    case "released":
    case "crashed":
      return { ...base, outcome: outcome.outcome };
    default:
      return impossible(outcome);
  }
}

function impossible(outcome: never): never {
  throw new Error(`an outcome nobody knows: ${JSON.stringify(outcome)}`);
}
