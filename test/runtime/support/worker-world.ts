// A worker on its main loop, in this process, whose store is behind a link.

import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import type { Json } from "@queue-runtime/store";
import type { JobDefinition } from "queue-runtime";
import { defaults } from "../../../packages/runtime/src/config/defaults.ts";
import { StoreHealth } from "../../../packages/runtime/src/service/store-health.ts";
import { FlightRecorder } from "../../../packages/runtime/src/worker/flight-recorder.ts";
import { MainLoop } from "../../../packages/runtime/src/worker/main-loop.ts";
import { Worker } from "../../../packages/runtime/src/worker.ts";
import { someProcess } from "../../store/contract/world.ts";
import { temporaryFolder, temporaryStore } from "../../support/temporary-store.ts";
import { CutLink } from "./cut-link.ts";
import { notedLog } from "./noted-log.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** A started worker on its main loop, with these jobs, three at once. */
export async function newWorker(...jobs: readonly JobDefinition[]) {
  return await newWorkerOf(3, ...jobs);
}

/** The same, with so many jobs at once. */
export async function newWorkerOf(concurrency: number, ...jobs: readonly JobDefinition[]) {
  const opened = await temporaryStore();
  const folder = temporaryFolder();
  const record = join(folder.path, "flight-record");
  const fd = openSync(record, "w");
  const link = new CutLink(opened.store);
  const log = notedLog();
  const definitions = new Map(jobs.map((job) => [job.name, job]));
  const { runner, worker } = makeWorker({
    concurrency,
    processId: await opened.store.processes.register(someProcess()),
    link,
    log,
    fd,
    definitions,
  });
  await worker.start();
  return {
    store: opened.store,
    /** The file of its flight recorder. */
    record,
    link,
    log,
    worker,
    async enqueue(name: string, args: Json = null): Promise<number> {
      const [row] = await opened.store.jobs.enqueue([{ name, args }]);
      worker.hear("ready");
      return row!.id;
    },
    async [Symbol.asyncDispose]() {
      await runner.close();
      worker.claims.stop();
      worker.turns.close();
      await opened[Symbol.asyncDispose]();
      closeSync(fd);
      folder[Symbol.dispose]();
    },
  };
}

interface Parts {
  readonly concurrency: number;
  readonly processId: number;
  readonly link: CutLink;
  readonly log: ReturnType<typeof notedLog>;
  readonly fd: number;
  readonly definitions: ReadonlyMap<string, JobDefinition>;
}

function makeWorker({ concurrency, processId, link, log, fd, definitions }: Parts) {
  const config = { ...defaults.worker, name: "default", threads: 0, concurrency };
  let runner: MainLoop | undefined;
  const worker: Worker = new Worker({
    config,
    processId,
    store: link.store,
    health: new StoreHealth(log, () => 0),
    definitions,
    log,
    recorder: new FlightRecorder(fd),
    makeRunner: (listener) => {
      const logger = () => silent;
      runner = new MainLoop({
        concurrency,
        interruptionAdapters: ["runtime"],
        definitions,
        listener,
        logger,
      });
      return runner;
    },
    giveUp: () => worker.claims.stop(),
  });
  return { worker, runner: runner! };
}
