// The text that a person edits: one YAML document for all ids, and what became of it.

import { parseDocument, stringify } from "yaml";
import type { Changes, Editable } from "../../../control/desk.ts";
import { CommandError } from "../../line/errors.ts";
import { quoted } from "../../terminal/text.ts";

const head = `# Change what you like, save, and close the editor. What is left out stays as it was.
# To change nothing, save an empty file, or end the editor with an error.
`;

export function writeDocument(rows: readonly Editable[]): string {
  const entries = rows.map(({ id, ...fields }) => [String(id), fields]);
  return head + stringify(Object.fromEntries(entries), { lineWidth: 0 });
}

/** What is asked for, by id; empty where the text is. @throws CommandError with the mistake */
export function readDocument(
  text: string,
  rows: readonly Editable[],
): ReadonlyMap<number, Changes> {
  const document = parseDocument(text);
  const [mistake] = document.errors;
  if (mistake !== undefined) throw wrong(inOneLine(mistake.message));
  const found: unknown = document.toJS();
  if (found === null || found === undefined) return new Map();
  if (!isMap(found)) throw wrong("write the fields below their id");
  const known = new Map(rows.map(({ id }) => [String(id), id]));
  return new Map(
    Object.entries(found).map(([key, fields]): [number, Changes] => {
      const id = known.get(key);
      if (id === undefined) throw wrong(`${quoted(key)} is none of the ids that are edited`);
      return [id, readFields(key, fields)];
    }),
  );
}

function readFields(id: string, fields: unknown): Changes {
  if (!isMap(fields)) throw wrong(`write the fields of ${id} below it`);
  const changes: { -readonly [Name in keyof Changes]: Changes[Name] } = {};
  for (const [name, value] of Object.entries(fields)) {
    const text = typeof value === "number" ? String(value) : value;
    if (name === "command" || name === "directory") {
      if (typeof text !== "string" || text.trim() === "") throw wrong(`${id} has no ${name}`);
      changes[name] = name === "command" ? text.replace(/\n$/, "") : text;
    } else if (name === "label") {
      if (text !== null && typeof text !== "string") throw wrong(`the label of ${id} is no text`);
      changes.label = text === null || text.trim() === "" ? null : text.replace(/\n$/, "");
    } else if (name === "priority") {
      if (!Number.isInteger(value)) throw wrong(`the priority of ${id} is no whole number`);
      changes.priority = Number(value);
    } else {
      const fields = "command, directory, label and priority";
      throw wrong(`${id} has no field ${quoted(name)}; the fields are ${fields}`);
    }
  }
  return changes;
}

/** The parser's sentence, without the lines that show the place. */
function inOneLine(message: string): string {
  const [sentence = "it is no YAML"] = message.split("\n");
  return sentence.replace(/:$/, "");
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function wrong(sentence: string): CommandError {
  return new CommandError(`nothing was changed: ${sentence}`);
}
