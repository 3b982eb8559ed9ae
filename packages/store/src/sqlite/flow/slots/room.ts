// Slots inside one transaction: how many a key has for a job, which are free, and taking them. A
// slot that exists is the truth; nothing here is remembered from one transaction to the next.

import type { StatementSync } from "node:sqlite";
import type { GateKind, OnConflict } from "../../../flow.ts";
import type { Connection } from "../../connection.ts";

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

const overrides = "SELECT name, slots FROM concurrency_limits";
const gatesOfJob = `SELECT kind, key, slots AS "limit", ms, on_conflict AS onConflict, name
  FROM job_gates WHERE job_id = ? ORDER BY position`;
const keysOfJob = "SELECT key FROM job_gates WHERE job_id = ?";
const lackingGates = `SELECT kind, key, slots AS "limit", ms, on_conflict AS onConflict, name
  FROM job_gates WHERE job_id = ?1
    AND NOT EXISTS (SELECT 1 FROM slots WHERE job_id = ?1 AND key = job_gates.key)`;
/** A slot that has rested is free, whether it is still there or not. */
const rested = "job_id IS NULL AND expires_at <= ";
/** Counting ends where it no longer matters. */
const heldSlots = `SELECT count(*) AS held FROM (
  SELECT 1 FROM slots INDEXED BY slots_by_key WHERE key = ? AND NOT (${rested} ?)
  LIMIT 0 + ?)`;
const forgetRested = `DELETE FROM slots WHERE key = ? AND ${rested} ?`;
const isAwaited = `SELECT 1 FROM job_gates INDEXED BY job_gates_waiting
  WHERE key = ? AND waits = 1 LIMIT 1`;
const widestOf = `SELECT max(slots) AS widest FROM job_gates INDEXED BY job_gates_widest
  WHERE key = ? AND waits = 1`;
const take = "INSERT INTO slots (key, kind, job_id, since, expires_at) VALUES (?, ?, ?, ?, ?)";

const nextPlace = `UPDATE places SET last = max(last + 1,
    (SELECT seq + 0.5 FROM sqlite_sequence WHERE name = 'jobs')) RETURNING last`;
const place = "UPDATE jobs SET place = ? WHERE id = ?";

export class Room {
  readonly now: number;
  readonly #connection: Connection;
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
  lackingOf(jobId: number): readonly StoredGate[] {
    return this.sql(lackingGates).all(jobId) as unknown as readonly StoredGate[];
  }

  /** Writes nothing. */
  isFree(gate: StoredGate): boolean {
    const limit = this.#limitOf(gate);
    return this.held(gate.key, limit) < limit;
  }

  /** Whether anybody who waits for it could see a free slot. */
  hasRoom(key: string): boolean {
    const { widest } = this.sql(widestOf).get(key) as { widest: number | null };
    if (widest === null) return false;
    const most = Math.max(widest, ...this.#overrides().values());
    return this.held(key, most) < most;
  }

  /** How many slots are taken, `most` at the most. */
  held(key: string, most: number): number {
    return (this.sql(heldSlots).get(key, this.now, most) as { held: number }).held;
  }

  /** Somebody blocked waits for a slot of it. */
  isAwaited(key: string): boolean {
    return this.sql(isAwaited).get(key) !== undefined;
  }

  /** Asks nobody whether they are free. */
  take(jobId: number, gates: readonly StoredGate[]): void {
    for (const { key, kind, ms } of gates) {
      // Nobody frees a slot of a rate: those that have rested make way for new ones.
      if (kind === "rate") this.forgetRested(key);
      const expiresAt = kind === "concurrency" ? this.now + ms : null;
      this.sql(take).run(key, kind, jobId, this.now, expiresAt);
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

  #limitOf({ kind, name, limit }: StoredGate): number {
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
