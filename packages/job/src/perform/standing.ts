// Where one run stands, and the context as a view of it. Everything is lazy: most jobs look at
// nothing, and a no-op job should cost microseconds.

import type { Json, Progress } from "@queue-runtime/store";
import type { JobContext } from "../context.ts";
import type { JobDefinition } from "../define/definition.ts";
import { Interrupt } from "../errors.ts";
import { readTake } from "../flow/rate.ts";
import type { Position } from "../outcome.ts";
import { enqueuerOf } from "../queue/enqueuer.ts";
import type { Logger, Run, RunJob } from "../run.ts";
import { strictJson } from "../values/strict-json.ts";

export interface Standing {
  readonly definition: JobDefinition;
  readonly run: Run;
  cursor: Json;
  /** The newest position, or null while it is the one the run began with. */
  position: Position | null;
  /** Job code reports its own progress, so the engine does not count items. */
  reported: boolean;
}

export function standingOf(definition: JobDefinition, run: Run): Standing {
  return { definition, run, cursor: run.job.cursor, position: null, reported: false };
}

export function contextOf(standing: Standing): JobContext {
  return new Context(standing);
}

class Context implements JobContext {
  readonly #standing: Standing;
  readonly job: RunJob;
  readonly fence: number;

  constructor(standing: Standing) {
    const { run } = standing;
    this.#standing = standing;
    this.job = run.job;
    this.fence = run.job.fence;
  }

  get log(): Logger {
    return this.#standing.run.log;
  }

  get attempt(): number {
    return this.job.attempts;
  }

  get stopping(): boolean {
    return this.#standing.run.stopping() !== false;
  }

  get signal(): AbortSignal {
    return this.#standing.run.signal;
  }

  get cursor(): Json {
    return this.#standing.cursor;
  }

  get progress(): JobContext["progress"] {
    return (done, total = null) => report(this.#standing, { done, total });
  }

  get checkpoint(): JobContext["checkpoint"] {
    return (cursor) => checkpoint(this.#standing, cursor);
  }

  get batchId(): number | null {
    return this.job.batchId;
  }

  get take(): JobContext["take"] {
    const { definition, run } = this.#standing;
    return async (key, rate) => {
      const { key: whole, limit, ms } = readTake(definition.name, key, rate);
      return run.take(whole, { limit, perMs: ms });
    };
  }

  get enqueue(): JobContext["enqueue"] {
    return enqueuerOf(this.#standing.run).enqueue;
  }
}

function report(standing: Standing, progress: Progress): void {
  const { done, total } = progress;
  if (!isCount(done) || !(total === null || isCount(total))) {
    throw new TypeError("progress(done, total) takes finite numbers of at least 0");
  }
  standing.reported = true;
  moveTo(standing, { progress });
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

async function checkpoint(standing: Standing, cursor: Json | undefined): Promise<void> {
  const { definition, run } = standing;
  const iterating = definition.iteration !== null;
  if (cursor !== undefined) {
    if (iterating) {
      throw new TypeError("in an iteration, checkpoint() takes no cursor: the items have theirs");
    }
    moveTo(standing, { cursor: strictJson(cursor, "cursor") });
  }
  const why = iterating ? false : run.stopping();
  // The position travels with the end of the run, in the same write.
  if (why !== false) throw new Interrupt(`the run was asked to end: ${why}`);
  if (standing.position !== null) await run.save(standing.position);
}

/** Notes a newer position; what `part` does not name stays. */
export function moveTo(standing: Standing, part: Position): void {
  if (part.cursor !== undefined) standing.cursor = part.cursor;
  const whole = part.cursor !== undefined && part.progress !== undefined;
  standing.position = whole ? part : { ...standing.position, ...part };
  standing.run.note(standing.position);
}
