// Slots inside one transaction: how many a key has for a job, which are free, and taking them. A
// slot that exists is the truth; nothing here is remembered from one transaction to the next.
// Within one, a key is counted once: it may have ten thousand slots, and as many that want one.

import type { StatementSync } from "node:sqlite";
import type { GateKind, OnConflict } from "../../../flow.ts";
import type { Connection } from "../../driver/connection.ts";

/** A gate as a job has it, or will have it. */
export interface StoredGate {
  readonly kind: GateKind;
  readonly key: string;
  readonly limit: number;
  readonly ms: number;
  readonly onConflict: OnConflict;
  /** Of the job, by which its limit may be overridden; empty where the gate is the queue's. */
  readonly name: string;
}

/** As it is stored, of a job that has no slot of it. */
export interface LackingGate extends StoredGate {
  readonly priority: number;
  /** Since when the job is blocked; null where it is not, or nobody has looked yet. */
  readonly since: number | null;
  /** See keep.ts. */
  readonly keeps: 0 | 1;
}

type Sight = Pick<StoredGate, "name" | "limit" | "kind"> | undefined;

/** Of a job that does not run: no run of it counts. */
export const notBegun = "attempts = 0 AND interruptions = 0 AND crashes = 0";

const overrides = "SELECT name, slots FROM concurrency_limits";
const gatesOfJob = `SELECT kind, key, slots AS "limit", ms, on_conflict AS onConflict, name
  FROM job_gates WHERE job_id = ? ORDER BY position`;
const keysOfJob = "SELECT key FROM job_gates WHERE job_id = ?";
const lackingGates = `SELECT kind, key, slots AS "limit", ms, on_conflict AS onConflict, name,
    priority, since, keeps
  FROM job_gates WHERE job_id = ?1
    AND NOT EXISTS (SELECT 1 FROM slots WHERE job_id = ?1 AND key = job_gates.key)`;
/** A slot that has rested is free, whether it is still there or not. */
const rested = "job_id IS NULL AND expires_at <= ";
const heldSlots = `SELECT count(*) AS held FROM slots INDEXED BY slots_by_key
  WHERE key = ? AND NOT (${rested} ?)`;
const isHolder = "SELECT 1 FROM slots WHERE job_id = ? AND key = ?";
const forgetRested = `DELETE FROM slots WHERE key = ? AND ${rested} ?`;
const isAwaited = `SELECT 1 FROM job_gates INDEXED BY job_gates_waiting
  WHERE key = ? AND waits = 1 LIMIT 1`;
/** Of the jobs of one name that wait for a key, the one with the highest limit; name by name. */
const widest = `SELECT name, slots AS "limit", kind FROM job_gates INDEXED BY job_gates_widest
  WHERE key = ? AND waits = 1`;
const widestOfFirst = `${widest} ORDER BY name DESC, slots DESC LIMIT 1`;
const widestOfNext = `${widest} AND name < ? ORDER BY name DESC, slots DESC LIMIT 1`;
const narrowestOfNext = `${widest} AND name > ? ORDER BY name, slots LIMIT 1`;
const narrowestOfFirst = `${widest} ORDER BY name, slots LIMIT 1`;
const take = `INSERT INTO slots (key, kind, job_id, since, expires_at, lent)
  VALUES (?, ?, ?, ?, ?, ?)`;

const nextPlace = `UPDATE places SET last = max(last + 1,
    (SELECT seq + 0.5 FROM sqlite_sequence WHERE name = 'jobs')) RETURNING last`;
const place = "UPDATE jobs SET place = ? WHERE id = ?";

export class Room {
  readonly now: number;
  readonly #connection: Connection;
  readonly #held = new Map<string, number>();
  #limits: ReadonlyMap<string, number> | null = null;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.now = connection.now();
  }

  sql(text: string): StatementSync {
    return this.#connection.sql(text);
  }

  gatesOf(jobId: number): readonly StoredGate[] {
    return this.sql(gatesOfJob).all(jobId) as unknown as readonly StoredGate[];
  }

  keysOf(jobId: number): readonly string[] {
    const rows = this.sql(keysOfJob).all(jobId) as unknown as readonly { key: string }[];
    return rows.map(({ key }) => key);
  }

  /** Those without a slot of the job. */
  lackingOf(jobId: number): readonly LackingGate[] {
    return this.sql(lackingGates).all(jobId) as unknown as readonly LackingGate[];
  }

  /** Writes nothing. `holder`: a job whose own slot counts as free. */
  isFree(gate: StoredGate, holder: number | null = null): boolean {
    const own = holder !== null && this.sql(isHolder).get(holder, gate.key) !== undefined;
    return this.held(gate.key) - Number(own) < this.limitOf(gate);
  }

  /** Whether anybody who waits for it could see a free slot. */
  hasRoom(key: string): boolean {
    const held = this.held(key);
    let gate = this.sql(widestOfFirst).get(key) as Sight;
    while (gate && this.limitOf(gate) <= held)
      gate = this.sql(widestOfNext).get(key, gate.name) as Sight;
    return gate !== undefined;
  }

  /** Whether somebody who waits for it saw no free slot when so many were held; or it is a rate. */
  wasFull(key: string, held: number): boolean {
    let gate = this.sql(narrowestOfFirst).get(key) as Sight;
    while (gate && gate.kind !== "rate" && this.limitOf(gate) > held)
      gate = this.sql(narrowestOfNext).get(key, gate.name) as Sight;
    return gate !== undefined;
  }

  /** How many slots are taken. */
  held(key: string): number {
    const known = this.#held.get(key);
    if (known !== undefined) return known;
    const { held } = this.sql(heldSlots).get(key, this.now) as { held: number };
    this.#held.set(key, held);
    return held;
  }

  /** For whoever changed the state of a job that may have slots. */
  recount(): void {
    this.#held.clear();
  }

  /** Somebody blocked waits for a slot of it. */
  isAwaited(key: string): boolean {
    return this.sql(isAwaited).get(key) !== undefined;
  }

  /** Asks nobody whether they are free: to a run that goes on without them they are `lent`. */
  take(jobId: number, gates: readonly StoredGate[], how: "lent" | "own" = "own"): void {
    for (const { key, kind, ms } of gates) {
      // Nobody frees a slot of a rate: those that have rested make way for new ones.
      if (kind === "rate") this.forgetRested(key);
      const expiresAt = kind === "concurrency" ? this.now + ms : null;
      this.sql(take).run(key, kind, jobId, this.now, expiresAt, Number(how === "lent"));
      const held = this.#held.get(key);
      if (held !== undefined) this.#held.set(key, held + 1);
      if (kind === "fair") this.#place(jobId);
    }
  }

  forgetRested(key: string): void {
    this.sql(forgetRested).run(key, this.now);
  }

  /** Behind all jobs that are there, and before those to come. */
  #place(jobId: number): void {
    const { last } = this.sql(nextPlace).get() as { last: number };
    this.sql(place).run(last, jobId);
  }

  /** How many slots it sees. */
  limitOf({ kind, name, limit }: NonNullable<Sight>): number {
    if (kind !== "concurrency" || name === "") return limit;
    return this.#overrides().get(name) ?? limit;
  }

  #overrides(): ReadonlyMap<string, number> {
    this.#limits ??= new Map(
      this.sql(overrides)
        .all()
        .map((row) => [row.name as string, row.slots as number]),
    );
    return this.#limits;
  }
}
