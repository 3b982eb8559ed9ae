// A process as it is registered: the row by which the others know that it lives.

export const processKinds = [
  "supervisor",
  "worker",
  "dispatcher",
  "scheduler",
  "commands",
] as const;
export type ProcessKind = (typeof processKinds)[number];

/** `busy`: its main loop is blocked but its watchdog answers. `quiet`: it claims nothing. */
export type ProcessState = "starting" | "running" | "busy" | "quiet" | "stopping";

/** What tells one life of one process from every other, also after its pid is used again. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Host name. */
  readonly host: string;
  /** Of the running kernel: pids mean nothing across a boot. */
  readonly bootId: string;
  /** Start time of the pid, in clock ticks since boot; 0 where the system does not tell. */
  readonly startTicks: number;
}

export interface NewProcess extends ProcessIdentity {
  readonly kind: ProcessKind;
  /** For people, such as `worker default/1`. */
  readonly name: string;
  /** null for a supervisor. */
  readonly supervisorId: number | null;
  /** The queues a worker takes from; empty for the others. */
  readonly queues: readonly string[];
}

export interface Process extends NewProcess {
  readonly id: number;
  readonly state: ProcessState;
  /** Names of the jobs a worker has code for, known once it is ready. */
  readonly names: readonly string[];
  /** How many jobs it holds. */
  readonly jobs: number;
  readonly rssBytes: number | null;
  readonly heartbeatAt: number;
  readonly createdAt: number;
}

/** What a supervisor knows of one living process when it beats its heart. */
export interface Beat {
  readonly id: number;
  readonly state: ProcessState;
  readonly rssBytes: number | null;
}

/** How a process ended, as the one who looked after it saw it. */
export type ProcessEnd =
  | { readonly how: "exit"; readonly code: number | null; readonly signal: string | null }
  /** Nobody saw it end; it was silent for so long, in milliseconds. */
  | { readonly how: "silent"; readonly silentMs: number }
  /** It did not answer, and was killed for it. */
  | { readonly how: "frozen"; readonly silentMs: number };

/** What is known about the jobs of a process that ended. */
export interface Evidence {
  readonly end: ProcessEnd;
  /** Fences of the runs that had reached a thread, or null: nobody knows, so all are suspects. */
  readonly started: readonly { readonly id: number; readonly fence: number }[] | null;
}

/** What became of one job of a dead process. */
export interface RecoveredJob {
  readonly id: number;
  readonly name: string;
  readonly outcome: "ready" | "failed" | "cancelled";
  /** Whether the run counts as a crash. */
  readonly crashed: boolean;
}
