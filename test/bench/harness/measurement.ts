// What a measurement is: a name for the command line, a time limit, and a function of its own
// folder.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Figure } from "../report/figures.ts";
import { Postgres, type PostgresNeeds } from "../servers/postgres.ts";

export type StoreKind = "sqlite" | "postgres";

export interface Measurement {
  /** For the command line. */
  readonly name: string;
  readonly title: string;
  /** At full scale; what takes longer is ended and reported as failed. */
  readonly limitMs: number;
  run(bench: Bench): Promise<readonly Figure[]>;
}

/** The same measurement with its store: `drain` becomes `sqlite/drain`. */
export interface Part extends Measurement {
  readonly store: StoreKind;
  /** How much of it is done at full scale. */
  readonly share: number;
}

export function on(store: StoreKind, measurements: readonly Measurement[], share = 1): Part[] {
  return measurements.map((each) => ({ ...each, name: `${store}/${each.name}`, store, share }));
}

export interface BenchOptions {
  readonly folder: string;
  readonly scale: number;
  readonly profiles: string | null;
  readonly store?: StoreKind;
  readonly snapshotSeconds?: number;
  readonly before?: string | null;
}

export class Bench {
  readonly store: StoreKind;
  /** 1 for figures that count, less for a look whether everything works. */
  readonly scale: number;
  /** Where Node's CPU profiles go, or null. */
  readonly profiles: string | null;
  /** How long `snapshot` holds one open. */
  readonly snapshotSeconds: number;
  /** A checkout that the cost of limits is compared with, or null. */
  readonly before: string | null;
  readonly #folder: string;
  #folders = 0;
  #postgres: Promise<Postgres> | null = null;

  constructor(options: BenchOptions) {
    this.#folder = options.folder;
    this.scale = options.scale;
    this.profiles = options.profiles;
    this.store = options.store ?? "sqlite";
    this.snapshotSeconds = options.snapshotSeconds ?? 300;
    this.before = options.before ?? null;
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

  /** The server of this measurement; the first who needs it says what from it. */
  postgres(needs: PostgresNeeds = {}): Promise<Postgres> {
    this.#postgres ??= Postgres.start(needs);
    return this.#postgres;
  }

  /** The URL of a new empty store of the measurement's kind. */
  async newStore(): Promise<string> {
    if (this.store === "sqlite") return `sqlite:${join(this.folder(), "queue.sqlite")}`;
    return await (await this.postgres()).database();
  }

  async close(): Promise<void> {
    await (await this.#postgres)?.stop();
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

/** What cannot be measured here, and why: not an error, but a line of the report. */
export class NotHere extends Error {}

export interface Attempts<Answer = number> {
  readonly rounds: readonly Answer[];
  readonly missing: string | null;
}

/**
 * The same, where one contender's failure must not end the others: it is left out from then on, and
 * the report says why.
 */
export async function inRoundsWhoever<Answer = number>(
  rounds: number,
  contenders: Readonly<Record<string, () => Promise<Answer>>>,
): Promise<Record<string, Attempts<Answer>>> {
  const names = Object.keys(contenders);
  const taken = new Map(names.map((name) => [name, [] as Answer[]]));
  const missing = new Map<string, string>();
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) {
      if (missing.has(name)) continue;
      const answer = await missingOr(contenders[name]!);
      if (typeof answer === "string") missing.set(name, answer);
      else taken.get(name)!.push(answer);
    }
  }
  return Object.fromEntries(
    names.map((name) => [name, { rounds: taken.get(name)!, missing: missing.get(name) ?? null }]),
  );
}

/** Its answer, or why there is none. */
export async function missingOr<Answer>(work: () => Promise<Answer>): Promise<Answer | string> {
  try {
    return await work();
  } catch (error) {
    return reasonOf(error);
  }
}

/** One line of it; all of what went wrong goes to the terminal. */
function reasonOf(error: unknown): string {
  if (error instanceof NotHere) return error.message;
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  return `it failed: ${String((error as Error).message).split("\n")[0]}`;
}

/** Round by round: both stood the same weather. */
export function ratios(ours: readonly number[], theirs: readonly number[]): number[] {
  return ours.map((value, round) => value / theirs[round]!);
}
