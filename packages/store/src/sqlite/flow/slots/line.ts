// The line of those who wait for a key: by priority, then by age, whatever their queue.
//
// Many of them may be held up by another key, such as a hundred thousand jobs of one tenant in a
// queue whose slots all tenants share; the few behind them must not wait for that. To ask every
// job would take a second for each slot that is given away, and to give up after a hundred starved
// the others for good. But jobs of one shape have the same gates, with the same limits: where one
// of them finds a slot missing, so do the others. So a shape is asked once; and when too many in a
// row are of shapes that were given up, the line is walked on shape by shape, the best of each.
//
// A job that is blocked and has some of its slots, as after an interruption, needs less than the
// others: it is of a shape of its own (`comeInLine`).

import { hash } from "node:crypto";
import { isKept } from "./keep.ts";
import type { Room, StoredGate } from "./room.ts";

/** The same for jobs with the same gates; of 48 bits. */
export function shapeOf(gates: readonly StoredGate[]): number {
  const all = gates.map(({ kind, key, limit, name }) => JSON.stringify([kind, key, limit, name]));
  return Number.parseInt(hash("sha256", all.sort().join()).slice(0, 12), 16);
}

const standsAlone = "shape >= 0 AND EXISTS (SELECT 1 FROM slots WHERE job_id = ?1)";
const own = `UPDATE job_gates SET since = coalesce(since, ?2),
    shape = CASE WHEN ${standsAlone} THEN -job_id ELSE shape END
  WHERE job_id = ?1 AND (since IS NULL OR ${standsAlone})`;

/** For a job that has just been blocked. */
export function comeInLine(room: Room, id: number): void {
  room.sql(own).run(id, room.now);
}

/** How many are passed over one by one, before it goes on shape by shape. */
const farthest = 100;
/** How many shapes are asked in the end. */
const mostShapes = 1_000;
/** How many are looked at together, once the first was taken. */
const page = 16;

const gate = `gate.job_id AS id, gate.priority, gate.shape, gate.kind, gate.key,
  gate.slots AS "limit", gate.ms, gate.on_conflict AS onConflict, gate.name, gate.since`;
const first = `SELECT ${gate} FROM job_gates AS gate INDEXED BY job_gates_waiting
  WHERE key = ? AND waits = 1 ORDER BY priority, job_id LIMIT 1`;
const next = `SELECT ${gate} FROM job_gates AS gate INDEXED BY job_gates_waiting
  WHERE key = ? AND waits = 1 AND (priority, job_id) > (?, ?)
  ORDER BY priority, job_id LIMIT ${page}`;
const bestOfShape = `FROM job_gates AS gate INDEXED BY job_gates_shapes
  WHERE gate.key = ?1 AND gate.waits = 1`;
/** It steps from shape to shape, however many jobs are of each. */
const heads = `WITH RECURSIVE shapes (shape) AS (
    SELECT min(gate.shape) ${bestOfShape}
    UNION ALL
    SELECT (SELECT min(gate.shape) ${bestOfShape} AND gate.shape > shapes.shape)
    FROM shapes WHERE shapes.shape IS NOT NULL),
  open AS (SELECT shape FROM shapes
    WHERE shape IS NOT NULL AND shape NOT IN (SELECT value FROM json_each(?2))
    LIMIT ${mostShapes})
  SELECT ${gate} FROM open CROSS JOIN job_gates AS gate ON gate.key = ?1
    AND gate.job_id = (SELECT gate.job_id ${bestOfShape} AND gate.shape = open.shape
      ORDER BY gate.priority, gate.job_id LIMIT 1)
  ORDER BY gate.priority, gate.job_id`;
const headOf = `SELECT ${gate} ${bestOfShape} AND gate.shape = ?2
  ORDER BY gate.priority, gate.job_id LIMIT 1`;

export interface Candidate extends StoredGate {
  readonly id: number;
  readonly priority: number;
  readonly shape: number;
  readonly since: number | null;
}

interface How {
  /** How many slots of the key became free at most since the line was last walked. */
  readonly freed: number;
  /** How many slots somebody sees who is not in the line yet. */
  readonly seen: number;
}

export class Line {
  readonly #room: Room;
  readonly #key: string;
  /** Slots that were taken when nothing of what is given away now was free yet. */
  readonly #before: number;
  readonly #seen: number;
  readonly #givenUp = new Set<number>();
  #rows: readonly Candidate[] = [];
  #at = 0;
  /** The last one that was read from the line. */
  #last: Candidate | null = null;
  /** The best of each shape; null while they are walked one by one. */
  #heads: Candidate[] | null = null;
  /** The last one that was answered, until it is passed over. */
  #taken: Candidate | null = null;
  #vain = 0;
  #isAskedFor = false;
  #over = false;

  constructor(room: Room, key: string, { freed, seen }: How) {
    this.#room = room;
    this.#key = key;
    this.#before = room.held(key) + freed;
    this.#seen = seen;
  }

  /** Whether anybody could see a free slot. */
  hasRoom(): boolean {
    return this.#room.held(this.#key) < this.#seen || this.#room.hasRoom(this.#key);
  }

  /** The best that may have what it needs; whoever is not passed over has got it. */
  next(): Candidate | null {
    if (this.#taken) this.#vain = 0;
    const found = this.#over ? null : this.#heads ? this.#nextHead() : this.#nextInLine();
    this.#taken = found;
    return found;
  }

  /** It lacks a slot, and so does everybody of its shape. */
  passOver(candidate: Candidate): void {
    this.#taken = null;
    this.#vain += 1;
    this.#givenUp.add(candidate.shape);
    const room = this.#room;
    if (!room.isFree(candidate)) this.#over = !this.hasRoom();
    else if (!this.#isAskedFor) {
      // Where it had slots before, and kept none, those who wait do not wait for this key.
      this.#isAskedFor = true;
      this.#over = !room.wasFull(this.#key, this.#before) && !isKept(room, this.#key);
    }
  }

  #nextInLine(): Candidate | null {
    while (this.#vain < farthest) {
      const candidate = this.#rows[this.#at] ?? this.#read();
      if (!candidate) return null;
      this.#at += 1;
      if (!this.#givenUp.has(candidate.shape)) return candidate;
      this.#vain += 1;
    }
    const given = JSON.stringify([...this.#givenUp]);
    this.#heads = this.#room.sql(heads).all(this.#key, given) as unknown as Candidate[];
    return this.#heads.shift() ?? null;
  }

  #read(): Candidate | undefined {
    if (!this.hasRoom()) return undefined;
    const rows = this.#last
      ? this.#room.sql(next).all(this.#key, this.#last.priority, this.#last.id)
      : this.#room.sql(first).all(this.#key);
    this.#rows = rows as unknown as readonly Candidate[];
    this.#at = 0;
    this.#last = this.#rows.at(-1) ?? null;
    return this.#rows[0];
  }

  #nextHead(): Candidate | null {
    const heads = this.#heads!;
    const follower = this.#taken && this.#followerOf(this.#taken);
    if (follower) {
      const at = heads.findIndex((head) => comesBefore(follower, head));
      heads.splice(at === -1 ? heads.length : at, 0, follower);
    }
    return heads.shift() ?? null;
  }

  #followerOf({ shape }: Candidate): Candidate | undefined {
    const row = this.#room.sql(headOf).get(this.#key, shape);
    return row as unknown as Candidate | undefined;
  }
}

function comesBefore(a: Candidate, b: Candidate): boolean {
  return a.priority < b.priority || (a.priority === b.priority && a.id < b.id);
}
