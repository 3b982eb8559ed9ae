// Started as a thread of every child, never imported: proves that the process lives while its main
// loop is blocked, and notices within milliseconds that the supervisor died. The pipe to the
// supervisor is watched from here because a blocked main loop hears neither bytes nor signals.
// Rejected: polling the parent's pid (slow, and pids are used again), the death signal of Linux
// (not portable, lost by set-uid programs).

import { Socket } from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import { childFds, watchdogBytes } from "../process/messages.ts";
import { StopFlags } from "../worker/run/stop-flags.ts";

export interface WatchdogData {
  /** One word: how often the main loop answered. */
  readonly beats: SharedArrayBuffer;
  /** Silence of the supervisor for so long means that it is gone. */
  readonly silentMs: number;
  /** Once orphaned: how long the process may take to stop before it is killed. */
  readonly stopMs: number;
}

const { beats, silentMs, stopMs } = workerData as WatchdogData;
const beat = new Int32Array(beats);
const pipe = new Socket({ fd: childFds.watchdog, readable: true, writable: true });
let flags: StopFlags | undefined;
let asked = false;
let seen = 0;
let orphaned = false;
let silence = setTimeout(silent, silentMs);

// The main thread hands over the flags of its runner, once it has one.
parentPort?.on("message", (buffer: SharedArrayBuffer) => {
  flags = new StopFlags(buffer);
  if (orphaned) flags.raiseStopping();
});

pipe.on("data", (bytes: Buffer) => {
  clearTimeout(silence);
  silence = setTimeout(silent, silentMs);
  if (bytes.includes(watchdogBytes.stop)) flags?.raiseStopping();
  if (bytes.includes(watchdogBytes.ping)) answer();
});
pipe.on("end", orphan);
pipe.on("error", orphan);
pipe.on("close", orphan);

function answer(): void {
  const count = Atomics.load(beat, 0);
  const busy = asked && count === seen;
  pipe.write(Buffer.of(busy ? watchdogBytes.busy : watchdogBytes.alive));
  seen = count;
  asked = true;
  parentPort?.postMessage(null);
}

/**
 * After a pause of the whole process its bytes are there but unread: look once more before judging.
 */
function silent(): void {
  silence = setTimeout(orphan, 250);
}

function orphan(): void {
  if (orphaned) return;
  orphaned = true;
  clearTimeout(silence);
  flags?.raiseStopping();
  parentPort?.postMessage("orphaned");
  process.kill(process.pid, "SIGTERM");
  setTimeout(() => process.kill(process.pid, "SIGKILL"), stopMs);
}
