// One command that somebody follows: waited for, read from, and done with when it has ended.

import { existsSync } from "node:fs";
import type { CommandJob } from "@queue-runtime/store";
import { newestAttempt, outputFile } from "../../../control/output/files.ts";
import { commandRow } from "../../../control/rows/command-row.ts";
import { isoTime } from "../../../control/rows/iso-time.ts";
import { visible } from "../../terminal/text.ts";
import { statusText } from "../list/columns.ts";
import { otherHost } from "./elsewhere.ts";
import { LiveFile } from "./live-file.ts";

/** `gone`: it was there and is not any more. */
export type Fate = "finished" | "failed" | "gone" | "unknown";

/** Where output goes. */
export interface Shown {
  show(id: number, bytes: Buffer): Promise<void>;
  /** Nothing more comes from it; null: it is no longer there. */
  end(id: number, job: CommandJob | null): Promise<void>;
}

export interface FollowedOptions {
  readonly folder: string;
  readonly lines: number | null;
  /** Only that, of a command that keeps it apart. */
  readonly stderr: boolean;
  readonly screen: Shown;
  /** No runtime is there to run anything. */
  readonly isAlone: boolean;
  readonly say: (sentence: string) => void;
  readonly fail: (error: Error) => void;
}

export class Followed {
  readonly id: number;
  readonly #options: FollowedOptions;
  #fate: Fate | null = null;
  #seen = false;
  #waiting = "";
  /** The other one that was named last. */
  #host = "";
  /** null: we have not looked yet. */
  #attempt: number | null = null;
  #file: LiveFile | null = null;

  constructor(id: number, options: FollowedOptions) {
    this.id = id;
    this.#options = options;
  }

  /** null while it goes on. */
  get fate(): Fate | null {
    return this.#fate;
  }

  /** How it stands now; null: there is no such command. */
  async look(job: CommandJob | null): Promise<void> {
    if (job === null) return await this.#vanish();
    this.#seen = true;
    const ended = job.state === "finished" || job.state === "failed" || job.state === "cancelled";
    // between its claim and its start there may be the output of a run before a restart
    const begun = job.state !== "running" || job.command.process !== null;
    if (job.startedAt !== null && begun) await this.#readUpTo(job);
    if (begun) this.#sayWhereItIs(job);
    this.#attempt ??= 0;
    if (ended) await this.#end(job);
    else if (job.state !== "running") this.#sayWhatItWaitsFor(job);
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }

  async #vanish(): Promise<void> {
    const { say, screen } = this.#options;
    this.#fate = this.#seen ? "gone" : "unknown";
    await this.#file?.close();
    await screen.end(this.id, null);
    say(this.#seen ? `${this.id} was removed` : `there is no command ${this.id}`);
  }

  /** Each attempt has a file of its own; those that were over before we looked are not skipped. */
  async #readUpTo(job: CommandJob): Promise<void> {
    const newest = newestAttempt(this.#options.folder, job);
    const first = this.#attempt === null || this.#attempt > newest ? newest : this.#attempt + 1;
    for (let attempt = first; attempt <= newest; attempt++) {
      await this.#file?.close();
      this.#file = this.#open(job, attempt);
      // not waited for: a flood has no end, and others are looked at as well
      const trouble = this.#options.fail;
      this.#file.poke().catch(trouble);
    }
    this.#attempt = newest;
  }

  #open({ id, command }: CommandJob, attempt: number): LiveFile {
    const { folder, lines, stderr, screen, say, fail } = this.#options;
    return new LiveFile({
      path: outputFile(folder, { id, attempt, stderr: stderr && command.separate }),
      // what comes while we look on is shown whole
      lines: this.#attempt === null ? lines : null,
      take: (bytes) => screen.show(id, bytes),
      missed: (bytes) =>
        say(`${bytes} bytes of the output of ${id} were cut off before they could be shown`),
      fail,
    });
  }

  async #end(job: CommandJob): Promise<void> {
    const { say, screen } = this.#options;
    await this.#file?.close();
    await screen.end(this.id, job);
    this.#fate = job.state === "finished" ? "finished" : "failed";
    const text = statusText(commandRow(job, 0));
    if (this.#fate === "failed" || process.stderr.isTTY) say(`${this.id} ${text}`);
  }

  /** Its end is seen from everywhere, and its output is not. */
  #sayWhereItIs(job: CommandJob): void {
    const host = otherHost(job);
    if (host === null || host === this.#host) return;
    this.#host = host;
    const file = outputFile(this.#options.folder, { id: job.id, attempt: this.#attempt ?? 1 });
    if (!existsSync(file))
      this.#options.say(`the output of ${job.id} is on ${visible(host)}: follow it there`);
  }

  #sayWhatItWaitsFor({ state, attempts, runAt }: CommandJob): void {
    const { say, isAlone } = this.#options;
    if (state === this.#waiting) return;
    this.#waiting = state;
    const id = this.id;
    if (state === "held") return say(`${id} is held; \`runtime enqueue ${id}\` lets it go`);
    if (isAlone) return say(`${id} waits, and no runtime is running; \`runtime start\` starts one`);
    if (attempts > 0) return say(`${id} failed and is tried again at ${isoTime(runAt)}`);
    if (process.stderr.isTTY) say(`${id} has not begun; \`runtime why ${id}\` says why`);
  }
}
