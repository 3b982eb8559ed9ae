// What a measurement is: a name for the command line, a time limit, and a function of its own
// folder.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Figure } from "./figures.ts";

export interface Measurement {
  /** For the command line. */
  readonly name: string;
  readonly title: string;
  /** At full scale; what takes longer is ended and reported as failed. */
  readonly limitMs: number;
  run(bench: Bench): Promise<readonly Figure[]>;
}

export class Bench {
  /** 1 for figures that count, less for a look whether everything works. */
  readonly scale: number;
  /** Where Node's CPU profiles go, or null. */
  readonly profiles: string | null;
  readonly #folder: string;
  #folders = 0;

  constructor(options: { folder: string; scale: number; profiles: string | null }) {
    this.#folder = options.folder;
    this.scale = options.scale;
    this.profiles = options.profiles;
  }

  /** So many at full scale, fewer in a smaller run, never fewer than `least`. */
  many(full: number, least = 1): number {
    return Math.max(Math.min(full, least), Math.round(full * this.scale));
  }

  /** A new empty folder. */
  folder(): string {
    const folder = join(this.#folder, String(++this.#folders));
    mkdirSync(folder, { recursive: true });
    return folder;
  }
}

/**
 * Runs every contender once, then every one again, and so on: what disturbs the machine for a while
 * disturbs all of them.
 */
export async function inRounds<Name extends string>(
  rounds: number,
  contenders: Readonly<Record<Name, () => Promise<number>>>,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(contenders) as Name[];
  const results = Object.fromEntries(names.map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) results[name]!.push(await contenders[name]());
  }
  return results as Record<Name, number[]>;
}

/** Round by round: both stood the same weather. */
export function ratios(ours: readonly number[], theirs: readonly number[]): number[] {
  return ours.map((value, round) => value / theirs[round]!);
}
