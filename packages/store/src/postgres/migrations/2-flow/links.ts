// What ties a job to others, as the bits of `jobs.linked`. Whoever changes a row learns from one
// number what has to follow; for nearly all jobs it is 0.

export const links = {
  /** Slots of keys. */
  gates: 1,
  /** Some of them rest once a run begins, */
  rate: 2,
  /** or are free again then. */
  fair: 4,
  unique: 8,
  batch: 16,
  /** It comes after other jobs, or others come after it. */
  dependency: 32,
  /** Nothing, but that its unique keys are decided. */
  keyed: 64,
  /** It is a command: see ../3-commands.ts. */
  command: 128,
} as const;

/** Slots of whatever kind. */
export const anyGate: number = links.gates | links.rate | links.fair;

/** Gates that a queue gives to its jobs come after those of their own. */
export const queuePosition = 100;

/**
 * The name of the list of what this transaction has touched, a setting of its own: '' where nobody
 * will reconcile, and beginning with 0 where somebody will.
 */
export const touchedList = "'queue_runtime.touched'";

/** A setting of this transaction: which keys it has locked, as '', `some` or `all`. */
export const lockedKeys = "'queue_runtime.locked'";

/** Of a job that does not run: no run of it counts. */
export const notBegun = "attempts = 0 AND interruptions = 0 AND crashes = 0";

/**
 * Behind a question about single rows: it is looked up for each. A plan that was made while a table
 * was empty reads all of it instead, at once or for each row, and lives on when it is not.
 */
export const eachByItself = "OFFSET 0";

/** Some gate of the job has no slot. */
export const lacksSlot = (job: string): string => `EXISTS (
      SELECT FROM queue_runtime.job_gates AS gate WHERE gate.job_id = ${job} AND NOT EXISTS (
        SELECT FROM queue_runtime.slots AS own
        WHERE own.job_id = ${job} AND own.key = gate.key ${eachByItself}) ${eachByItself})`;

/** Those that somebody waits for, of an expression for keys. */
export const awaited = (
  keys: string,
): string => `array(SELECT each.key FROM unnest(${keys}) AS each (key)
      WHERE EXISTS (SELECT FROM queue_runtime.job_gates AS gate
        WHERE gate.key = each.key AND gate.waits ${eachByItself}) ORDER BY each.key)`;

/**
 * Functions in SQL that are part of other statements have none of these, or each call would be
 * planned anew: the names in them are those of who calls.
 */
export const inlined = "LANGUAGE sql STABLE";

/** How every function begins: names are those of the server, whoever calls. */
export const safely = "SET search_path = pg_catalog, pg_temp";

/** And one that runs with the rights of the owner, or is called with many jobs. */
export const asOwner: string = `SECURITY DEFINER ${safely}
  SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
  SET enable_material = off`;
