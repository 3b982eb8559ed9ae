// One command that somebody follows: waited for, read from, and done with when it has ended.

import type { CommandJob } from "@queue-runtime/store";
import { newestAttempt, outputFile } from "../../../control/output/files.ts";
import { commandRow } from "../../../control/rows/command-row.ts";
import { statusText } from "../list/columns.ts";
import { LiveFile } from "./live-file.ts";
import type { Screen } from "./screen.ts";

/** `gone`: it was there and is not any more. */
export type Fate = "finished" | "failed" | "gone" | "unknown";

export interface FollowedOptions {
  readonly folder: string;
  readonly lines: number | null;
  /** Only that, of a command that keeps it apart. */
  readonly stderr: boolean;
  readonly screen: Screen;
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
  #attempt = 0;
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
    if (job.state === "running" || ended) await this.#readFrom(job, ended);
    else this.#sayWhatItWaitsFor(job);
    if (ended) await this.#end(job);
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }

  async #vanish(): Promise<void> {
    const { say, screen } = this.#options;
    this.#fate = this.#seen ? "gone" : "unknown";
    await this.#file?.close();
    await screen.end(this.id);
    say(this.#seen ? `${this.id} was removed` : `there is no command ${this.id}`);
  }

  /** A run that is tried again writes a file of its own. */
  async #readFrom(job: CommandJob, ended: boolean): Promise<void> {
    const { folder, lines, stderr, screen, fail } = this.#options;
    const attempt = newestAttempt(folder, job);
    if (attempt !== this.#attempt) {
      await this.#file?.close();
      const path = outputFile(folder, {
        id: this.id,
        attempt,
        stderr: stderr && job.command.separate,
      });
      this.#file = new LiveFile({
        path,
        // what came after we began is shown whole
        lines: this.#attempt === 0 ? lines : null,
        take: (bytes) => screen.show(this.id, bytes),
        fail,
      });
      this.#attempt = attempt;
    }
    const read = this.#file?.poke();
    if (ended) await read;
  }

  async #end(job: CommandJob): Promise<void> {
    const { say, screen } = this.#options;
    await this.#file?.close();
    await screen.end(this.id);
    this.#fate = job.state === "finished" ? "finished" : "failed";
    const text = statusText(commandRow(job, 0));
    if (this.#fate === "failed" || process.stderr.isTTY) say(`${this.id} ${text}`);
  }

  #sayWhatItWaitsFor({ state }: CommandJob): void {
    const { say, isAlone } = this.#options;
    if (state === this.#waiting) return;
    this.#waiting = state;
    const id = this.id;
    if (state === "held") return say(`${id} is held; \`runtime enqueue ${id}\` lets it go`);
    if (isAlone) return say(`${id} waits, and no runtime is running; \`runtime start\` starts one`);
    if (process.stderr.isTTY) say(`${id} has not begun; \`runtime why ${id}\` says why`);
  }
}
