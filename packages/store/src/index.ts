// What the store shows to the layers above: its types and how to open one.

export { type Clock, systemClock } from "./clock.ts";
export { StoreError, type StoreErrorCode } from "./errors.ts";
export * from "./flow.ts";
export * from "./job.ts";
export type { Json } from "./json.ts";
export { type OpenOptions, openStore } from "./open.ts";
export * from "./process.ts";
export { whyNoBurst } from "./rules/burst.ts";
export { makeFolder } from "./sqlite/driver/make-folder.ts";
export type * from "./store/batch.ts";
export * from "./store/command.ts";
export type * from "./store/commands.ts";
export type { Flow } from "./store/flow.ts";
export type { Queue } from "./store/queue.ts";
export type * from "./store/recurring.ts";
export type * from "./store/watch.ts";
export type * from "./store.ts";
export * from "./turn.ts";
