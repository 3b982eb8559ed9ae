// `process:`, how a process proves that it lives.

import type { ProcessConfig } from "../../config.ts";
import { bounds, defaults } from "../defaults.ts";
import { duration, field, fields, placeOf, type Reader } from "../readers.ts";
import { inWords } from "../words/in-words.ts";

export const readProcess: Reader<ProcessConfig> = (tree, problems) => {
  const otherwise = defaults.process;
  const read = fields(tree, problems, {
    heartbeat_interval: field(duration(bounds.heartbeatInterval), otherwise.heartbeatIntervalMs),
    alive_threshold: field(duration(bounds.aliveThreshold), otherwise.aliveThresholdMs),
    startup_timeout: field(duration(bounds.startupTimeout), otherwise.startupTimeoutMs),
  });
  const least = 2 * read.heartbeat_interval;
  if (read.alive_threshold < least) {
    const threshold = inWords(read.alive_threshold);
    const beat = inWords(read.heartbeat_interval);
    problems.add(
      placeOf(tree, "alive_threshold"),
      `${threshold} is less than two heartbeats of ${beat}; write ${inWords(least)} or more`,
    );
  }
  return {
    heartbeatIntervalMs: read.heartbeat_interval,
    aliveThresholdMs: read.alive_threshold,
    startupTimeoutMs: read.startup_timeout,
  };
};
