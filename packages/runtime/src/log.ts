// Where lines go: JSON through pino, or short coloured lines when a person watches. Both end on the
// standard error stream, or on standard output when the command line asked for `--json`.

import { writeSync } from "node:fs";
import { styleText } from "node:util";
import { pino } from "pino";
import type { RuntimeEvent } from "./log/events.ts";
import { type LineLevel, lineOf } from "./log/lines.ts";

export interface LogOptions {
  readonly level: "debug" | "info" | "warn" | "error" | "silent";
  /** 2, or 1 with `--json`. */
  readonly fd: 1 | 2;
  /** For people; decided once by the supervisor from its terminal. */
  readonly pretty: boolean;
  /** Which process speaks, such as `supervisor` or `worker default/1`. */
  readonly process: string;
}

export interface Log {
  report(event: RuntimeEvent): void;
  write(level: LineLevel, fields: object, message: string): void;
  readonly options: LogOptions;
}

const ranks = { debug: 20, info: 30, warn: 40, error: 50, silent: 60 };

export function openLog(options: LogOptions): Log {
  const write = options.pretty ? prettyWriter(options) : jsonWriter(options);
  return {
    options,
    write,
    report(event) {
      if (ranks[options.level] > (rankOfFrequent[event.type] ?? ranks.silent)) return;
      const line = lineOf(event);
      // to a person the sentence says it all
      write(line.level, options.pretty ? {} : line.fields, line.message);
    },
  };
}

type Write = Log["write"];

function jsonWriter(options: LogOptions): Write {
  const destination = pino.destination({ fd: options.fd, sync: true });
  const logger = pino(
    { level: options.level, base: { pid: process.pid, process: options.process } },
    destination,
  );
  return (level, fields, message) => logger[level](fields, message);
}

/** Events that come once per job: known to be unwanted before their line is even worded. */
const rankOfFrequent: { readonly [type: string]: number | undefined } = {
  "job-started": ranks.debug,
  "command-started": ranks.debug,
  "job-finished": ranks.info,
};
const colours = { debug: "gray", info: "cyan", warn: "yellow", error: "red" } as const;

function prettyWriter(options: LogOptions): Write {
  const least = ranks[options.level];
  const name = options.process.padEnd(18);
  return (level, fields, message) => {
    if (ranks[level] < least) return;
    const time = new Date().toTimeString().slice(0, 8);
    const head = `${styleText("gray", time)} ${styleText(colours[level], name)}`;
    writeLine(options.fd, `${head} ${harmless(message)}${details(fields)}\n`);
  };
}

/** Fields that job code gave, without those that its logger is bound to. */
function details(fields: object): string {
  const shown = Object.entries(fields).filter(([key]) => !quietFields.has(key));
  if (shown.length === 0) return "";
  return styleText("gray", ` ${shown.map(([key, value]) => `${key}=${show(value)}`).join(" ")}`);
}

const quietFields = new Set(["job", "name", "queue", "attempt"]);

function show(value: unknown): string {
  return harmless(typeof value === "string" ? value : (JSON.stringify(value) ?? String(value)));
}

/** Data must not move the cursor of a terminal or forge a line. */
function harmless(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is replaced
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, " ");
}

/** A terminal that went away must not end the process that writes to it. */
function writeLine(fd: number, text: string): void {
  try {
    writeSync(fd, text);
  } catch {
    // EPIPE, EIO, EAGAIN: nobody reads any more, or not fast enough; the work goes on
  }
}
