// log: what commands have printed, from their files. Only as much is read as is shown.

import { fstatSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import type { CommandJob, Store } from "@queue-runtime/store";
import type { Config } from "../../config.ts";
import type { Selection } from "../../control/desk.ts";
import { newestAttempt, outputFile } from "../../control/output/files.ts";
import { commandRow } from "../../control/rows/command-row.ts";
import { exitCodes } from "../../process/exit-codes.ts";
import { withStore } from "../data/open.ts";
import type { Invocation } from "../line/command.ts";
import { CommandError, UsageError } from "../line/errors.ts";
import { readInteger } from "../line/options.ts";
import { jsonText, paint, quoted, visible } from "../terminal/text.ts";
import { inWords, readSelection } from "./given/selection.ts";
import { statusText } from "./list/columns.ts";
import { otherHost } from "./output/elsewhere.ts";
import { type OutputPart, openPart } from "./output/pieces.ts";
import { TerminalText } from "./output/terminal-text.ts";
import { NobodyReadsError, write } from "./output/write.ts";

const defaultLines = 15;

export async function log(invocation: Invocation): Promise<number> {
  const selection = readSelection(invocation);
  const wanted = readWanted(invocation);
  const config = await invocation.config();
  const folder = outputFolder(config);
  return await withStore(config, async (store) => {
    const printer = invocation.json
      ? jsonPrinter(invocation)
      : textPrinter(invocation, wanted, selection);
    let code: number = exitCodes.ok;
    try {
      await printer.begin();
      for await (const found of chosen(store, selection)) {
        if (typeof found === "number") {
          invocation.output.say(`${found}: there is no command ${found}`);
          code = exitCodes.unexpected;
          continue;
        }
        const file = fileOf(folder, found, wanted);
        const part = await openPart(file, wanted.lines);
        try {
          await printer.print(found, part, selection.ids !== undefined);
        } finally {
          await part?.close();
        }
      }
      await printer.end();
    } catch (error) {
      if (!(error instanceof NobodyReadsError)) throw error;
    }
    return code;
  });
}

interface Wanted {
  /** null: all of them. */
  readonly lines: number | null;
  readonly attempt: number | undefined;
  readonly stderr: boolean;
}

function readWanted(invocation: Invocation): Wanted {
  const full = invocation.flag("full");
  const lines = readLines(invocation);
  if (full && lines !== undefined) throw new UsageError("give --lines or --full, not both");
  const attempt = readInteger("attempt", invocation.text("attempt"), { least: 1, most: 1e9 });
  const stderr = invocation.flag("stderr");
  return { lines: full ? null : (lines ?? defaultLines), attempt, stderr };
}

/** @throws UsageError */
export function readLines(invocation: Invocation): number | undefined {
  return readInteger("lines", invocation.text("lines"), { least: 0, most: 1_000_000_000 });
}

/** @throws CommandError */
export function outputFolder({ commands }: Config): string {
  if (commands !== null) return commands.output;
  const why = "`commands: false` in queue.yml leaves open where it is";
  throw new CommandError(`no output of commands is looked for: ${why}; its files are kept`);
}

function fileOf(folder: string, job: CommandJob, { attempt, stderr }: Wanted): string {
  const which = attempt ?? newestAttempt(folder, job);
  return outputFile(folder, { id: job.id, attempt: which, stderr: stderr && job.command.separate });
}

const idsAtOnce = 500;

/** Ids in the order they were typed, a number where there is no such command; or whole groups. */
async function* chosen(
  store: Store,
  { ids, group, all }: Selection,
): AsyncGenerator<CommandJob | number> {
  if (ids !== undefined) {
    for (const id of ids) yield (await store.commands.find(id)) ?? id;
    return;
  }
  const name = group ?? "default";
  if (!all) await requireGroup(store, name);
  for (let beyond = 0; ; ) {
    const groups = all ? {} : { groups: [name] };
    const page = await store.commands.list({ ...groups, beyond, first: idsAtOnce });
    yield* page;
    if (page.length < idsAtOnce) return;
    beyond = page.at(-1)?.id ?? beyond;
  }
}

/** @throws CommandError */
export async function requireGroup(store: Store, name: string): Promise<void> {
  const names = (await store.commands.groupSettings()).map((group) => group.name);
  if (names.includes(name)) return;
  throw new CommandError(`there is no group ${quoted(name)}; the groups are ${names.join(", ")}`);
}

interface Printer {
  begin(): Promise<void>;
  /** `named`: somebody asked for this one. `part` is null where it has no output. */
  print(job: CommandJob, part: OutputPart | null, named: boolean): Promise<void>;
  end(): Promise<void>;
}

function whyNotAll({ truncated, cut }: OutputPart, { lines }: Wanted): string | null {
  if (cut && lines === null) return "its beginning is gone: see commands.output_limit";
  return truncated ? "the last lines; --full shows all" : null;
}

function textPrinter({ output }: Invocation, wanted: Wanted, selection: Selection): Printer {
  const { stdout } = output;
  let isLineOpen = false;
  let count = 0;
  return {
    begin: async () => undefined,
    print: async (job, part, named) => {
      count += 1;
      if (part === null) {
        if (named) output.say(nothingOf(job));
        return;
      }
      const row = commandRow(job, 0);
      const title = `${job.id} ${statusText(row)}: ${visible(job.command.line.slice(0, 200))}`;
      output.say((isLineOpen ? "\n" : "") + paint("bold", title, process.stderr));
      isLineOpen = false;
      if (wanted.stderr && !job.command.separate) {
        output.say("its stderr is in between: --separate keeps it apart");
      }
      const why = whyNotAll(part, wanted);
      if (why !== null) output.say(paint("dim", why, process.stderr));
      const text = stdout.isTTY ? new TerminalText() : null;
      for await (const chunk of part.chunks()) {
        await write(stdout, text?.push(chunk) ?? chunk);
        isLineOpen = chunk.at(-1) !== 10 && titlesGoThere();
      }
      if (text !== null) await write(stdout, text.end());
    },
    end: async () => {
      if (count === 0 && selection.ids === undefined) output.say(nothing(selection));
    },
  };
}

function nothingOf(job: CommandJob): string {
  const { id, finishedAt } = job;
  const host = otherHost(job);
  if (host !== null) return `the output of ${id} is on ${visible(host)}: look there`;
  if (finishedAt !== null) return `${id} has no output`;
  return `${id} has no output; \`runtime follow ${id}\` waits for it`;
}

function nothing(selection: Selection): string {
  const where = selection.all ? "no group has" : `${inWords(selection)} has no`;
  return `${where} commands; \`runtime add\` adds one`;
}

/** A title would stand in the last line of an output that does not end it. */
function titlesGoThere(): boolean {
  const [stdout, stderr] = [fstatSync(1), fstatSync(2)];
  return stdout.ino === stderr.ino && stdout.dev === stderr.dev;
}

/** Written piece by piece: the output of one command may be larger than memory. */
function jsonPrinter({ output: { stdout } }: Invocation): Printer {
  let count = 0;
  return {
    begin: () => write(stdout, "["),
    print: async (job, part, named) => {
      if (part === null && !named) return;
      await write(stdout, `${count > 0 ? "," : ""}{"id":${job.id},"output":"`);
      count += 1;
      const decoder = new StringDecoder("utf8");
      if (part !== null) {
        for await (const chunk of part.chunks())
          await write(stdout, inString(decoder.write(chunk)));
      }
      const host = part === null ? otherHost(job) : null;
      const facts = [
        `"bytes":${part?.bytes ?? 0}`,
        `"truncated":${part?.truncated ?? false}`,
        ...(host === null ? [] : [`"host":${jsonText(host)}`]),
      ];
      await write(stdout, `${inString(decoder.end())}",${facts.join(",")}}`);
    },
    end: () => write(stdout, "]\n"),
  };
}

function inString(text: string): string {
  return jsonText(text).slice(1, -1);
}
