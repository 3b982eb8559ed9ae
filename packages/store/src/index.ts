// What the store shows to the layers above: its types and how to open one.

export type * from "./batch.ts";
export { type Clock, systemClock } from "./clock.ts";
export { StoreError, type StoreErrorCode } from "./errors.ts";
export * from "./flow.ts";
export * from "./job.ts";
export type { Json } from "./json.ts";
export { type OpenOptions, openStore } from "./open.ts";
export * from "./process.ts";
export type { Queue } from "./queue.ts";
export type * from "./recurring.ts";
export type * from "./store.ts";
export * from "./turn.ts";
