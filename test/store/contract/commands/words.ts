// The words of commands: somebody adds them, a runner claims, starts and ends them.

import type {
  Claim,
  CommandEnd,
  CommandJob,
  CommandProcess,
  Job,
  JobState,
  NewCommand,
  NewJob,
  Settlement,
  Store,
  TurnAnswer,
} from "@queue-runtime/store";
import { type Ending, killed, someProcess } from "../world.ts";

export function someCommand(command: Partial<NewCommand> = {}): NewCommand {
  const environment = { PATH: "/usr/bin", HOME: "/home/somebody" };
  return { line: "true", argv: null, directory: "/tmp", environment, ...command };
}

/** What a test says of a command: the fields of its job, beside those of the command. */
export type Said = Partial<Omit<NewJob, "command">> & { readonly command?: Partial<NewCommand> };

export async function add(store: Store, said: Said = {}): Promise<number> {
  const [id] = await addAll(store, [said]);
  return id!;
}

/** Answers the ids, in order. */
export async function addAll(store: Store, all: readonly Said[]): Promise<readonly number[]> {
  const jobs = all.map(({ command, ...job }): NewJob => {
    return { name: "command", kind: "command", ...job, command: someCommand(command) };
  });
  return (await store.jobs.enqueue(jobs)).map(({ id }) => id);
}

export async function commandOf(store: Store, id: number): Promise<CommandJob> {
  const job = await store.commands.find(id);
  if (!job) throw new Error(`there is no command ${id}`);
  return job;
}

export async function stateOf(store: Store, id: number): Promise<JobState | "gone"> {
  return (await store.commands.find(id))?.state ?? "gone";
}

/** Ids of what would be claimed in a group, in order. */
export async function queuedIn(store: Store, name = "default"): Promise<readonly number[]> {
  return (await store.commands.queued([{ name, limit: 1_000 }])).map(({ id }) => id);
}

export function someRun(pid = 4_711): CommandProcess {
  return { pid, startTicks: 12_345, bootId: "boot", host: "here" };
}

export function exit(exitCode: number, more: Partial<CommandEnd> = {}): CommandEnd {
  return { exitCode, signal: null, endedBy: "self", signalsSent: [], ...more };
}

const exited = (code: number): string => `exited with ${code}`;

export function failure(code: number, retryDelayMs: number | null = null): Ending {
  const error = {
    name: "CommandError",
    message: exited(code),
    code: null,
    stack: null,
    cause: null,
  };
  return { outcome: "failed", error, retryDelayMs, commandEnd: exit(code) };
}

export const success: Ending = { outcome: "finished", result: null, commandEnd: exit(0) };

/** The process that runs commands, as the store sees it. */
export interface Runner {
  readonly id: number;
  claim(ids: readonly number[], claim?: Partial<Claim>): Promise<readonly Job[]>;
  /** Claims as above, and answers all that the turn says. */
  turn(ids: readonly number[], claim?: Partial<Claim>): Promise<TurnAnswer>;
  /** Claims it and tells that it began; it has to be ready. */
  start(id: number, process?: CommandProcess): Promise<Job>;
  settle(run: Pick<Settlement, "id" | "fence">, ending: Ending): Promise<TurnAnswer>;
  /** All of its life: it begins and ends. */
  run(id: number, ending?: Ending): Promise<void>;
  /** Its own process is gone. */
  dies(): ReturnType<Store["jobs"]["recover"]>;
}

export async function newRunner(store: Store): Promise<Runner> {
  const kind = { kind: "commands", name: "commands", queues: [] } as const;
  const processId = await store.processes.register(someProcess(kind));
  const nothing = { processId, settlements: [], checkpoints: [], claim: null };
  const runner: Runner = {
    id: processId,
    claim: async (ids, more) => (await runner.turn(ids, more)).claimed,
    turn(ids, more = {}) {
      const claim = { queues: [], names: ["command"], limit: 100, idle: true, ids, ...more };
      return store.jobs.turn({ ...nothing, claim });
    },
    async start(id, process = someRun()) {
      const [job] = await runner.claim([id]);
      if (!job) throw new Error(`command ${id} could not be claimed`);
      const refused = await store.commands.began([{ id, fence: job.fence, process, slot: 0 }]);
      if (refused.length > 0) throw new Error(`the start of command ${id} was refused`);
      return job;
    },
    settle: ({ id, fence }, ending) =>
      store.jobs.turn({ ...nothing, settlements: [{ id, fence, ...ending }] }),
    async run(id, ending = success) {
      const { refused } = await runner.settle(await runner.start(id), ending);
      if (refused.length > 0) throw new Error(`the end of command ${id} was refused`);
    },
    dies: () => store.jobs.recover(processId, { end: killed, started: null }),
  };
  return runner;
}

/** The answer to something that was done to these. */
export function done(...ids: readonly number[]): readonly object[] {
  return ids.map((id) => ({ id, outcome: "done" }));
}
