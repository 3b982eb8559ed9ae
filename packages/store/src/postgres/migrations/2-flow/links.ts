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
} as const;

/** Slots of whatever kind. */
export const anyGate: number = links.gates | links.rate | links.fair;

/** Gates that a queue gives to its jobs come after those of their own. */
export const queuePosition = 100;

/** How every function begins: names are those of the server, whoever calls. */
export const safely = "SET search_path = pg_catalog, pg_temp";

/** And one that runs with the rights of the owner, or is called with many jobs. */
export const asOwner: string = `SECURITY DEFINER ${safely}
  SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off`;
