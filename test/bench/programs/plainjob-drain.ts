// plainjob drains the same jobs: one process, one worker, on better-sqlite3, as its README shows
// it, and with its logger silenced (by default it writes several lines per job). It has no batches
// and no concurrency to tune; WAL and synchronous=NORMAL it sets itself.

import Database from "better-sqlite3";
import { better, defineQueue, defineWorker } from "plainjob";
import { payloads } from "../harness/payload.ts";
import { asked } from "../harness/program.ts";

const { file, jobs } = asked<{ readonly file: string; readonly jobs: number }>();
const silent = { error() {}, warn() {}, info() {}, debug() {} };
const queue = defineQueue({ connection: better(new Database(file)), logger: silent });
for (let left = jobs; left > 0; left -= 10_000) {
  queue.addMany("noop", payloads(Math.min(left, 10_000)));
}
let done = 0;
let began = 0;
const ended = Promise.withResolvers<number>();
const worker = defineWorker(
  "noop",
  () => {
    if (began === 0) began = performance.now();
  },
  {
    queue,
    logger: silent,
    onCompleted() {
      done += 1;
      if (done === jobs) ended.resolve(performance.now());
    },
    onFailed: (_job, error) => ended.reject(new Error(error)),
  },
);
void worker.start();
// the worker only lets timers run once nothing is left to do
const ms = (await ended.promise) - began;
await worker.stop();
queue.close();
process.send!(jobs / (ms / 1_000), () => process.disconnect());
