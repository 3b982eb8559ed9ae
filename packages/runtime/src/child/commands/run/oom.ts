// Whether the out-of-memory killer was at work: its victims look as if anybody had killed them. The
// system counts whom it ends before it does, and the count is looked at while commands run; a large
// process takes its time to go, so a victim is remembered for a while, for one end.

import { readFileSync } from "node:fs";
import { monotonic } from "../../../process/monotonic.ts";

/** A process that was ended is gone after so many milliseconds, however large. */
const lastMs = 10_000;

/**
 * Of our own control group, which the commands share; or else of the whole system. In a container
 * our group may be all of what is mounted, whatever its path is outside.
 * @param root of the file system
 */
export function oomFile(root = ""): string {
  const groups = read(`${root}/proc/self/cgroup`);
  const path = (pattern: RegExp) => pattern.exec(groups)?.[1]?.replace(/\/$/, "") ?? "";
  const mount = `${root}/sys/fs/cgroup`;
  const files = [
    `${mount}${path(/^0::(\/.*)$/m)}/memory.events`,
    `${mount}/memory.events`,
    `${mount}/memory${path(/^\d+:(?:\S*,)?memory(?:,\S*)?:(\/.*)$/m)}/memory.oom_control`,
    `${mount}/memory/memory.oom_control`,
  ];
  return files.find((file) => countIn(file) !== null) ?? `${root}/proc/vmstat`;
}

export class OomWatch {
  readonly #file: string;
  readonly #now: () => number;
  #seen: number;
  #victims = 0;
  #roseAt = 0;

  constructor(file: string = oomFile(), now: () => number = monotonic) {
    this.#file = file;
    this.#now = now;
    this.#seen = countIn(file) ?? 0;
  }

  look(): void {
    const count = countIn(this.#file) ?? this.#seen;
    if (count > this.#seen) {
      this.#victims += count - this.#seen;
      this.#roseAt = this.#now();
    } else if (this.#now() - this.#roseAt > lastMs) this.#victims = 0;
    this.#seen = count;
  }

  /** It ended something a moment ago that nobody has asked for: one less from now on. */
  takeVictim(): boolean {
    this.look();
    if (this.#victims === 0) return false;
    this.#victims--;
    return true;
  }
}

function countIn(file: string): number | null {
  const digits = /^oom_kill (\d+)$/m.exec(read(file))?.[1];
  return digits === undefined ? null : Number(digits);
}

function read(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}
