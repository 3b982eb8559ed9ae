// The words of the contract: a worker claims, a worker settles, a process dies.

import type {
  Claim,
  Evidence,
  Job,
  JobError,
  NewJob,
  NewProcess,
  OpenOptions,
  ProcessEnd,
  Settlement,
  Store,
  TurnAnswer,
} from "@queue-runtime/store";

export interface OpenedStore extends AsyncDisposable {
  readonly store: Store;
  readonly url: string;
  /** One more connection to the same data; closed with the others. */
  connect(options?: OpenOptions): Promise<Store>;
}

/** Opens a store of its own for one test, migrated and empty. */
export type OpenStore = (options?: OpenOptions) => Promise<OpenedStore>;

/** What a run ends with, without the job it belongs to. */
export type Ending = Settlement extends infer Each
  ? Each extends Settlement
    ? Omit<Each, "id" | "fence">
    : never
  : never;

export const boom: JobError = {
  name: "Error",
  message: "boom",
  code: null,
  stack: null,
  cause: null,
};

export const killed: ProcessEnd = { how: "exit", code: null, signal: "SIGKILL" };

export function someProcess(process: Partial<NewProcess> = {}): NewProcess {
  return {
    kind: "worker",
    name: "worker default/1",
    supervisorId: null,
    queues: ["*"],
    pid: 4242,
    host: "here",
    bootId: "boot",
    startTicks: 1,
    ...process,
  };
}

/** One registered worker and what it does; it has code for `job` unless told otherwise. */
export interface Worker {
  readonly id: number;
  claim(claim?: Partial<Claim>): Promise<readonly Job[]>;
  /** Claims one job, which has to be there. */
  claimOne(claim?: Partial<Claim>): Promise<Job>;
  settle(job: { readonly id: number; readonly fence: number }, ending: Ending): Promise<TurnAnswer>;
  checkpoint(job: Job, saved: Pick<Settlement, "cursor" | "progress">): Promise<TurnAnswer>;
  /** A turn that wants nothing. */
  look(): Promise<TurnAnswer>;
  /** Its process ends; by default by SIGKILL, and nobody knows what it ran. */
  dies(evidence?: Partial<Evidence>): ReturnType<Store["jobs"]["recover"]>;
}

export async function newWorker(store: Store): Promise<Worker> {
  const id = await store.processes.register(someProcess());
  const nothing = { processId: id, settlements: [], checkpoints: [], claim: null };
  const claim = async (wanted: Partial<Claim> = {}): Promise<readonly Job[]> => {
    const whole = { queues: ["*"], names: ["job"], limit: 10, idle: true, ...wanted };
    return (await store.jobs.turn({ ...nothing, claim: whole })).claimed;
  };
  return {
    id,
    claim,
    async claimOne(wanted) {
      const [job] = await claim({ ...wanted, limit: 1 });
      if (!job) throw new Error("no job could be claimed");
      return job;
    },
    settle: ({ id: jobId, fence }, ending) =>
      store.jobs.turn({ ...nothing, settlements: [{ id: jobId, fence, ...ending }] }),
    checkpoint: ({ id: jobId, fence }, saved) =>
      store.jobs.turn({ ...nothing, checkpoints: [{ id: jobId, fence, ...saved }] }),
    look: () => store.jobs.turn(nothing),
    dies: (evidence) => store.jobs.recover(id, { end: killed, started: null, ...evidence }),
  };
}

/** Enqueues one job called `job`. */
export async function enqueueOne(store: Store, job: Partial<NewJob> = {}): Promise<number> {
  const [id] = await enqueueAll(store, [job]);
  return id!;
}

/** Answers the ids, in order. */
export async function enqueueAll(
  store: Store,
  jobs: readonly Partial<NewJob>[],
): Promise<readonly number[]> {
  const answers = await store.jobs.enqueue(jobs.map((job) => ({ name: "job", ...job })));
  return answers.map(({ id }) => id);
}

export async function jobOf(store: Store, id: number): Promise<Job> {
  const job = await store.jobs.find(id);
  if (!job) throw new Error(`there is no job ${id}`);
  return job;
}

export function ids(jobs: readonly { readonly id: number }[]): readonly number[] {
  return jobs.map(({ id }) => id);
}
